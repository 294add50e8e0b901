"""The push over real HTTP, under each reading of what a second push does, with lost answers."""

import random
from datetime import timedelta

import pytest

from energy_pipeline.calendar import Span
from energy_pipeline.errors import AccessRefused, QuotaSpent, ServiceUnavailable
from energy_pipeline.simulators.enerkey import Fault, chaos
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline_tests.sinks.enerkey.conftest import (
    CONSUMPTION,
    CUMULATIVE,
    HEAT,
    HOUR,
    NOON,
    START,
    Install,
    Installation,
    day_of,
)

MODELS = ("overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first")
READS, PUSHES = "getHourlyValues", "pushConsumptionsForMeter"
DAY = day_of([n / 4 for n in range(24)])


def states(installation: Installation, meter_id: int = CONSUMPTION, kind="consumption") -> set:
    return {(e.state, e.hold) for e in installation.entries(meter_id, kind).values()}


def push_until_done(installation: Installation, wanted: dict, runs: int = 40, **how) -> None:
    """Run, a quiet time apart, until nothing is open."""
    for _ in range(runs):
        try:
            work = installation.push(wanted, **how)
        except ServiceUnavailable:  # so many lost answers in a row
            work = None
        if work and not any(entry.is_unresolved for entry in work.entries.values()):
            return
        installation.clock.advance(25 * 3600)


def test_a_day_is_read_once_sent_once_and_read_back(install: Install):
    running = install()
    running.push(DAY)
    assert running.simulator.stored_hours(CONSUMPTION) == DAY
    assert states(running) == {("verified", None)}
    assert running.operations() == [READS, PUSHES, READS]


def test_a_second_run_costs_no_request(install: Install):
    running = install()
    running.push(DAY)
    before = running.operations()
    running.push(DAY)
    running.push({START: DAY[START]})
    assert running.operations() == before


def test_three_years_are_four_messages(install: Install):
    running = install(now=START + timedelta(days=1100))
    years = day_of([1.0] * (1096 * 24))
    running.push(years)
    sent = [r.rows for r in running.simulator.requests if r.operation == PUSHES]
    assert len(sent) == 4
    assert sum(sent) == len(years)
    assert running.simulator.stored_hours(CONSUMPTION) == years


def test_reads_are_shared_by_meters(install: Install):
    running = install()
    works = [MeterWork(meter, "kWh", DAY, {}) for meter in (CONSUMPTION, HEAT)]
    running.push_all(works)
    assert running.operations().count(READS) == 2


@pytest.mark.parametrize("model", MODELS)
def test_lost_answers_leave_every_hour_right_and_none_twice(install: Install, model: str):
    for seed in range(6):
        running = install(*chaos(0.3), seed=seed, repush_consumption=model)
        rng = random.Random(seed)
        wanted = day_of([rng.choice([0.0, 1.5, 7.25]) for _ in range(96)])
        for end in (24, 60, 96):
            push_until_done(running, dict(list(wanted.items())[:end]))
        stored = running.simulator.stored_hours(CONSUMPTION)
        assert {at: v for at, v in stored.items() if wanted[at] != v} == {}
        assert set(running.simulator.pushes_per_hour(CONSUMPTION).values()) <= {1}
        running.simulator.faults.replace([])
        push_until_done(running, wanted, is_released=True)
        assert running.simulator.stored_hours(CONSUMPTION) == wanted
        assert states(running) == {("verified", None)}
        running.state.close()


@pytest.mark.parametrize("model", ["timestamp_upsert", "reject", "keep_first"])
def test_lost_answers_leave_a_register_right_and_no_reading_twice(install: Install, model: str):
    for seed in range(6):
        running = install(*chaos(0.3), seed=seed, repush_cumulative=model)
        rng = random.Random(seed)
        position, wanted = 1000.0, {}
        for n in range(96):
            position += rng.choice([0.0, 1.5, 7.25])
            wanted[START + n * HOUR] = position
        how = {"meter_id": CUMULATIVE, "kind": "cumulative"}
        for end in (24, 60, 96):
            push_until_done(running, dict(list(wanted.items())[:end]), **how)
        stored = running.simulator.stored_readings(CUMULATIVE)
        assert {at: v for at, v in stored.items() if wanted[at] != v} == {}
        assert set(running.simulator.pushes_per_hour(CUMULATIVE).values()) <= {1}
        running.simulator.faults.replace([])
        push_until_done(running, wanted, is_released=True, **how)
        assert running.simulator.stored_readings(CUMULATIVE) == wanted
        assert states(running, CUMULATIVE, "cumulative") == {("verified", None)}
        running.state.close()


