"""What a gateway keeps of the end of an interval: when it makes an hour exact, and when it lies."""

from collections.abc import Iterable

import pytest

from energy_pipeline_tests.transform.counters.gateways import Reading, found, of_stream

POWER_W = 3_000
"""In every other hour; in the hours between nothing flows, so that a poll later is 125 Wh off."""
POLLS = [2.5 + 5 * n for n in range(24 * 12 - 1)]
QUARTERS = [15.0 * n for n in range(1, 24 * 4)]


def true_wh(minute: float) -> float:
    hours, rest = divmod(minute, 60)
    return 5_000_000 + POWER_W * (hours // 2 + (rest / 60 if hours % 2 == 0 else hours % 2))


def meter(clock_s: float = 0.0) -> list[Reading]:
    return [Reading(m, round(true_wh(m), 3), clock_s=clock_s, lag_s=0.5) for m in POLLS]


def kept(at: Iterable[float], clock_s: float = 0.0, first_polled: float = 2.5) -> list[Reading]:
    """Return records of quarters by the gateway's clock, polled when the meter was, twice each."""
    return [
        Reading(
            m - clock_s / 60,
            float(int(true_wh(m - clock_s / 60))),
            counter="b",
            clock_s=clock_s,
            lag_s=60 * later + clock_s,
        )
        for m in at
        for later in (first_polled, first_polled + 5)
    ]


def worst_wh(readings: Iterable[Reading]) -> float:
    """Return by how much the worst hour that is covered in full is wrong."""
    rows = [row for row in of_stream(found(readings).hourly) if row["covered_s"] == 3600]
    assert len(rows) == 22
    return max(
        abs(row["energy_wh"] - (true_wh(60 * n + 60) - true_wh(60 * n)))
        for row in rows
        for n in [row["hour"].hour]
    )


def test_between_polls_the_end_of_an_interval_makes_an_hour_exact() -> None:
    assert worst_wh(meter()) > 60
    assert worst_wh([*meter(), *kept(QUARTERS)]) <= 3  # whole Wh of up to three phases


@pytest.mark.parametrize("clock_s", [40.0, -40.0, 120.0])
def test_a_wrong_clock_keeps_other_instants_than_it_says(clock_s: float) -> None:
    right = worst_wh(meter(clock_s))
    assert worst_wh([*meter(clock_s), *kept(QUARTERS, clock_s)]) == pytest.approx(right)
