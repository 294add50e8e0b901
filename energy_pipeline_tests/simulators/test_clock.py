from datetime import UTC, datetime, timedelta, timezone

import pytest

from energy_pipeline.simulators.clock import VirtualClock

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_fixed_clock_stands_until_moved():
    clock = VirtualClock(NOON, fixed=True)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(90) == NOON + timedelta(seconds=90) == clock.now()
    clock.set(NOON - timedelta(days=1))
    assert clock.now() == NOON - timedelta(days=1)


def test_running_clock_runs_at_its_speed_from_the_instant_it_was_set_to(monkeypatch):
    real_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: real_s[0])
    clock = VirtualClock(NOON, speed=60)
    real_s[0] += 2
    assert clock.now() == NOON + timedelta(minutes=2)
    clock.set(NOON)
    real_s[0] += 1
    assert clock.now() == NOON + timedelta(minutes=1)
    assert clock.advance(60) == NOON + timedelta(minutes=2)


def test_without_a_start_it_shows_the_present():
    before = datetime.now(UTC)
    assert before <= VirtualClock().now() <= datetime.now(UTC)


def test_instants_are_utc_and_never_naive():
    helsinki = timezone(timedelta(hours=3))
    clock = VirtualClock(datetime(2024, 6, 1, 15, tzinfo=helsinki), fixed=True)
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC
    with pytest.raises(ValueError, match="offset"):
        clock.set(datetime(2024, 6, 1, 12))  # noqa: DTZ001