def test_an_unknown_outcome_waits_a_day_before_an_empty_answer_is_believed(install: Install):
    running = install(Fault(kind="close_before_body", operations=frozenset({PUSHES})))
    running.push(DAY)
    assert states(running) == {("sending", None)}
    running.clock.advance(23 * 3600)
    running.push(DAY)
    assert running.operations().count(PUSHES) == 1
    running.clock.advance(2 * 3600)
    running.push(DAY)
    assert running.operations().count(PUSHES) == 2
    assert states(running) == {("verified", None)}


def test_the_quiet_time_of_the_user_is_taken_as_it_is_and_waited_out(install: Install):
    fault = Fault(kind="close_before_body", operations=frozenset({PUSHES}))
    running = install(fault, settings={"ENERKEY_QUIET_SECONDS": "30"})
    running.push(DAY)
    assert states(running) == {("verified", None)}
    assert max(running.clock.slept_s) == pytest.approx(30, abs=1)


def test_after_verified_pushes_the_quiet_time_is_short(install: Install):
    running = install()
    running.push(DAY)
    running.simulator.faults.replace(
        [Fault(kind="error_500_before_commit", operations=frozenset({PUSHES}))]
    )
    later = day_of([2.0] * 3, START + timedelta(days=1))
    running.push(later)
    running.clock.advance(16 * 60)
    running.push(later)
    assert states(running) == {("verified", None)}


def test_what_cannot_be_read_yet_is_accepted_and_never_sent_again(install: Install):
    running = install(read_back_delay_seconds=86_400)
    running.push(DAY)
    assert states(running) == {("sent", None)}
    for _ in range(3):
        running.clock.advance(7 * 3600)
        running.push(DAY)
        assert states(running) == {("sent", None)}
    running.clock.advance(7 * 3600)
    running.push(DAY)
    assert states(running) == {("verified", None)}
    assert running.simulator.stored_hours(CONSUMPTION) == DAY
    assert running.operations().count(PUSHES) == 1


def test_a_slow_service_makes_the_quiet_time_long(install: Install):
    running = install(read_back_delay_seconds=7_200)
    running.push(DAY)
    running.clock.advance(3 * 3600)
    running.push(DAY)
    running.simulator.faults.replace(
        [Fault(kind="close_after_commit", operations=frozenset({PUSHES}))]
    )
    later = day_of([2.0] * 3, START + timedelta(days=1))
    running.push(later)
    for _ in range(4):  # a quarter of an hour would send it again and double it
        running.clock.advance(1800)
        running.push(later)
    assert running.operations().count(PUSHES) == 2
    running.clock.advance(3600)
    running.push(later)
    assert states(running) == {("verified", None)}


def test_a_second_writer_is_a_conflict_and_is_left_alone(install: Install):
    running = install()
    running.simulator.write_as_other(CONSUMPTION, START + 3 * HOUR, 99.0)
    running.push(DAY)
    assert running.simulator.stored_hours(CONSUMPTION)[START + 3 * HOUR] == 99.0
    held = running.entries()[START + 3 * HOUR]
    assert (held.state, held.hold) == ("held", "conflict")
    assert "99 kWh" in held.reason
    assert running.simulator.stored_hours(CONSUMPTION) == {**DAY, START + 3 * HOUR: 99.0}


def test_a_second_writer_between_read_and_push_is_found_as_a_double(install: Install):
    running = install()
    fault = Fault(
        kind="second_writer",
        operations=frozenset({PUSHES}),
        at=START + 4 * HOUR,
        value=DAY[START + 4 * HOUR],
    )
    running.simulator.faults.replace([fault])
    running.push(DAY)
    held = running.entries()[START + 4 * HOUR]
    assert held.hold == "conflict"
    assert "2 times" in held.reason


@pytest.mark.parametrize("model", ["overwrite_hour", "sum", "timestamp_upsert"])
def test_a_correction_arrives_once_where_it_is_known_how(install: Install, model: str):
    for seed in range(4):
        settings = {"ENERKEY_REPUSH": model, "ENERKEY_QUIET_SECONDS": "60"}
        running = install(settings=settings, repush_consumption=model)
        running.push(DAY)
        corrected = {at: v + 1 + n / 8 for n, (at, v) in enumerate(DAY.items())}
        running.simulator.faults.replace(chaos(0.4), seed=seed)
        push_until_done(running, corrected, is_released=True)
        assert running.simulator.stored_hours(CONSUMPTION) == corrected
        running.state.close()


