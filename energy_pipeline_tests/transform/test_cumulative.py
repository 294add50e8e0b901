"""Laws of the register: it never falls, follows the hours, and does not care how days are cut."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.calendar import DAY, HOUR, Days, utc_midnight
from energy_pipeline.schema import CUMULATIVE_READINGS, HOURLY_ENERGY
from energy_pipeline.transform.cumulative import (
    Opening,
    RegisterState,
    cumulative_readings,
    day_registers,
)
from energy_pipeline.transform.register_chain import broken_registers
from energy_pipeline.transform.series import Series
from energy_pipeline.transform.series_days import SeriesDay
from energy_pipeline_tests.transform.tables import hour_table, hours_from

START = date(2024, 6, 1)
A, B = ("a", "production"), ("b", "consumption")
NEVER_OPEN = datetime(2100, 1, 1, tzinfo=UTC)

energies_wh = st.one_of(st.integers(-900, 5_000).map(float), st.floats(-1e6, 1e6))
present = st.one_of(energies_wh, energies_wh, st.none())
"""An hour's energy, None for an hour of which nothing is known."""


def series_hours(series: Series, drawn: list[float | None]) -> pa.Table:
    """Return the hours from START on that are not None."""
    known = hours_from(utc_midnight(START), [energy_wh or 0.0 for energy_wh in drawn])
    kept = {
        at: energy_wh
        for (at, energy_wh), each in zip(known.items(), drawn, strict=True)
        if each is not None
    }
    return hour_table(kept, site=series[0], stream=series[1])


def states(
    hourly: pa.Table, openings: Mapping[Series, Opening], days: Days
) -> dict[SeriesDay, RegisterState]:
    """Return the register state at the begin of every day, folded day by day."""
    registers = day_registers(hourly)
    found = {}
    for series, opening in openings.items():
        state = RegisterState()
        for day in days:
            if day >= opening.day:
                found[*series, day] = state
                state = state.after(registers.get((*series, day), RegisterState()))
    return found


def of_days(hourly: pa.Table, days: Days) -> pa.Table:
    at = hourly["hour"]
    inside = pc.and_(pc.greater_equal(at, days.span.start), pc.less(at, days.span.end))
    return hourly.filter(inside)


def readings(
    hourly: pa.Table,
    days: Days,
    *,
    openings: Mapping[Series, Opening],
    open_from: Mapping[Series, datetime] | None = None,
    whole: Days | None = None,
) -> pa.Table:
    before = states(hourly, openings, whole or days)
    return cumulative_readings(
        of_days(hourly, days),
        before={key: state for key, state in before.items() if key[2] in days},
        openings=openings,
        open_from=open_from or dict.fromkeys(openings, NEVER_OPEN),
    )


@given(st.lists(present, min_size=1, max_size=90), st.floats(0, 1e9))
def test_the_register_never_falls_and_forgets_nothing(
    drawn: list[float | None], opening_wh: float
) -> None:
    hourly = series_hours(A, drawn)
    found = readings(hourly, Days(START, START + 4 * DAY), openings={A: Opening(START, opening_wh)})
    values = found["reading_wh"].to_pylist()
    assert values[0] == opening_wh
    assert values == sorted(values)
    assert len(values) == hourly.num_rows + 1
    owed = 0.0
    for before, after, energy_wh in zip(
        values, values[1:], hourly["energy_wh"].to_pylist(), strict=False
    ):
        rise = max(0.0, energy_wh - owed)
        owed = max(0.0, owed - energy_wh)
        assert after - before == pytest.approx(rise, abs=1e-6)
    assert broken_registers(hourly, found).num_rows == 0


@given(
    st.lists(present, min_size=1, max_size=130),
    st.lists(present, max_size=130),
    st.randoms(use_true_random=False),
)
def test_one_call_or_day_by_day_in_any_order(
    of_a: list[float | None], of_b: list[float | None], random: Random
) -> None:
    hourly = pa.concat_tables([series_hours(A, of_a), series_hours(B, of_b)])
    openings = {A: Opening(START, 5.0), B: Opening(START + DAY, 0.0)}
    hourly = hourly.filter(
        pc.or_(pc.equal(hourly["site"], "a"), pc.greater_equal(hourly["hour"], START + DAY))
    )
    whole = Days(START, START + 5 * DAY)
    open_from = {A: utc_midnight(START) + 30 * HOUR, B: NEVER_OPEN}
    at_once = readings(hourly, whole, openings=openings, open_from=open_from)
    days = random.sample(list(whole), len(whole))
    parts = [
        readings(hourly, Days(day, day), openings=openings, open_from=open_from, whole=whole)
        for day in days
    ]
    keys = [(key, "ascending") for key in CUMULATIVE_READINGS.sort_keys]
    assert pa.concat_tables(parts).sort_by(keys) == at_once
    assert at_once.schema.equals(CUMULATIVE_READINGS.schema, check_metadata=True)


def test_a_negative_hour_is_carried_forward_against_the_next() -> None:
    hourly = series_hours(A, [100.0, -30.0, 10.0, 25.0])
    found = readings(hourly, Days(START, START), openings={A: Opening(START, 1_000.0)})
    assert found["reading_wh"].to_pylist() == [1_000.0, 1_100.0, 1_100.0, 1_100.0, 1_105.0]
    assert found["read_at"].to_pylist() == [utc_midnight(START) + n * HOUR for n in range(5)]


