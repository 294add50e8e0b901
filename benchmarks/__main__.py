"""Runs every benchmark: `make bench`; the last one fails when it misses what it promises."""

from benchmarks import fetch, polling, range_run, transform

BENCHMARKS = (transform, fetch, range_run, polling)


def main() -> None:
    """Run one benchmark after the other; each prints its own ratios."""
    for benchmark in BENCHMARKS:
        benchmark.main()


if __name__ == "__main__":
    main()