def test_a_correction_is_held_where_nobody_knows_what_a_second_push_does(install: Install):
    running = install()
    running.push(DAY)
    running.push({**DAY, START: 5.0})
    assert running.simulator.stored_hours(CONSUMPTION) == DAY
    held = running.entries()[START]
    assert (held.hold, held.known, held.value) == ("correction", 0.0, 5.0)
    running.push(DAY)
    assert states(running) == {("verified", None)}


def test_a_refused_message_is_never_sent_again_unchanged(install: Install):
    running = install(negative_consumption="refuse_400", error_body="text")
    strange = {at: -1.0 for at in DAY}
    for _ in range(4):
        running.push(strange)
        running.clock.advance(25 * 3600)
    assert running.operations().count(PUSHES) == 3  # whole, and each half
    assert states(running) == {("held", "refused")}
    assert "400" in running.entries()[START].reason
    running.push(DAY)
    assert states(running) == {("verified", None)}


def test_a_value_that_was_refused_before_is_held_and_not_forgotten(install: Install):
    running = install(
        settings={"ENERKEY_REPUSH": "overwrite_hour"},
        negative_consumption="refuse_400",
        repush_consumption="overwrite_hour",
    )
    for value in (-1.0, 5.0, -1.0):
        running.push({START: value})
        running.clock.advance(25 * 3600)
    held = running.entries()[START]
    assert (held.hold, held.known, held.value) == ("refused", 5.0, -1.0)
    assert running.operations().count(PUSHES) == 2


def test_an_hour_that_a_refusal_names_keeps_no_other_one(install: Install):
    running = install(negative_consumption="refuse_400")
    bad = START + 5 * HOUR
    strange = {**DAY, bad: -1.0}
    running.push(strange)
    assert states(running) == {("held", "refused"), ("held", "companion")}
    running.clock.advance(25 * 3600)
    running.push(strange)
    running.clock.advance(25 * 3600)
    running.push(strange)
    held = {at: e.hold for at, e in running.entries().items() if e.state != "verified"}
    assert held == {bad: "refused"}
    assert running.operations().count(PUSHES) == 3  # whole, companions, the bad one alone


@pytest.mark.parametrize("body", ["text", "gateway_json", "empty"])
def test_an_hour_that_no_refusal_names_is_found_by_halves(install: Install, body: str):
    settings = {"ENERKEY_QUIET_SECONDS": "10"}
    running = install(negative_consumption="refuse_400", error_body=body, settings=settings)
    bad = START + 5 * HOUR
    running.push({**DAY, bad: -1.0})
    held = {at: e.hold for at, e in running.entries().items() if e.state != "verified"}
    assert held == {bad: "refused"}
    assert running.operations().count(PUSHES) < 12
    assert running.simulator.stored_hours(CONSUMPTION) == {
        at: v for at, v in DAY.items() if at != bad
    }


def test_fresh_hours_do_not_share_a_message_with_refused_ones(install: Install):
    running = install(negative_consumption="refuse_400", error_body="text")
    running.push({**DAY, START: -1.0})
    later = day_of([1.0] * 24, START + timedelta(days=1))
    running.push({**DAY, START: -1.0, **later})
    assert {at for at, e in running.entries().items() if e.state == "verified"} == set(later)


def test_what_a_refusing_server_kept_all_the_same_is_not_sent_again(install: Install):
    running = install(
        push_atomicity="partial", negative_consumption="refuse_400", read_back_delay_seconds=900
    )
    strange = {**DAY, START: -1.0}
    for _ in range(4):
        running.push(strange)
        running.clock.advance(8 * 3600)
    kept = {at: v for at, v in DAY.items() if at != START}
    assert running.simulator.stored_hours(CONSUMPTION) == kept
    assert set(running.simulator.pushes_per_hour(CONSUMPTION).values()) == {1}


def test_a_reject_that_finds_an_hour_leaves_the_others_for_smaller_messages(install: Install):
    running = install(repush_consumption="reject", read_back_delay_seconds=3600)
    running.simulator.write_as_other(CONSUMPTION, START, DAY[START])
    running.push(DAY)
    assert {e.hold for e in running.entries().values()} == {"refused"}
    for _ in range(2):
        running.clock.advance(25 * 3600)
        running.push(DAY)
    running.clock.advance(25 * 3600)
    running.push(DAY)
    assert running.simulator.stored_hours(CONSUMPTION) == DAY
    assert states(running) == {("verified", None)}