def test_a_negative_begin_is_carried_over_midnight() -> None:
    hourly = series_hours(A, [-10.0] + [0.0] * 23 + [4.0, 7.0])
    found = readings(hourly, Days(START, START + DAY), openings={A: Opening(START, 0.0)})
    assert found["reading_wh"].to_pylist() == [0.0] * 26 + [1.0]


def test_what_is_owed_is_carried_over_several_days() -> None:
    hourly = series_hours(A, [100.0, -80.0] + [0.0] * 22 + [30.0] + [0.0] * 23 + [60.0])
    found = readings(hourly, Days(START, START + 2 * DAY), openings={A: Opening(START, 0.0)})
    assert found["reading_wh"].to_pylist() == [0.0] + [100.0] * 48 + [110.0]


def test_a_day_is_summed_up_by_its_sum_and_its_highest_sum() -> None:
    hourly = pa.concat_tables([series_hours(A, [5.0, -9.0, 1.0]), series_hours(B, [-4.0, 3.0])])
    assert day_registers(hourly) == {
        (*A, START): RegisterState(-3.0, 5.0),
        (*B, START): RegisterState(-1.0, 0.0),
    }
    assert day_registers(HOURLY_ENERGY.empty()) == {}


def test_the_opening_reading_belongs_to_the_first_day_alone_and_is_final() -> None:
    openings = {A: Opening(START, 7.0)}
    hourly = series_hours(A, [1.0] * 48)
    nothing_done = {A: utc_midnight(START)}
    first = readings(hourly, Days(START, START), openings=openings, open_from=nothing_done)
    assert first["read_at"][0].as_py() == utc_midnight(START)
    assert first["final"].to_pylist() == [True] + [False] * 24
    second = Days(START + DAY, START + DAY)
    after = readings(hourly, second, openings=openings, whole=Days(START, START + DAY))
    assert after["read_at"][0].as_py() == utc_midnight(START + DAY) + HOUR
    assert after["reading_wh"][0].as_py() == 7.0 + 25.0


def test_a_first_day_without_hours_still_opens_the_register() -> None:
    found = readings(HOURLY_ENERGY.empty(), Days(START, START), openings={A: Opening(START, 7.0)})
    assert found.to_pylist() == [
        {
            "site": "a",
            "stream": "production",
            "read_at": utc_midnight(START),
            "reading_wh": 7.0,
            "final": True,
        }
    ]


def test_readings_after_an_open_hour_are_not_final() -> None:
    hourly = series_hours(A, [1.0] * 5)
    open_from = {A: utc_midnight(START) + 3 * HOUR}
    found = readings(
        hourly, Days(START, START), openings={A: Opening(START, 0.0)}, open_from=open_from
    )
    assert found["final"].to_pylist() == [True, True, True, True, False, False]


def test_a_chain_that_took_other_hours_than_its_neighbour_is_found() -> None:
    days = Days(START, START + DAY)
    openings = {A: Opening(START, 50.0)}
    revised, earlier = series_hours(A, [2.0] * 48), series_hours(A, [1.0] * 48)
    stale = readings(earlier, days, openings=openings).slice(25)
    fresh = readings(revised, days, openings=openings).slice(0, 25)
    broken = broken_registers(revised, pa.concat_tables([fresh, stale])).to_pylist()
    assert [(row["read_at"], row["expected_wh"]) for row in broken] == [
        (utc_midnight(START) + 25 * HOUR, 100.0)
    ]


@pytest.mark.parametrize("lost", [0, 5, 9])
def test_a_reading_or_an_hour_that_lacks_is_found(lost: int) -> None:
    hourly = series_hours(A, [3.0] * 10)
    found = readings(hourly, Days(START, START), openings={A: Opening(START, 0.0)})
    kept = pa.array([n != lost for n in range(10)])
    without_hour = broken_registers(hourly.filter(kept), found).to_pylist()
    without_reading = broken_registers(hourly, found.slice(1).filter(kept)).to_pylist()
    at = utc_midnight(START) + (lost + 1) * HOUR
    assert [(row["read_at"], row["reading_wh"]) for row in without_hour] == [(at, 3.0 * (lost + 1))]
    assert [(row["read_at"], row["reading_wh"]) for row in without_reading] == [(at, None)]


@pytest.mark.parametrize(
    ("values", "expected_wh"),
    [
        ([10.0, 10.0, 13.0, 16.0], None),
        ([10.0, 9.0, 13.0, 16.0], 10.0),
        ([10.0, 14.0, 17.0, 20.0], 13.0),
        ([10.0, 13.0, 16.0, 15.0], 19.0),
        ([10.0, 10.0, 10.0, 10.0], None),
    ],
)
def test_a_range_without_its_begin_is_followed_from_its_first_rise(
    values: list[float], expected_wh: float | None
) -> None:
    hourly = series_hours(A, [3.0] * 4)
    columns = {
        "site": ["a"] * 4,
        "stream": ["production"] * 4,
        "read_at": [at + HOUR for at in hourly["hour"].to_pylist()],
        "reading_wh": values,
        "final": [True] * 4,
    }
    found = pa.Table.from_pydict(columns, schema=CUMULATIVE_READINGS.schema)
    broken = broken_registers(hourly, found)["expected_wh"].to_pylist()
    assert broken == ([] if expected_wh is None else [expected_wh])
