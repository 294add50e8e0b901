"""What a store gives back of what was put in, and what it refuses."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from energy_pipeline.calendar import Days, utc_midnight
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import (
    CUMULATIVE_READINGS,
    DATASETS,
    ENERKEY_METERS,
    ENLIGHTEN_DAILY_ENERGY,
    ENLIGHTEN_PRODUCTION,
    HOURLY_ENERGY,
)
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.tables import (
    DAY,
    NEXT_DAY,
    fleet_coverage,
    fleet_intervals,
    hours,
    known,
    readings,
)

BOTH_DAYS = Days(DAY, NEXT_DAY)


def part(root: Path, dataset: str = "hourly_energy", day: object = DAY) -> Path:
    return root / dataset / f"date={day}" / "part.parquet"


def energies(store: ParquetStore, **choice: object) -> list[float]:
    return store.read(HOURLY_ENERGY, **choice)["energy_wh"].to_pylist()  # pyright: ignore


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda dataset: dataset.name)
def test_nothing_held_is_an_empty_table_with_the_schema(store: ParquetStore, dataset):
    found = store.read(dataset) if dataset.partitioned else store.read_snapshot(dataset)
    assert found.num_rows == 0
    assert found.schema.equals(dataset.schema, check_metadata=True)


def test_units_and_descriptions_survive_the_round_trip(store: ParquetStore, root: Path):
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1.5]), [known("a")])

    assert store.read(HOURLY_ENERGY).schema.equals(HOURLY_ENERGY.schema, check_metadata=True)
    stored = pq.read_schema(part(root))
    assert stored.field("energy_wh").metadata[b"unit"] == b"Wh"
    assert stored.field("covered_s").metadata[b"unit"] == b"s"
    assert all(field.metadata[b"description"] for field in stored)


def test_files_are_zstd_with_checksums(store: ParquetStore, root: Path):
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1.5]), [known("a")])
    columns = pq.read_metadata(part(root)).row_group(0).to_dict()["columns"]
    assert {column["compression"] for column in columns} == {"ZSTD"}


def test_rows_are_sorted_by_site_stream_and_time(store: ParquetStore, root: Path):
    table = pa.concat_tables(
        hours(site, range(24), stream=stream)
        for site in ("b", "a")
        for stream in ("production", "consumption")
    )
    order = random.Random(7).sample(range(table.num_rows), table.num_rows)
    keys = [known(site, stream) for site in "ab" for stream in ("production", "consumption")]
    store.replace(HOURLY_ENERGY, DAY, table.take(order), keys)

    for found in (pq.read_table(part(root), partitioning=None), store.read(HOURLY_ENERGY)):
        rows = [(row["site"], row["stream"], row["hour"]) for row in found.to_pylist()]
        assert rows == sorted(rows)
        assert len(rows) == 96


def test_days_are_read_as_one_sorted_table(store: ParquetStore):
    for day in (NEXT_DAY, DAY):
        table = pa.concat_tables([hours("b", [1, 2], day=day), hours("a", [3, 4], day=day)])
        store.replace(HOURLY_ENERGY, day, table, [known("a"), known("b")])

    found = store.read(HOURLY_ENERGY, BOTH_DAYS).to_pylist()
    keys = [(row["site"], row["hour"]) for row in found]
    assert keys == sorted(keys)
    assert len(keys) == 8
    assert energies(store, days=Days(DAY, DAY)) == [3, 4, 1, 2]


def test_a_replace_takes_only_the_named_sites_and_streams(store: ParquetStore):
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1, 2]), [known("a")])
    store.replace(
        HOURLY_ENERGY, DAY, hours("a", [3], stream="consumption"), [known("a", "consumption")]
    )
    store.replace(HOURLY_ENERGY, DAY, hours("b", [4]), [known("b")])
    store.replace(HOURLY_ENERGY, DAY, hours("a", [5], first_hour=7), [known("a")])

    assert energies(store) == [3, 5, 4]


def test_a_named_site_without_rows_loses_its_rows_and_keeps_its_coverage(store: ParquetStore):
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1, 2]), [known("a")])
    store.replace(HOURLY_ENERGY, DAY, hours("a", []), [known("a", answer="empty")])

    assert energies(store) == []
    entry = store.coverage(HOURLY_ENERGY, Days(DAY, DAY))[DAY]["a", "production"]
    assert (entry.answer, entry.rows) == ("empty", 0)


def test_sites_and_columns_narrow_what_is_read(store: ParquetStore):
    table = pa.concat_tables([hours("a", [1]), hours("b", [2]), hours("c", [3])])
    store.replace(HOURLY_ENERGY, DAY, table, [known("a"), known("b"), known("c")])

    found = store.read(HOURLY_ENERGY, sites=["c", "a"], columns=["energy_wh", "hour"])
    assert found.column_names == ["energy_wh", "hour"]
    assert found["energy_wh"].to_pylist() == [1, 3]
    assert energies(store, sites=[]) == []


def test_row_groups_of_other_sites_are_not_read(store: ParquetStore, root: Path):
    store.replace(ENLIGHTEN_PRODUCTION, DAY, fleet_intervals(500, 300), fleet_coverage(500))
    file = part(root, "enlighten_production")
    metadata = pq.read_metadata(file)
    assert metadata.num_row_groups > 2
    # Spoil the first row group: only a reader that skips it can succeed.
    first, second = (metadata.row_group(n).column(0) for n in (0, 1))
    content = bytearray(file.read_bytes())
    content[first.dictionary_page_offset : second.dictionary_page_offset] = bytes(
        second.dictionary_page_offset - first.dictionary_page_offset
    )
    file.write_bytes(content)

    assert store.read(ENLIGHTEN_PRODUCTION, sites=["site-0499"]).num_rows == 288
    with pytest.raises(StoreError, match="damaged"):
        store.read(ENLIGHTEN_PRODUCTION, sites=["site-0000"])


def test_a_replace_that_changes_nothing_leaves_the_file(store: ParquetStore, root: Path):
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1, 2]), [known("a", energy_wh=3.0)])
    before = part(root).stat()

    later = datetime(2025, 1, 1, tzinfo=UTC)
    again = hours("a", [1, 2]).take([1, 0])
    store.replace(HOURLY_ENERGY, DAY, again, [known("a", energy_wh=3.0, written_at=later)])
    assert part(root).stat().st_ino == before.st_ino
    assert part(root).stat().st_mtime_ns == before.st_mtime_ns

    store.replace(HOURLY_ENERGY, DAY, again, [known("a", energy_wh=3.0, final_s=7200)])
    assert part(root).stat().st_ino != before.st_ino


@pytest.mark.parametrize(
    ("dataset", "table", "days"),
    [
        pytest.param(
            ENLIGHTEN_PRODUCTION,
            fleet_intervals(1, 900),
            {DAY: 96},
            id="the interval that ends at 00:00 lies in the day that ends there",
        ),
        pytest.param(HOURLY_ENERGY, hours("a", range(24)), {DAY: 24}, id="the hour's own day"),
        pytest.param(
            CUMULATIVE_READINGS,
            readings("a", [utc_midnight(DAY) + timedelta(hours=n) for n in range(1, 25)]),
            {DAY: 24},
            id="the reading at 00:00 lies in the day that ends there",
        ),
    ],
)
def test_a_days_rows_are_taken_in_its_partition_only(store: ParquetStore, dataset, table, days):
    site = table["site"][0].as_py()
    entry = known(site, "production" if "stream" in dataset.schema.names else "")
    with pytest.raises(StoreError, match=f"do not belong to {NEXT_DAY}"):
        store.replace(dataset, NEXT_DAY, table, [entry])
    store.replace(dataset, DAY, table, [entry])
    assert {day: store.read(dataset, Days(day, day)).num_rows for day in days} == days
    assert store.held_days(dataset) == [DAY]


def test_only_a_reading_may_stand_at_the_begin_of_its_day(store: ParquetStore):
    midnight = fleet_intervals(1, 900).slice(95)
    assert midnight["end_at"].to_pylist() == [utc_midnight(NEXT_DAY)]
    with pytest.raises(StoreError, match="1 rows do not belong"):
        store.replace(ENLIGHTEN_PRODUCTION, NEXT_DAY, midnight, fleet_coverage(1))


def test_the_opening_reading_lies_in_the_first_days_partition(store: ParquetStore):
    opening = readings("a", [utc_midnight(DAY), utc_midnight(DAY) + timedelta(hours=1)])
    store.replace(CUMULATIVE_READINGS, DAY, opening, [known("a")])
    assert store.read(CUMULATIVE_READINGS, Days(DAY, DAY)).num_rows == 2


def test_rows_that_would_be_lost_or_doubled_are_refused(store: ParquetStore, root: Path):
    refused = {
        "without coverage": (hours("b", [1]), [known("a")]),
        "given twice": (hours("a", [1]), [known("a"), known("a")]),
        "same keys": (pa.concat_tables([hours("a", [1]), hours("a", [2])]), [known("a")]),
        "allowed: site and stream": (hours("a", []), [known("a", "")]),
        "has no time zone": (hours("a", []), [known("a", written_at=datetime(2024, 1, 1))]),  # noqa: DTZ001
        "not a finite number": (hours("a", []), [known("a", energy_wh=float("nan"))]),
    }
    for message, (table, coverage) in refused.items():
        with pytest.raises(StoreError, match=message):
            store.replace(HOURLY_ENERGY, DAY, table, coverage)
    assert not part(root).exists()


def test_held_days_are_those_with_a_file(store: ParquetStore, root: Path):
    for day in (NEXT_DAY, DAY):
        store.replace(HOURLY_ENERGY, day, hours("a", [1], day=day), [known("a")])
    (root / "hourly_energy" / "date=2024-05-01").mkdir()
    (root / "hourly_energy" / "date=someday").mkdir()
    (root / "hourly_energy" / "notes.txt").touch()
    assert store.held_days(HOURLY_ENERGY) == [DAY, NEXT_DAY]


def daily(site: str, energy_wh: float) -> pa.Table:
    return pa.Table.from_pydict(
        {
            "site": [site],
            "stream": ["production"],
            "day": [DAY],
            "energy_wh": [energy_wh],
            "fetched_at": [datetime(2024, 4, 2, tzinfo=UTC)],
            "last_report_at": [None],
        },
        schema=ENLIGHTEN_DAILY_ENERGY.schema,
    )


def test_a_snapshot_is_replaced_as_a_whole_or_by_site(store: ParquetStore, root: Path):
    store.write_snapshot(ENLIGHTEN_DAILY_ENERGY, pa.concat_tables([daily("b", 1), daily("a", 2)]))
    assert (root / "enlighten_daily_energy" / "part.parquet").is_file()
    store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["b", "c"], daily("b", 3))

    found = store.read_snapshot(ENLIGHTEN_DAILY_ENERGY)
    assert list(zip(found["site"].to_pylist(), found["energy_wh"].to_pylist(), strict=True)) == [
        ("a", 2),
        ("b", 3),
    ]
    assert store.read_snapshot(ENLIGHTEN_DAILY_ENERGY, ["b"])["energy_wh"].to_pylist() == [3]
    with pytest.raises(StoreError, match=r"rows of \{'a'\}"):
        store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["b"], daily("a", 3))

    store.write_snapshot(ENLIGHTEN_DAILY_ENERGY, daily("c", 4))
    assert store.read_snapshot(ENLIGHTEN_DAILY_ENERGY)["site"].to_pylist() == ["c"]


def test_what_is_known_of_a_site_without_rows_is_kept_by_site(store: ParquetStore):
    def empty(site: str) -> Coverage:
        return Coverage(site=site, written_at=utc_midnight(date(2024, 5, 1)), answer="empty")

    store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["a", "b"], daily("a", 1), [empty("b")])
    store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["c"], daily("c", 1))
    assert store.snapshot_coverage(ENLIGHTEN_DAILY_ENERGY) == {("b", ""): empty("b")}
    assert store.snapshot_coverage(ENLIGHTEN_DAILY_ENERGY, ["a"]) == {}
    with pytest.raises(StoreError, match="among those of"):
        store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["a"], daily("a", 1), [empty("b")])
    nothing = ENLIGHTEN_DAILY_ENERGY.empty()
    store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["d"], nothing, [empty("d")])
    assert set(store.snapshot_coverage(ENLIGHTEN_DAILY_ENERGY)) == {("b", ""), ("d", "")}
    store.replace_in_snapshot(ENLIGHTEN_DAILY_ENERGY, ["b"], daily("b", 1))
    assert set(store.snapshot_coverage(ENLIGHTEN_DAILY_ENERGY)) == {("d", "")}
    assert store.read_snapshot(ENLIGHTEN_DAILY_ENERGY)["site"].to_pylist() == ["a", "b", "c"]


def test_an_empty_snapshot_is_a_file_too(store: ParquetStore, root: Path):
    store.write_snapshot(ENERKEY_METERS, ENERKEY_METERS.empty())
    assert pq.read_table(root / "enerkey_meters" / "part.parquet").num_rows == 0


def test_snapshots_and_partitions_are_not_mixed_up(store: ParquetStore):
    with pytest.raises(StoreError, match="has no days"):
        store.read(ENERKEY_METERS, BOTH_DAYS)
    with pytest.raises(StoreError, match="kept by day"):
        store.write_snapshot(HOURLY_ENERGY, HOURLY_ENERGY.empty())


def test_rows_that_changed_within_an_instant_are_written(store: ParquetStore):
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1.0, 2.0]), [known("a")])
    store.replace(HOURLY_ENERGY, DAY, hours("a", [2.0, 1.0]), [known("a")])

    assert energies(store) == [2.0, 1.0]
