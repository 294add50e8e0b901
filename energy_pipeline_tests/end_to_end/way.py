"""The way of a value without Dagster, as a process of its own that a test can kill.

`python -m energy_pipeline_tests.end_to_end.way 2024-03-28 2024-04-01`
"""

import sys
from datetime import date

from energy_pipeline.calendar import Days
from energy_pipeline.steps.cumulative import compute_cumulative
from energy_pipeline.steps.daily_energy import fetch_daily_energy
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.upload import upload
from energy_pipeline.workbench import open_workbench


def go(days: Days) -> None:
    """Do every step of the daily job over `days`."""
    with open_workbench() as bench:
        fetch_intervals(bench, "production", days)
        fetch_intervals(bench, "consumption", days)
        fetch_daily_energy(bench)
        compute_hourly(bench, days)
        compute_cumulative(bench, days)
        upload(bench, "consumption", days)
        upload(bench, "cumulative", days)


if __name__ == "__main__":
    go(Days(*(date.fromisoformat(word) for word in sys.argv[1:3])))
