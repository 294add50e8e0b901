"""Streams of a site from its counters: what is derived, what is told, what is taken first."""

from collections.abc import Iterable
from typing import Any

import pytest

from energy_pipeline.transform.counters.links import WRAP_WH
from energy_pipeline_tests.transform.counters.gateways import (
    Reading,
    found,
    line,
    of_stream,
    rules,
)

FIVE_MINUTES = [5.0 * n for n in range(-24, 24 * 12 + 25)]
"""The day, and two hours on both sides."""

GRID = {"production": 900.0, "grid_import": 300.0, "grid_export": 500.0}
BATTERY = {"battery_discharge": 200.0, "battery_charge": 100.0}


def shown(powers_w: dict[str, float], minutes: Iterable[float] = FIVE_MINUTES) -> list[Reading]:
    polls = list(minutes)
    return [r for s, w in powers_w.items() for r in line(polls, w, 90_000, stream=s)]


def rows_of(readings: Iterable[Reading], stream: str = "production") -> dict[int, dict[str, Any]]:
    """Return the rows of the day by their hour."""
    rows: list[dict[str, Any]] = of_stream(found(readings).hourly, stream)
    return {row["hour"].hour: row for row in rows}


def energies(readings: Iterable[Reading], stream: str = "production") -> dict[int, float]:
    return {hour: row["energy_wh"] for hour, row in rows_of(readings, stream).items()}


def test_consumption_is_what_is_neither_exported_nor_stored() -> None:
    assert energies(shown(GRID), "consumption") == pytest.approx(dict.fromkeys(range(24), 700))
    with_battery = energies(shown(GRID | BATTERY), "consumption")
    assert with_battery == pytest.approx(dict.fromkeys(range(24), 800))


def test_consumption_is_not_known_where_a_part_is_not() -> None:
    silent = [m for m in FIVE_MINUTES if not 4 * 60 + 1 < m < 14 * 60]
    for missing in GRID | BATTERY:
        others = {name: w for name, w in (GRID | BATTERY).items() if name != missing}
        part = shown({missing: (GRID | BATTERY)[missing]}, silent)
        hours = energies([*shown(others), *part], "consumption")
        assert sorted(hours) == [*range(4), *range(14, 24)], missing


def test_a_battery_that_is_gone_for_a_day_is_no_part_any_more() -> None:
    minutes = [10.0 * n for n in range(-40 * 6, 24 * 6 + 6)]
    early = shown(BATTERY, [m for m in minutes if m <= -18 * 60])
    hours = energies([*shown(GRID, minutes), *early], "consumption")
    assert sorted(hours) == list(range(6, 24))
    assert hours[7] == pytest.approx(700)


def test_a_battery_is_a_part_from_its_first_reading_on() -> None:
    late = shown(BATTERY, [m for m in FIVE_MINUTES if m >= 12 * 60])
    hours = energies([*shown(GRID), *late], "consumption")
    expected = dict.fromkeys(range(12), 700.0) | dict.fromkeys(range(12, 24), 800.0)
    assert hours == pytest.approx(expected)


def test_a_meter_of_the_load_comes_before_what_is_derived() -> None:
    load = line([m for m in FIVE_MINUTES if m >= 12 * 60], 750, stream="consumption")
    hours = energies([*shown(GRID), *load], "consumption")
    assert [hours[5], hours[20]] == pytest.approx([700, 750])


def test_without_a_net_meter_there_is_no_consumption() -> None:
    assert energies(shown({"production": 900}), "consumption") == {}
    assert energies(shown({"production": 900, "grid_import": 300}), "consumption") == {}


@pytest.mark.parametrize("wraps", [1, 2, 3])
def test_inverters_that_wrap_together_count_on(wraps: int) -> None:
    readings = [
        Reading(m, 4e6 + m * 10 - (wraps * WRAP_WH if m > 725 else 0), counter="i")
        for m in FIVE_MINUTES
    ]
    assert energies(readings) == pytest.approx(dict.fromkeys(range(24), 600))


def test_a_meter_does_not_wrap() -> None:
    readings = [Reading(m, 4e6 + m * 10 - (WRAP_WH if m > 725 else 0)) for m in FIVE_MINUTES]
    hours = energies(readings)
    assert hours[12] < 600
    assert sum(hours.values()) == pytest.approx(24 * 600 - 50)


def test_what_a_repaired_firmware_adds_is_no_energy() -> None:
    """The sum of inverters jumps up by what it had lost to its wraps."""
    readings = [
        Reading(m, 1e5 + m * 10 + (5 * WRAP_WH if m > 725 else 0), counter="i")
        for m in FIVE_MINUTES
    ]
    result = found(readings)
    assert sum(row["energy_wh"] for row in of_stream(result.hourly)) == pytest.approx(14_350)
    (gap,) = result.unbooked.to_pylist()
    assert gap["energy_wh"] is None


def test_a_replaced_gateway_is_another_counter() -> None:
    """It begins again at its own reading; what flowed between the two is not known."""
    old = line([m for m in FIVE_MINUTES if m <= 600], 600, 5_000_000)
    new = line([m for m in FIVE_MINUTES if m >= 660], 600, 0, serial="123")
    hours = energies([*old, *new])
    assert 10 not in hours
    assert hours == pytest.approx({n: 600 for n in range(24) if n != 10})


def test_a_meter_that_begins_again_near_zero_has_counted_since() -> None:
    readings = [Reading(m, m * 10 - 7250 if m > 725 else 9e5 + m * 10) for m in FIVE_MINUTES]
    assert energies(readings) == pytest.approx(dict.fromkeys(range(24), 600))
    assert [n for n, row in rows_of(readings).items() if row["covered_s"] < 3600] == [12]


def test_zeros_after_a_long_silence_are_not_believed_for_hours() -> None:
    """A gateway that boots shows zeros with status 200; nobody knows what it will go on with."""
    before = line([m for m in FIVE_MINUTES if m <= 60], 600, 5_000_000)
    zeros = [Reading(m, 0.0) for m in FIVE_MINUTES if 9 * 60 <= m <= 12 * 60]
    assert sorted(energies([*before, *zeros])) == [0]
    after = line([m for m in FIVE_MINUTES if m > 12 * 60], 600, 5_000_000)
    assert sorted(energies([*before, *zeros, *after])) == [0, *range(12, 24)]


def test_what_a_site_cannot_have_is_not_booked() -> None:
    readings = [Reading(m, 5e6 + m * 10 + (20_000 if m > 725 else 0)) for m in FIVE_MINUTES]
    low = found(readings, given=rules(max_power_w=10_000))
    assert sum(row["energy_wh"] for row in of_stream(low.hourly)) == pytest.approx(14_350)
    high = found(readings, given=rules(max_power_w=400_000))
    assert sum(row["energy_wh"] for row in of_stream(high.hourly)) == pytest.approx(34_400)