def test_a_message_that_is_too_large_goes_in_halves(install: Install):
    running = install(max_body_bytes=600)
    running.push(DAY)
    assert running.simulator.stored_hours(CONSUMPTION) == DAY
    assert set(running.simulator.pushes_per_hour(CONSUMPTION).values()) == {1}
    assert states(running) == {("verified", None)}


def test_a_limited_push_goes_out_after_the_time_that_enerkey_asks(install: Install):
    fault = Fault(kind="rate_limited", operations=frozenset({PUSHES}), retry_after_s=120)
    running = install(fault)
    running.push(DAY)
    assert states(running) == {("verified", None)}
    assert max(running.clock.slept_s) == pytest.approx(120, abs=1)


def test_a_long_limit_ends_the_run_and_the_next_one_goes_on(install: Install):
    fault = Fault(kind="rate_limited", operations=frozenset({PUSHES}), retry_after_s=5000)
    running = install(fault)
    with pytest.raises(QuotaSpent):
        running.push(DAY)
    assert states(running) == {("ready", None)}
    running.clock.advance(5001)
    running.push(DAY)
    assert states(running) == {("verified", None)}


def test_a_spent_day_ends_the_run_between_messages(install: Install):
    running = install(settings={"ENERKEY_REQUESTS_PER_DAY": "3", "ENERKEY_MAX_PUSH_DAYS": "1"})
    two_days = day_of([1.0] * 48)
    with pytest.raises(QuotaSpent):
        running.push(two_days)
    assert states(running) == {("sent", None)}
    running.clock.advance(86_401)
    running.push(two_days)
    assert states(running) == {("verified", None)}
    assert running.operations().count(PUSHES) == 2


def test_a_service_that_is_not_enabled_stops_everything_and_applies_nothing(install: Install):
    running = install()
    running.push({START: 1.0})
    running.simulator.faults.replace(
        [Fault(kind="html_error_page", status=403, operations=frozenset({PUSHES}))]
    )
    with pytest.raises(AccessRefused):
        running.push(DAY)
    assert ("ready", None) in states(running)


def test_many_pushes_without_an_answer_stop_the_run(install: Install):
    running = install(
        Fault(kind="error_500_before_commit", operations=frozenset({PUSHES}), times=None),
        settings={"ENERKEY_MAX_PUSH_DAYS": "1"},
    )
    with pytest.raises(ServiceUnavailable, match="in a row"):
        running.push(day_of([1.0] * 24 * 9))
    assert running.operations().count(PUSHES) == 5


def test_an_unreachable_service_leaves_nothing_unknown(install: Install):
    running = install()
    running.push({START: 1.0})
    nowhere = {"enerkey_base_url": "http://127.0.0.1:9"}
    running.settings = running.settings.model_copy(update=nowhere)
    with pytest.raises(ServiceUnavailable):
        running.push(DAY)
    assert running.entries() == {}


def test_a_meter_that_enerkey_does_not_answer_for_is_not_taken_for_an_empty_one(install: Install):
    running = install()
    work = running.push(DAY, meter_id=999)
    assert "removed" in work.problem
    assert running.operations().count(PUSHES) == 0


def test_a_batch_of_another_size_is_held_until_a_person_releases_it(install: Install):
    running = install()
    running.push(day_of([1.0] * 48))
    later = day_of([1000.0] * 48, START + timedelta(days=2))
    work = running.push(later)
    assert "1000" in work.problem
    assert {running.entries()[at].hold for at in later} == {"implausible"}
    running.push(later, is_released=True)
    assert states(running) == {("verified", None)}


def test_a_first_push_is_compared_with_what_enerkey_has(install: Install):
    running = install()
    for n in range(48):
        running.simulator.write_as_other(CONSUMPTION, START - (n + 1) * HOUR, 0.001)
    work = running.push(day_of([1.0] * 24))
    assert "0.001" in work.problem


def test_a_register_of_two_years_arrives_in_three_messages(install: Install):
    start = NOON.replace(hour=0) - timedelta(days=731)
    readings = day_of([100.0 + n / 8 for n in range(731 * 24 + 1)], start)
    running = install()
    running.push(readings, CUMULATIVE, "cumulative")
    assert running.simulator.stored_readings(CUMULATIVE) == readings
    assert running.operations().count("pushCumulativeReadingsForMeter") == 3
    span = Span(start, NOON)
    entries = running.ledger("cumulative").entries(CUMULATIVE, span).values()
    assert {e.state for e in entries} == {"verified"}
