"""Readings, judged by the differences that EnerKey shows of them."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from energy_pipeline.sinks.enerkey.decisions import Terms
from energy_pipeline.sinks.enerkey.hours import LedgerHour, near
from energy_pipeline.sinks.enerkey.register_readings import readings_to_read
from energy_pipeline.sinks.enerkey.registers import reconcile_readings
from energy_pipeline_tests.sinks.enerkey.throwaway import HOUR, START, Client, Server

NOW = START + timedelta(days=30)
TERMS = Terms(NOW, timedelta(minutes=15), "unknown", "kWh")
MODELS = ("timestamp_upsert", "reject", "keep_first")


def register(values: list[float], first: int = 0) -> dict:
    return {START + (first + n) * HOUR: value for n, value in enumerate(values)}


def true_register(rng: random.Random, count: int = 24) -> dict:
    position, readings = rng.choice([0.0, 1000.0, 250_000.0]), {}
    for n in range(count):
        if n == 0 or rng.random() < 0.9:
            readings[START + n * HOUR] = round(position, 6)
        position += rng.choice([0.0, 0.001, 1.5, 12.25])
    return readings


def verified(readings: dict) -> dict:
    return {at: LedgerHour(at, v, known=v, state="verified") for at, v in readings.items()}


def actions(wanted, entries, hours, terms=TERMS):
    shown = {hour: hours.get(hour) for hour in readings_to_read(wanted, entries)}
    return [d.hold or d.action for d in reconcile_readings(wanted, entries, shown, terms).values()]


def hours(readings: dict) -> dict:
    server = Server("timestamp_upsert", random.Random(0), 0.0)
    server.stored = dict(readings)
    return server.consumption()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lives", range(4))
def test_lost_answers_leave_every_difference_right_and_no_reading_twice(model, lives):
    for seed in range(lives * 40, lives * 40 + 40):
        rng = random.Random(f"{model} {seed}")
        server, truth = Server(model, rng), true_register(rng)
        client = Client(server, kind="cumulative")
        ats = sorted(truth)
        windows = [truth, {at: truth[at] for at in ats[:9]}, {at: truth[at] for at in ats[8:]}]
        client.run_until_quiet(rng.choice(windows), runs=rng.randrange(1, 4))
        client.run_until_quiet(truth)
        right = hours(truth)
        wrong = {h: v for h, v in server.consumption().items() if not near(v, right[h])}
        in_gap = {h for h in wrong if not _is_whole(h, server.stored, truth)}
        assert set(wrong) <= in_gap
        assert max(server.taken.values(), default=0) <= 1
        client.is_released, server.fault_rate = True, 0.0
        client.run_until_quiet(truth)
        assert server.stored == pytest.approx(truth)
        assert {e.state for e in client.ledger.values()} == {"verified"}


def _is_whole(hour, stored, truth):
    """Whether the readings around an hour in EnerKey are neighbours in truth."""
    before = max(at for at in stored if at <= hour)
    after = min(at for at in stored if at > hour)
    return not any(before < at < after for at in truth)


@pytest.mark.parametrize("repush", ["unknown", "sum", "overwrite_hour", "timestamp_upsert"])
def test_a_revised_register_is_corrected_when_that_is_known_to_work_and_else_held(repush):
    for seed in range(60):
        rng = random.Random(f"{repush} {seed}")
        server, truth = Server("timestamp_upsert", rng), true_register(rng)
        client = Client(server, kind="cumulative", repush=repush, is_released=True)
        ats = sorted(truth)
        split = rng.randrange(3, len(ats) - 1)
        client.run_until_quiet({at: truth[at] for at in ats[:split]}, runs=20)
        from_here = rng.randrange(1, split)
        shift = rng.choice([0.75, 3.0])
        revised = {at: v + shift * (n >= from_here) for n, (at, v) in enumerate(truth.items())}
        client.run_until_quiet(revised, runs=20)
        if repush in ("overwrite_hour", "timestamp_upsert"):
            assert server.stored == pytest.approx(revised)
            assert {e.state for e in client.ledger.values()} == {"verified"}
        else:
            assert server.stored == pytest.approx({at: truth[at] for at in ats[:split]})
            assert {e.hold for e in client.ledger.values()} <= {None, "correction", "behind"}


def test_the_baseline_goes_out_with_the_reading_after_it():
    assert actions(register([1000.0]), {}, {}) == ["behind"]
    assert actions(register([1000.0, 1012.5]), {}, {}) == ["push", "push"]


def test_nothing_is_sent_beside_a_reading_whose_fate_is_not_known():
    entries = verified(register([10.0, 20.0]))
    ats = [START + 2 * HOUR, START + 3 * HOUR]
    lost = LedgerHour(ats[0], 30.0, state="sending", attempts=1, sent_at=START)
    taken = LedgerHour(ats[1], 40.0, state="sent", attempts=1, sent_at=START)
    wanted = register([10.0, 20.0, 30.0, 40.0, 50.0])
    shown = hours(register([10.0, 20.0]))
    alone = actions(wanted, entries | {ats[0]: lost}, shown)
    assert alone == ["keep", "keep", "push", "behind", "behind"]
    both = actions(wanted, entries | {ats[0]: lost, ats[1]: taken}, shown)
    assert both == ["keep", "keep", "wait", "wait", "behind"]


def test_a_baseline_does_not_go_out_without_the_reading_after_it():
    assert actions(register([10.0, 5.0]), {}, {}) == ["behind", "decrease"]


def test_a_decrease_is_held_and_what_comes_after_it():
    entries = verified(register([10.0, 20.0]))
    wanted = register([10.0, 20.0, 15.0, 21.0])
    assert actions(wanted, entries, hours(register([10.0, 20.0]))) == [
        "keep",
        "keep",
        "decrease",
        "behind",
    ]


def test_a_reading_that_would_make_the_next_one_fall_is_held():
    sent = {START: 10.0, START + 3 * HOUR: 20.0}
    wanted = {**sent, START + HOUR: 25.0}
    terms = Terms(NOW, timedelta(0), "timestamp_upsert", "kWh")
    assert actions(wanted, verified(sent), hours(sent), terms) == ["keep", "decrease", "keep"]


def test_a_reading_between_two_pushed_ones_is_a_correction():
    sent = {START: 10.0, START + 3 * HOUR: 19.0}
    wanted = {**sent, START + HOUR: 18.0}
    assert actions(wanted, verified(sent), hours(sent)) == ["keep", "correction", "keep"]
    terms = Terms(NOW, timedelta(0), "timestamp_upsert", "kWh")
    assert actions(wanted, verified(sent), hours(sent), terms) == ["keep", "push", "keep"]


@pytest.mark.parametrize(("repush", "is_told"), [("unknown", True), ("sum", False)])
def test_where_messages_add_nobody_is_told_to_find_that_out(repush, is_told):
    """A difference cannot be a reading, so that the only way out is in EnerKey."""
    sent = register([0.0, 1.0, 2.0])
    wanted = sent | register([1.5], first=1)
    terms = replace(TERMS, repush=repush)
    [held] = [
        each
        for each in reconcile_readings(wanted, verified(sent), hours(sent), terms).values()
        if each.hold == "correction"
    ]
    assert ("set ENERKEY_REPUSH" in held.reason) == is_told


def test_hours_that_somebody_else_filled_are_a_conflict_that_stops_the_register():
    entries = verified(register([10.0, 20.0]))
    shown = {**hours(register([10.0, 20.0])), START + HOUR: 3.0}
    assert actions(register([10.0, 20.0, 21.0, 22.0]), entries, shown)[2:] == ["conflict", "behind"]


def test_values_right_before_a_first_reading_are_a_conflict():
    assert actions(register([10.0, 20.0]), {}, {START - HOUR: 1.0}) == ["conflict", "behind"]


def test_a_register_that_enerkey_already_has_is_verified_without_a_push():
    readings = register([10.0, 20.0, 20.0])
    assert actions(readings, {}, hours(readings)) == ["verify"] * 3


def test_a_changed_opening_reading_is_held_although_every_difference_agrees():
    sent = register([10.0, 20.0, 30.0])
    moved = {at: value + 100 for at, value in sent.items()} | register([135.0], first=3)
    terms = Terms(NOW, timedelta(0), "overwrite_hour", "kWh")
    assert actions(moved, verified(sent), hours(sent), terms) == ["correction"] * 3 + ["behind"]


def test_an_earlier_piece_of_the_register_joins_the_one_that_is_there():
    late = register([30.0, 40.0], first=3)
    wanted = register([0.0, 10.0, 20.0]) | late
    assert actions(wanted, verified(late), hours(late)) == ["push"] * 3 + ["keep"] * 2


def test_an_earlier_piece_does_not_join_a_reading_that_was_revised():
    late = register([30.0, 40.0], first=3)
    wanted = register([0.0, 10.0, 20.0, 31.0, 41.0])
    found = actions(wanted, verified(late), hours(late))
    assert found == ["behind"] * 3 + ["correction"] * 2


def test_no_tolerance_grows_with_the_height_of_the_register():
    sent = register([1e6, 1e6 + 1])
    wanted = register([1e6, 1e6 + 1.05, 1e6 + 2.05])
    assert actions(wanted, verified(sent), hours(sent)) == ["keep", "correction", "behind"]
