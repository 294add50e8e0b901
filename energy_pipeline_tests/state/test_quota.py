"""What one process may spend, by a clock moved by hand; several processes: test_processes.py."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from energy_pipeline.errors import QuotaSpent
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.limits import Limit, Period
from energy_pipeline.state.quota import Quota, account_fingerprint
from energy_pipeline_tests.clocks import ManualClock

START = datetime(2024, 3, 31, 22, 50, tzinfo=UTC)
APRIL = datetime(2024, 4, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def quota_of(state: StateDatabase, clock: ManualClock, *limits: Limit, **how: float) -> Quota:
    return Quota(state, "Enlighten", "account", limits, clock, **how)


def spend(quota: Quota, times: int = 1, **how: bool) -> None:
    async def one_after_the_other() -> None:
        for _ in range(times):
            await quota.spend(**how)

    asyncio.run(one_after_the_other())


def new_account() -> str:
    """One that no earlier example of the same property has spent from."""
    return uuid4().hex


def test_a_full_minute_is_waited_for_until_its_oldest_hit_is_a_minute_old(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(2, "minute"))
    spend(quota)
    clock.advance(45)
    spend(quota, 2)
    assert clock.slept_s == [15.0]
    assert clock.now() == START + 60 * SECOND


def test_somebody_is_told_before_a_wait_and_only_then(
    state: StateDatabase, clock: ManualClock
) -> None:
    told: list[str] = []
    limits = [Limit(2, "minute"), Limit(3, "day")]
    quota = Quota(state, "Enlighten", "account", limits, clock, on_wait=told.append)
    spend(quota, 2)
    assert told == []
    spend(quota)
    assert told == ["waiting: 2 requests a minute at Enlighten"]
    with pytest.raises(QuotaSpent):
        spend(quota)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("period", "goes_on_at"), [("day", START + timedelta(days=1)), ("month", APRIL)]
)
def test_a_long_period_that_is_used_up_says_when_it_goes_on(
    state: StateDatabase, clock: ManualClock, period: Period, goes_on_at: datetime
) -> None:
    quota = quota_of(state, clock, Limit(3, period))
    spend(quota, 3)
    with pytest.raises(QuotaSpent) as caught:
        spend(quota)
    spent = caught.value
    assert (spent.service, spent.period, spent.limit) == ("Enlighten", period, 3)
    assert spent.goes_on_at == goes_on_at
    assert clock.slept_s == []
    clock.set(goes_on_at - SECOND)
    with pytest.raises(QuotaSpent):
        spend(quota)
    clock.set(goes_on_at)
    spend(quota)
    assert quota.spent_by_this_object == 4


def test_the_limit_that_lasts_longest_is_named(state: StateDatabase, clock: ManualClock) -> None:
    quota = quota_of(state, clock, Limit(2, "minute"), Limit(2, "day"), Limit(2, "month"))
    spend(quota, 2)
    with pytest.raises(QuotaSpent, match="requests of this day") as caught:
        spend(quota)
    assert caught.value.goes_on_at == START + timedelta(days=1)


def test_what_is_kept_back_is_for_others(state: StateDatabase, clock: ManualClock) -> None:
    limits = [Limit(5, "month"), Limit(5, "minute")]
    quota = quota_of(state, clock, *limits)
    modest = Quota(state, "Enlighten", "account", limits, clock, kept_back=3)
    spend(modest, 2)
    with pytest.raises(QuotaSpent, match="used up but for the 3 that") as caught:
        spend(modest)
    assert (caught.value.kept_back, caught.value.goes_on_at) == (3, APRIL)
    assert quota.left()["month"] == 3
    spend(quota, 3)
    with pytest.raises(QuotaSpent, match="used up; it can go on") as caught:
        spend(modest)
    assert caught.value.kept_back == 0
    clock.set(APRIL)
    spend(modest, 2)


def test_nothing_is_counted_when_one_limit_refuses(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(10, "minute"), Limit(3, "month"))
    spend(quota, 3)
    with pytest.raises(QuotaSpent):
        spend(quota)
    assert quota.left() == {"minute": 7, "month": 0}


def test_counts_outlive_the_object_and_belong_to_service_and_account(
    state: StateDatabase, clock: ManualClock
) -> None:
    limits = [Limit(5, "month"), Limit(5, 10.0)]
    spend(Quota(state, "Enlighten", "account", limits, clock), 2)
    again = Quota(state, "Enlighten", "account", limits, clock)
    assert again.left() == {"month": 3, "10 s": 3}
    assert again.spent_by_this_object == 0
    for service, account in (("Enlighten", "other account"), ("other service", "account")):
        assert Quota(state, service, account, limits, clock).left() == {"month": 5, "10 s": 5}


def test_several_hits_at_once_are_all_or_nothing(state: StateDatabase, clock: ManualClock) -> None:
    quota = quota_of(state, clock, Limit(5, "month"), Limit(8, "minute"))
    asyncio.run(quota.spend(3))
    with pytest.raises(QuotaSpent):
        asyncio.run(quota.spend(3))
    assert quota.left() == {"month": 2, "minute": 5}
    assert quota.spent_by_this_object == 3
    with pytest.raises(ValueError, match="6 hits at once"):
        asyncio.run(quota.spend(6))


def test_requests_side_by_side_keep_the_limit(state: StateDatabase, clock: ManualClock) -> None:
    quota = quota_of(state, clock, Limit(4, "minute"))
    made_at: list[datetime] = []

    async def request() -> None:
        await quota.spend()
        made_at.append(clock.now())

    async def burst() -> None:
        await asyncio.gather(*(request() for _ in range(12)))

    asyncio.run(burst())
    assert made_at == [START + n * timedelta(minutes=1) for n in range(3) for _ in range(4)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gaps_s=st.lists(st.integers(0, 40_000), max_size=20),
    requests=st.integers(1, 5),
    period_s=st.sampled_from([1.0, 10.0, 60.0]),
)
def test_a_hit_is_made_as_soon_as_a_rolling_period_has_room_and_not_before(
    state: StateDatabase, gaps_s: list[int], requests: int, period_s: float
) -> None:
    clock = ManualClock(START)
    quota = Quota(state, "Enlighten", new_account(), [Limit(requests, period_s)], clock)
    made_at: list[datetime] = []
    for gap_ms in gaps_s:
        clock.advance(gap_ms / 1000)
        asked_at = clock.now()
        spend(quota)
        made_at.append(clock.now())
        leaving = made_at[-1 - requests] if len(made_at) > requests else START - timedelta(days=1)
        assert made_at[-1] == max(asked_at, leaving + timedelta(seconds=period_s))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.lists(st.integers(-93 * 24, 2 * 24), max_size=20),
)
@example(hours=[-380 * 24, -14 * 24])  # March twice
def test_a_month_is_the_calendar_month_in_utc(state: StateDatabase, hours: list[int]) -> None:
    clock = ManualClock(START)
    quota = Quota(state, "Enlighten", new_account(), [Limit(1000, "month")], clock)
    made = [APRIL + timedelta(hours=hour) for hour in sorted(hours)]
    for at in made:
        clock.set(at)
        spend(quota)
    for at in made:
        clock.set(at)
        same_month = sum((x.year, x.month) == (at.year, at.month) for x in made)
        assert quota.left() == {"month": 1000 - same_month}


def test_the_services_own_window_closes_the_quota_for_everybody(
    state: StateDatabase, clock: ManualClock
) -> None:
    limits = (Limit(10, "minute"), Limit(1000, "month"))
    quota_of(state, clock, *limits).close_until(START + 25 * SECOND, "minute")
    other = quota_of(state, clock, *limits)
    assert other.left() == {"minute": 0, "month": 1000}
    spend(other)
    assert clock.slept_s == [25.0]
    assert other.left() == {"minute": 9, "month": 999}


def test_a_closed_month_raises_and_names_the_services_own_number(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(10, "minute"), Limit(5000, "month"))
    quota.close_until(APRIL, "month", 1000)
    with pytest.raises(QuotaSpent, match="the 1000 requests of this month") as caught:
        spend(quota)
    assert caught.value.goes_on_at == APRIL


@pytest.mark.parametrize(
    ("until", "period", "believed"),
    [
        (START + timedelta(days=365), "minute", START + 60 * SECOND),
        (START + timedelta(days=365), "day", START + timedelta(days=1)),
        (START + timedelta(days=365), "month", START + timedelta(days=31)),
        (START - SECOND, "month", START),
    ],
)
def test_a_closure_is_believed_for_one_period_at_most(
    state: StateDatabase, clock: ManualClock, until: datetime, period: Period, believed: datetime
) -> None:
    quota = quota_of(state, clock, Limit(10, "minute"), Limit(1000, "month"))
    quota.close_until(until, period)
    clock.set(believed)
    spend(quota)
    assert clock.slept_s == []


def test_a_shorter_closure_does_not_open_what_a_longer_one_closed(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(1000, "day"), longest_wait_s=900)
    quota.close_until(START + 600 * SECOND, "day")
    quota.close_until(START + 30 * SECOND, "day")
    spend(quota)
    assert clock.slept_s == [600.0]


def test_only_the_patient_wait_for_a_quarter_of_an_hour(
    state: StateDatabase, clock: ManualClock
) -> None:
    limit = Limit(1000, "day")
    quota_of(state, clock, limit).close_until(START + 900 * SECOND, "day")
    with pytest.raises(QuotaSpent):
        spend(quota_of(state, clock, limit))
    spend(quota_of(state, clock, limit, longest_wait_s=900))
    assert clock.slept_s == [900.0]


def test_the_reserve_is_kept_for_finishing_what_was_begun(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(20, 10.0), Limit(36_000, "day"))
    quota.report_remaining(500)
    spend(quota)
    quota.report_remaining(499)
    spend(quota, may_use_reserve=True)
    with pytest.raises(QuotaSpent, match="36000 requests of this day") as caught:
        spend(quota)
    assert caught.value.goes_on_at == START + timedelta(hours=1)
    clock.advance(3600)
    spend(quota)


def test_hits_of_a_clock_that_ran_ahead_expire_in_time(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(2, "minute"))
    clock.set(START + timedelta(days=3650))
    spend(quota, 2)
    clock.set(START)
    spend(quota)
    assert clock.slept_s == [60.0]


def test_a_clock_a_little_behind_another_machines_neither_gains_nor_loses_hits(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(2, "minute"))
    spend(quota)
    clock.advance(-5)
    spend(quota)
    spend(quota)
    assert clock.slept_s == [65.0]
    clock.advance(-4)
    spend(quota)
    assert clock.slept_s == [65.0, 4.0]


def test_old_hits_are_forgotten_and_the_newest_are_not(
    state: StateDatabase, clock: ManualClock
) -> None:
    quota = quota_of(state, clock, Limit(300, "minute"), Limit(10_000, "month"))
    for _ in range(12):
        asyncio.run(quota.spend(100))
        clock.advance(30)
    with state.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM quota_hits").scalar_one()
    assert 300 <= rows <= 300 + 256
    assert quota.left() == {"minute": 200, "month": 10_000 - 1200}


def test_a_fingerprint_tells_accounts_apart_and_shows_nothing() -> None:
    key = "0123456789abcdef"
    assert account_fingerprint(key, "user") == account_fingerprint(key, "user")
    others = {account_fingerprint(*x) for x in [(key, "user"), (key + "u", "ser"), (key,), ()]}
    assert len(others) == 4
    assert key not in account_fingerprint(key)
