"""No plan uses more requests than the fewest, and a plan covers what is missing."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, count, pairwise

from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.calendar import Span
from energy_pipeline.sources.enlighten.planner import joined, plan_windows

EPOCH = datetime(2024, 3, 30, tzinfo=UTC)
STEP = timedelta(minutes=15)


def spans_of(cells: set[int]) -> list[Span]:
    return [Span(EPOCH + n * STEP, EPOCH + (n + 1) * STEP) for n in cells]


def cells_of(spans: list[Span]) -> list[int]:
    return [n for s in spans for n in range((s.start - EPOCH) // STEP, (s.end - EPOCH) // STEP)]


def fewest_by_trying(cells: set[int], width: int) -> int:
    """Try every choice of begins, fewest first; windows need not begin at missing time."""
    if not cells:
        return 0
    begins = range(min(cells) - width + 1, max(cells) + 1)
    for number in count(1):
        for chosen in combinations(begins, number):
            if all(any(b <= cell < b + width for b in chosen) for cell in cells):
                return number
    raise AssertionError


@given(st.sets(st.integers(0, 11)), st.integers(1, 6))
def test_no_choice_of_windows_is_smaller(cells: set[int], width: int) -> None:
    plan = plan_windows(spans_of(cells), width * STEP)

    assert len(plan) == fewest_by_trying(cells, width)


@given(st.sets(st.integers(0, 11)), st.integers(1, 6), st.integers(-1, 13))
def test_no_choice_of_windows_that_keeps_to_the_history_is_smaller(
    cells: set[int], width: int, kept_from: int
) -> None:
    """A window that begins before the history would be refused with all that it reaches."""
    limit = EPOCH + kept_from * STEP

    plan = plan_windows(spans_of(cells), width * STEP, limit)

    sides = ({n for n in cells if n < kept_from}, {n for n in cells if n >= kept_from})
    assert len(plan) == sum(fewest_by_trying(side, width) for side in sides)
    assert not [window for window in plan if window.start < limit < window.end]
    assert cells <= set(cells_of(plan))


@given(
    st.lists(st.tuples(st.integers(0, 70_000), st.integers(0, 3_000)), max_size=25),
    st.integers(1, 2_976),
)
def test_any_pattern_of_holes(holes: list[tuple[int, int]], width: int) -> None:
    """No two begins of windows fit into one window: whoever covers them needs as many."""
    missing = [Span(EPOCH + at * STEP, EPOCH + (at + length) * STEP) for at, length in holes]
    cells = set(cells_of(missing))

    plan = plan_windows(missing, width * STEP)

    covered = cells_of(plan)
    assert cells <= set(covered)
    assert len(covered) == len(set(covered))
    assert all(window.end - window.start <= width * STEP for window in plan)
    firsts, lasts = ([w.start for w in plan], [w.end - STEP for w in plan])
    assert {*cells_of([Span(t, t + STEP) for t in (*firsts, *lasts)])} <= cells
    assert all(b.start - a.start >= width * STEP for a, b in pairwise(plan))


def test_a_hole_inside_a_window_costs_nothing_more() -> None:
    day = timedelta(days=1)
    holes = [Span(EPOCH, EPOCH + 2 * STEP), Span(EPOCH + day - STEP, EPOCH + day)]

    assert plan_windows(holes, day) == [Span(EPOCH, EPOCH + day)]


def test_a_hole_over_midnight_is_one_window() -> None:
    hole = Span(EPOCH - 8 * STEP, EPOCH + 8 * STEP)

    assert plan_windows([hole], timedelta(days=1)) == [hole]


def test_nothing_missing_is_nothing_to_ask() -> None:
    assert plan_windows([Span(EPOCH, EPOCH)], timedelta(days=1)) == []


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=12))
def test_joined_spans_hold_the_same_time(spans: list[tuple[int, int]]) -> None:
    given_ = [Span(EPOCH + at * STEP, EPOCH + (at + length) * STEP) for at, length in spans]

    found = joined(given_)

    assert cells_of(found) == sorted(set(cells_of(given_)))
    assert all(a.end < b.start for a, b in pairwise(found))
