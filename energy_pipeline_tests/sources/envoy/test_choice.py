"""A counter is kept; another one takes its place only for a lasting reason."""

from datetime import UTC, datetime, timedelta

from energy_pipeline.sources.envoy.candidates import Candidate, Sample
from energy_pipeline.sources.envoy.choice import BETTER_AFTER, INSTEAD_AFTER, Choice, choose
from energy_pipeline.sources.envoy.choices import Choices
from energy_pipeline_tests.sources.envoy.conftest import Bench

START = datetime(2026, 6, 11, tzinfo=UTC)
POLL = timedelta(minutes=5)


def offered(*shown: str, silent: tuple[str, ...] = (), hidden: tuple[str, ...] = ()):
    """Candidates in alphabetical order, which is that of preference."""
    sample = Sample(START, 1.0, None, START)
    listed = [Candidate(name, sample) for name in shown]
    listed += [Candidate(name, None) for name in silent]
    listed += [Candidate(name, None, may_come=True) for name in hidden]
    return sorted(listed, key=lambda candidate: candidate.counter)


def after(choice: Choice, polls: int, *shown: str, start: datetime = START, **others) -> Choice:
    """The choice after so many polls, five minutes apart."""
    for n in range(polls):
        choice = choose(choice, offered(*shown, **others), start + n * POLL)
    return choice


def test_the_best_that_shows_something_is_chosen_at_once():
    assert choose(Choice(), offered("b", "c", silent=("a",)), START) == Choice("b")


def test_nothing_is_chosen_where_nothing_is_shown():
    assert choose(Choice(), offered(silent=("a",), hidden=("b",)), START) == Choice()


def test_a_failure_that_may_hide_a_better_one_is_waited_for():
    first = after(Choice(), 12, "b", hidden=("a",))
    assert first == Choice(None, "b", START)
    assert choose(first, offered("a", "b"), START + timedelta(minutes=55)) == Choice("a")
    assert after(Choice(), 13, "b", hidden=("a",)) == Choice("b")
    assert choose(Choice(), offered("b", hidden=("c",)), START) == Choice("b")


def test_the_kept_one_stays_through_a_silence():
    polls = int(INSTEAD_AFTER / POLL)
    silent = after(Choice("a"), polls, "b")
    assert silent == Choice("a", "b", START)
    assert choose(silent, offered("a", "b"), START + polls * POLL) == Choice("a")
    assert after(Choice("a"), polls + 1, "b") == Choice("b")


def test_a_better_one_has_to_stay_for_an_hour():
    polls = int(BETTER_AFTER / POLL)
    waiting = after(Choice("b"), polls, "a", "b")
    assert waiting == Choice("b", "a", START)
    assert choose(waiting, offered("b"), START + polls * POLL) == Choice("b")
    assert after(Choice("b"), polls + 1, "a", "b") == Choice("a")


def test_another_rival_waits_from_its_own_beginning():
    later = START + 6 * POLL
    waiting = after(Choice("c"), 6, "b", "c")
    changed = choose(waiting, offered("a", "b", "c"), later)
    assert changed == Choice("c", "a", later)


def test_a_poll_without_anything_ends_the_rivalry():
    waiting = after(Choice("b"), 3, "a", "b")
    assert choose(waiting, offered(hidden=("a", "b")), START + 3 * POLL) == Choice("b")


def test_choices_outlive_the_process(bench: Bench):
    choices = Choices(bench.state)
    assert choices.of("1") == {}
    kept = {"production": Choice("b", "a", START), "grid_import": Choice("c")}
    choices.keep("1", kept)
    choices.keep("2", {"production": Choice("x")})
    choices.keep("1", {"production": Choice("a")})
    assert Choices(bench.state).of("1") == {**kept, "production": Choice("a")}
    assert choices.of("2") == {"production": Choice("x")}
