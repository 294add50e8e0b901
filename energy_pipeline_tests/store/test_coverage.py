"""What is known of site-days: always in step with the rows, and read without them."""

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from energy_pipeline.calendar import DAY as ONE_DAY
from energy_pipeline.calendar import Days
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import ENLIGHTEN_PRODUCTION, HOURLY_ENERGY
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.store.parquet import ParquetStore
from energy_pipeline_tests.store.conftest import store_at
from energy_pipeline_tests.store.tables import (
    DAY,
    NEXT_DAY,
    WRITTEN_AT,
    fleet_coverage,
    fleet_intervals,
    hours,
    known,
)

BOTH_DAYS = Days(DAY, NEXT_DAY)
instants = st.none() | st.datetimes(timezones=st.just(UTC))


@st.composite
def site_days(draw: st.DrawFn) -> tuple[pa.Table, Coverage]:
    """Rows and coverage of one site and stream, in a day that is still to be named."""
    site = draw(st.sampled_from(["a", "b", "b-2"]))
    stream = draw(st.sampled_from(["production", "consumption"]))
    values = draw(st.lists(st.floats(-1e9, 1e9), max_size=3))
    entry = known(
        site,
        stream,
        written_at=draw(st.datetimes(timezones=st.just(UTC))),
        covered_s=draw(st.integers(0, 86_400)),
        final_s=draw(st.integers(0, 86_400)),
        energy_wh=draw(st.floats(-1e12, 1e12)),
        peak_wh=draw(st.floats(0, 1e12)),
        answer=draw(st.sampled_from(["data", "empty", "refused", "computed"])),
        detail=draw(st.text(max_size=20)),
        last_report_at=draw(instants),
        asked_until=draw(instants),
    )
    return hours(site, values, stream=stream), entry


def moved_to(day: date, table: pa.Table) -> pa.Table:
    at = [hour + (day - DAY) for hour in table["hour"].to_pylist()]
    return table.set_column(2, table.schema.field("hour"), pa.array(at, table.schema.types[2]))


def without_write(entry: Coverage) -> list[object]:
    names = [name for name in Coverage.__dataclass_fields__ if name not in ("written_at", "rows")]
    return [getattr(entry, name) for name in names]


class AnySequenceOfReplaces(RuleBasedStateMachine):
    """After any writes, rows and coverage are those of a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = store_at(Path(self.folder.name))
        self.model: dict[date, dict[tuple[str, str], tuple[list[float], Coverage]]] = {}

    @rule(
        day=st.sampled_from([DAY, NEXT_DAY]),
        parts=st.lists(site_days(), min_size=1, max_size=4, unique_by=lambda part: part[1].key),
    )
    def replace(self, day: date, parts: list[tuple[pa.Table, Coverage]]) -> None:
        table = moved_to(day, pa.concat_tables([rows for rows, _ in parts]))
        self.store.replace(HOURLY_ENERGY, day, table, [entry for _, entry in parts])
        for rows, entry in parts:
            self.model.setdefault(day, {})[entry.key] = (rows["energy_wh"].to_pylist(), entry)

    @invariant()
    def coverage_and_rows_are_those_of_the_model(self) -> None:
        assert self.store.held_days(HOURLY_ENERGY) == sorted(self.model)
        found = self.store.coverage(HOURLY_ENERGY, BOTH_DAYS)
        for day in BOTH_DAYS:
            expected = self.model.get(day, {})
            assert list(found[day]) == sorted(expected)
            for key, (values, entry) in expected.items():
                assert found[day][key].rows == len(values)
                assert without_write(found[day][key]) == without_write(entry)
            rows = self.store.read(HOURLY_ENERGY, Days(day, day))["energy_wh"].to_pylist()
            assert rows == [v for key in sorted(expected) for v in expected[key][0]]

    def teardown(self) -> None:
        self.folder.cleanup()


AnySequenceOfReplaces.TestCase.settings = settings(
    max_examples=30, stateful_step_count=10, deadline=None
)
TestAnySequenceOfReplaces = AnySequenceOfReplaces.TestCase


def test_written_at_is_that_of_the_present_content(store: ParquetStore):
    later = WRITTEN_AT + timedelta(days=1)

    def written_at() -> datetime:
        return store.coverage(HOURLY_ENERGY, Days(DAY, DAY))[DAY]["a", "production"].written_at

    store.replace(HOURLY_ENERGY, DAY, hours("a", [1]), [known("a")])
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1]), [known("a", written_at=later)])
    assert written_at() == WRITTEN_AT
    store.replace(HOURLY_ENERGY, DAY, hours("a", [2]), [known("a", written_at=later)])
    assert written_at() == later


def test_a_changed_neighbour_does_not_touch_written_at(store: ParquetStore):
    later = WRITTEN_AT + timedelta(days=1)
    store.replace(HOURLY_ENERGY, DAY, hours("a", [1]), [known("a")])
    changed = pa.concat_tables([hours("a", [1]), hours("b", [1])])
    entries = [known("a", written_at=later), known("b", written_at=later)]
    store.replace(HOURLY_ENERGY, DAY, changed, entries)

    found = store.coverage(HOURLY_ENERGY, Days(DAY, DAY))[DAY]
    assert found["a", "production"].written_at == WRITTEN_AT
    assert found["b", "production"].written_at == later


def test_a_year_of_coverage_is_read_from_the_footers_alone(store: ParquetStore, root: Path):
    days = Days(DAY, DAY + 364 * ONE_DAY)
    table, entries = fleet_intervals(3, 3600), fleet_coverage(3)
    store.replace(ENLIGHTEN_PRODUCTION, DAY, table, entries)
    first = root / "enlighten_production" / f"date={DAY}" / "part.parquet"
    # Spoil every byte of data; what is left is the footer.
    content = first.read_bytes()
    footer_bytes = pq.read_metadata(first).serialized_size + 8
    spoiled = b"PAR1" + bytes(len(content) - footer_bytes - 4) + content[-footer_bytes:]
    for day in days:
        file = root / "enlighten_production" / f"date={day}" / "part.parquet"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(spoiled)

    with pytest.raises(StoreError, match="damaged"):
        store.read(ENLIGHTEN_PRODUCTION, Days(DAY, DAY))
    found = store.coverage(ENLIGHTEN_PRODUCTION, days, ["site-0001"])
    assert list(found) == list(days)
    assert all(
        list(entries) == [("site-0001", "")] and entries["site-0001", ""].rows == 24
        for entries in found.values()
    )


def test_a_day_without_partition_is_known_to_be_empty(store: ParquetStore):
    store.replace(HOURLY_ENERGY, NEXT_DAY, hours("a", [1], day=NEXT_DAY), [known("a")])
    found = store.coverage(HOURLY_ENERGY, BOTH_DAYS)
    assert found[DAY] == {}
    assert list(found[NEXT_DAY]) == [("a", "production")]
