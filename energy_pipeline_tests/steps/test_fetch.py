"""Fetching over HTTP from a simulated cloud: every interval, with the fewest hits."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline_tests.steps.cloudside import days, entry, house, place

JUNE = days(date(2024, 6, 1), 14)
LATER = datetime(2024, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("production", "stream", "measured", "hits"),
    [
        ("micro", "production", "production_micro", 14),
        ("meter", "production", "production_meter", 2),
        ("micro", "consumption", "consumption", 1),
    ],
)
def test_a_range_has_every_interval_and_costs_the_fewest_hits(
    tmp_path: Path, production: str, stream: str, measured: str, hits: int
) -> None:
    system = house()
    with place(tmp_path, [entry(system, production)], [system], LATER) as here:
        assert here.hits_of(JUNE, stream) == hits
        pd.testing.assert_series_equal(
            here.energy_by_end(stream),
            here.truth_by_end(measured, JUNE),
            check_names=False,
            check_freq=False,
            check_index_type=False,
        )
        assert here.hits_of(JUNE, stream) == 0
        assert here.hits_of(days(date(2024, 6, 4), 3), stream) == 0
