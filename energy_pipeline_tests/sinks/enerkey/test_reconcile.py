"""The rule for one hour, proved against all five readings of what a second push does."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from energy_pipeline.sinks.enerkey.decisions import Terms
from energy_pipeline.sinks.enerkey.hours import LedgerHour, near
from energy_pipeline.sinks.enerkey.messages import Message
from energy_pipeline.sinks.enerkey.outcome import Outcome
from energy_pipeline.sinks.enerkey.reconcile import needs_read, reconcile_hours
from energy_pipeline.sinks.enerkey.transitions import begin_send, end_send, settle
from energy_pipeline_tests.sinks.enerkey.throwaway import HOUR, MODELS, START, Client, Server

NOW = START + timedelta(days=30)
TERMS = Terms(NOW, timedelta(minutes=15), "unknown", "kWh")


def true_hours(rng: random.Random, count: int = 24) -> dict:
    hours = [START + n * HOUR for n in rng.sample(range(3 * count), count)]
    return {at: rng.choice([0.0, 0.001, 1.5, 12.25, -0.25, 4000.0]) for at in sorted(hours)}


def decision(wanted, entry, shown, terms=TERMS):
    entries = {START: entry} if entry else {}
    wants = {} if wanted is None else {START: wanted}
    return reconcile_hours(wants, entries, {START: shown}, terms)[START]


SENDING = LedgerHour(START, 10.0, state="sending", attempts=1, sent_at=NOW)
SENT = replace(SENDING, state="sent")
VERIFIED = LedgerHour(START, 10.0, known=10.0, state="verified", verified_at=NOW)
LATER = replace(TERMS, now=NOW + timedelta(minutes=16))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lives", range(5))
def test_lost_answers_leave_no_wrong_and_no_doubled_hour_under_any_model(model, lives):
    for seed in range(lives * 40, lives * 40 + 40):
        rng = random.Random(f"{model} {seed}")
        server, wanted = Server(model, rng), true_hours(rng)
        client = Client(server)
        client.run_until_quiet(wanted)
        wrong = {at: v for at, v in server.stored.items() if not near(v, wanted[at])}
        assert wrong == {}
        assert [at for at, n in server.taken.items() if n > 1] == []
        assert {e.state for e in client.ledger.values()} <= {"verified", "held"}
        held = [e for e in client.ledger.values() if e.state == "held"]
        assert {e.hold for e in held} <= {"unknown_twice"}
        assert all(e.at not in server.stored for e in held)
        client.is_released, server.fault_rate = True, 0.0
        client.run_until_quiet(wanted)
        assert server.stored == pytest.approx(wanted)


@pytest.mark.parametrize("model", MODELS)
def test_values_that_show_late_are_not_sent_twice_as_long_as_the_quiet_time_is_longer(model):
    for seed in range(100):
        rng = random.Random(f"{model} {seed}")
        delay = timedelta(minutes=rng.randrange(1, 90))
        server, wanted = Server(model, rng, delay=delay), true_hours(rng)
        client = Client(server, quiet=timedelta(minutes=91))
        for _ in range(60):
            client.run(wanted)
            client.now += timedelta(minutes=rng.randrange(5, 100))
        assert all(near(v, wanted[at]) for at, v in server.stored.items())
        assert [at for at, n in server.taken.items() if n > 1] == []
        assert {e.hold for e in client.ledger.values()} <= {None, "unknown_twice"}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("knows", [True, False], ids=["known", "unknown"])
def test_corrections_end_right_or_held_and_never_wrong(model, knows):
    for seed in range(150):
        rng = random.Random(f"{model} {seed} {knows}")
        server, wanted = Server(model, rng), true_hours(rng)
        client = Client(server, repush=model if knows else "unknown")
        values = {at: {value} for at, value in wanted.items()}
        for _ in range(3):
            client.run_until_quiet(wanted, runs=rng.randrange(4))
            for at in rng.sample(sorted(wanted), 6):
                wanted[at] = rng.choice([0.0, 1.5, 7.75, 20.0])
                values[at].add(wanted[at])
        client.is_released = True
        client.run_until_quiet(wanted, runs=80)
        strange = {
            at: v for at, v in server.stored.items() if not any(near(v, was) for was in values[at])
        }
        assert strange == {}
        for at, entry in client.ledger.items():
            if entry.state == "verified":
                assert near(server.stored[at], wanted[at])
            else:
                assert (entry.state, entry.hold) == ("held", "correction"), entry
                assert not knows or model in ("reject", "keep_first")


def test_a_client_that_repeats_on_error_is_wrong_under_sum():
    """The throwaway model tells a wrong client from a right one."""
    server = Server("sum", random.Random(1))
    message = Message("consumption", 1, ((START, 10.0),))
    for _ in range(20):
        server.stored.clear()
        while (outcome := server.push(message)) is None or outcome.verdict != "accepted":
            pass
        if server.stored[START] > 10.0:
            return
    pytest.fail("no hour was ever doubled")


def test_a_verified_hour_that_did_not_change_is_not_even_read():
    assert not needs_read(10.0, VERIFIED)
    assert not needs_read(10.0004, VERIFIED)
    assert not needs_read(None, VERIFIED)
    assert needs_read(10.001, VERIFIED)


def test_an_hour_that_enerkey_already_shows_is_verified_without_a_push():
    assert decision(10.0, None, 10.0).action == "verify"


def test_another_value_in_enerkey_is_a_conflict():
    found = decision(10.0, None, 4.0)
    assert (found.action, found.hold) == ("hold", "conflict")
    assert "4 kWh" in found.reason
    assert "10 kWh" in found.reason


def test_a_conflict_is_over_when_enerkey_shows_the_value_or_nothing():
    held = LedgerHour(START, 10.0, state="held", hold="conflict")
    assert decision(10.0, held, 10.0).action == "verify"
    assert decision(10.0, held, None).action == "push"


def test_a_doubled_hour_is_called_doubled():
    found = decision(10.0, SENT, 20.0)
    assert found.hold == "conflict"
    assert "2 times 10 kWh" in found.reason


def test_an_empty_read_back_is_not_believed_before_the_quiet_time_is_over():
    assert decision(10.0, SENDING, None).action == "wait"
    assert decision(10.0, SENDING, None, LATER).action == "push"


def test_a_value_that_shows_during_the_quiet_time_is_verified_at_once():
    assert decision(10.0, SENDING, 10.0).action == "verify"


def test_what_was_taken_is_never_sent_again_by_itself():
    years = replace(TERMS, now=NOW + timedelta(days=3650))
    assert decision(10.0, SENT, None, years).action == "wait"
    assert decision(10.0, SENT, None, replace(years, is_released=True)).action == "push"


def test_two_unknown_outcomes_are_for_a_person():
    twice = replace(SENDING, attempts=2)
    found = decision(10.0, twice, None, LATER)
    assert (found.action, found.hold) == ("hold", "unknown_twice")
    assert decision(10.0, twice, None, replace(LATER, is_released=True)).action == "push"


def test_what_is_held_for_a_person_stays_held_in_later_runs():
    held = replace(SENDING, state="held", hold="unknown_twice", attempts=2)
    years = replace(TERMS, now=NOW + timedelta(days=3650))
    assert decision(10.0, held, None, years).hold == "unknown_twice"
    assert decision(10.0, held, None, replace(years, is_released=True)).action == "push"


def test_what_may_be_on_its_way_stays_on_record_whatever_is_wanted_since():
    held = replace(SENDING, state="held", hold="unknown_twice", attempts=2)
    again = settle(held, decision(12.0, held, None, LATER), LATER.now)
    assert (again.state, again.value) == ("held", 10.0)
    assert settle(held, decision(12.0, held, 7.0, LATER), LATER.now).value == 10.0


def test_the_quiet_time_begins_when_the_answer_failed_to_come():
    minute_later = NOW + timedelta(minutes=1)
    for verdict in ("unknown", "accepted", "refused"):
        assert end_send(SENDING, Outcome(verdict, "text"), minute_later).sent_at == minute_later


def test_a_late_effect_of_a_held_message_is_recognised():
    held = replace(SENDING, state="held", hold="unknown_twice", attempts=2)
    found = decision(12.0, held, 10.0, LATER)
    assert (found.action, found.value) == ("verify", 10.0)


def test_a_message_without_effect_is_not_repeated_for_an_hour_that_is_no_longer_final():
    found = decision(None, SENDING, None, LATER)
    assert (found.action, found.hold) == ("hold", "not_final")


@pytest.mark.parametrize(
    ("repush", "action", "amount"),
    [
        ("overwrite_hour", "push", 12.0),
        ("timestamp_upsert", "push", 12.0),
        ("sum", "push", 2.0),
        ("reject", "hold", 0.0),
        ("keep_first", "hold", 0.0),
        ("unknown", "hold", 0.0),
    ],
)
def test_a_correction_follows_what_is_known_of_a_second_push(repush, action, amount):
    found = decision(12.0, VERIFIED, 10.0, replace(TERMS, repush=repush))
    assert (found.action, found.amount) == (action, amount)
    assert found.value == 12.0


@pytest.mark.parametrize("repush", ["reject", "keep_first", "unknown"])
def test_a_held_correction_names_a_way_out_that_there_is(repush):
    """Who knows that a second push changes nothing need not be told to find out."""
    reason = decision(12.0, VERIFIED, 10.0, replace(TERMS, repush=repush)).reason
    assert ("set ENERKEY_REPUSH" in reason) == (repush == "unknown")


def test_a_correction_is_not_sent_when_enerkey_no_longer_shows_the_verified_value():
    for shown in (None, 11.0):
        found = decision(12.0, VERIFIED, shown, replace(TERMS, repush="sum"))
        assert found.hold == "conflict"


def test_a_correction_made_by_hand_is_recognised():
    assert decision(12.0, VERIFIED, 12.0).action == "verify"


def test_a_source_that_returns_to_the_verified_value_ends_the_hold():
    held = replace(VERIFIED, state="held", hold="correction", value=12.0)
    found = reconcile_hours({START: 10.0}, {START: held}, {}, TERMS)[START]
    assert (found.action, found.value) == ("verify", 10.0)


def test_a_lost_difference_is_told_from_a_stored_one():
    lost = replace(VERIFIED, state="sending", value=12.0, attempts=1, sent_at=NOW)
    terms = replace(LATER, repush="sum")
    again = decision(12.0, lost, 10.0, terms)
    assert (again.action, again.amount) == ("push", 2.0)
    assert decision(12.0, lost, 12.0, terms).action == "verify"
    assert decision(12.0, lost, 14.0, terms).hold == "conflict"


def test_nothing_and_zero_are_different():
    assert decision(0.0, None, None).action == "push"
    assert decision(0.0, None, 0.0).action == "verify"
    assert decision(10.0, None, 0.0).hold == "conflict"


def test_outcomes_that_had_no_effect_give_the_attempt_back():
    push = decision(10.0, None, None)
    sending = begin_send(LedgerHour(START, 0.0), push, "m", NOW)
    assert (sending.state, sending.attempts, sending.value) == ("sending", 1, 10.0)
    states = {
        verdict: (entry.state, entry.attempts)
        for verdict in ("accepted", "unknown", "refused", "denied", "limited", "not_sent")
        if (entry := end_send(sending, Outcome(verdict, "text"), NOW))
    }
    assert states == {
        "accepted": ("sent", 1),
        "unknown": ("sending", 1),
        "refused": ("held", 0),
        "denied": ("ready", 0),
        "limited": ("ready", 0),
        "not_sent": ("ready", 0),
    }
