"""The fleet's registers as one curve: what a site does not tell yet is no fall."""

from pathlib import Path

import pyarrow as pa
import pytest

from energy_pipeline.calendar import DAY, HOUR
from energy_pipeline.dataset import partition_days
from energy_pipeline.schema import CUMULATIVE_READINGS, ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.steps import blocks
from energy_pipeline.steps.fleet_totals import fleet_by_local_day, fleet_registers
from energy_pipeline.store.coverage import Coverage
from energy_pipeline_tests.steps.benches import START, a_site, days_from, instant, open_bench

HOURS = {"a": (1, 96), "b": (30, 70)}
"""The hours, counted from START, at whose ends each site's register is read."""


def register_of(site: str, opens_wh: float) -> pa.Table:
    """Readings that rise by 10 Wh an hour."""
    first, last = HOURS[site]
    rows = [
        {
            "site": site,
            "stream": "production",
            "read_at": instant(START) + hour * HOUR,
            "reading_wh": opens_wh + 10.0 * (hour - first),
            "final": True,
        }
        for hour in range(first, last + 1)
    ]
    return pa.Table.from_pylist(rows, CUMULATIVE_READINGS.schema)


@pytest.mark.parametrize("days_per_block", [100, 1])
def test_the_sum_stands_still_where_a_register_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days_per_block: int
) -> None:
    monkeypatch.setattr(blocks, "DAYS_PER_BLOCK", days_per_block)
    bench = open_bench(tmp_path, [a_site("a"), a_site("b")], instant(START))
    rows = pa.concat_tables([register_of("a", 1_000.0), register_of("b", 500_000.0)])
    of_day = partition_days(rows, CUMULATIVE_READINGS).to_pylist()
    known = [Coverage(site=site, stream="production", written_at=instant(START)) for site in HOURS]
    for day in days_from(0, 3):
        its_rows = rows.filter(pa.array([each == day for each in of_day]))
        bench.store.replace(CUMULATIVE_READINGS, day, its_rows, known)

    total = fleet_registers(bench, days_from(0, 3)).to_pandas()

    first, last = HOURS["b"]
    rises = [20.0 if first < hour <= last else 10.0 for hour in range(2, 97)]
    assert total["reading_wh"].iloc[0] == 501_000.0
    assert total["reading_wh"].diff().dropna().tolist() == rises
    assert total["read_at"].tolist() == [instant(START) + n * HOUR for n in range(1, 97)]


def test_no_reading_at_all_is_no_row(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site("a")], instant(START))

    assert fleet_registers(bench, days_from(0)).num_rows == 0


def test_the_latest_totals_are_added_up_over_the_sites(tmp_path: Path) -> None:
    bench = open_bench(tmp_path, [a_site("a"), a_site("b")], instant(START))
    empty = fleet_by_local_day(bench, 2)
    rows = [
        {"site": site, "stream": "production", "day": START + n * DAY, "energy_wh": 10.0 + n}
        for site in ("a", "b", "of somebody else")
        for n in range(3)
    ]
    fetched = {"fetched_at": instant(START), "last_report_at": None}
    table = pa.Table.from_pylist([row | fetched for row in rows], ENLIGHTEN_DAILY_ENERGY.schema)
    bench.store.write_snapshot(ENLIGHTEN_DAILY_ENERGY, table)

    found = fleet_by_local_day(bench, 2).sort_by("day").to_pylist()
    assert empty.num_rows == 0
    assert [(row["day"], row["energy_wh"]) for row in found] == [
        (START + DAY, 22.0),
        (START + 2 * DAY, 24.0),
    ]
