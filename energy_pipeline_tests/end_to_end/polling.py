"""Polls without Dagster, one after the other, as a process that a test can kill.

`python -m energy_pipeline_tests.end_to_end.polling` polls until it is ended.
"""

from energy_pipeline.calendar import Days
from energy_pipeline.steps.poll import poll
from energy_pipeline.workbench import open_workbench


def go() -> None:
    """Poll the running day again and again, each time as a run of its own would."""
    while True:
        with open_workbench() as bench:
            today = bench.clock.now().date()
            poll(bench, Days(today, today))


if __name__ == "__main__":
    go()
