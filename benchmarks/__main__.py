"""Runs every benchmark: `make bench`."""

from benchmarks import fetch, polling, range_run, transform

BENCHMARKS = (transform, polling, fetch, range_run)


def main() -> None:
    """Run one benchmark after the other; each prints its own ratios."""
    for benchmark in BENCHMARKS:
        benchmark.main()


if __name__ == "__main__":
    main()
