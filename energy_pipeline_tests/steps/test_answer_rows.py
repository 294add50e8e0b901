"""Where an answer of dialect v4 ends: at its window, at the present, or where the vendor cut it."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.sites import Stream
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.dialect import series_of
from energy_pipeline.steps.answer_rows import Ask, read_answers
from energy_pipeline.steps.fetch_plan import SitePlan
from energy_pipeline_tests.steps.benches import a_site

START = datetime(2024, 3, 28, tzinfo=UTC)
WEEK = Span(START, START + timedelta(days=7))
HOUR = timedelta(hours=1)


def rests(
    stream: Stream,
    ends_at: datetime,
    *,
    reported: datetime | None = None,
    energy: datetime | None = None,
    listed: datetime | None = None,
) -> list[Span]:
    """Return what is asked again after an answer to a week.

    Args:
        stream: the stream.
        ends_at: the end that the answer names.
        reported: last report that the answer names; None: it has no `meta`.
        energy: last report of energy that it names.
        listed: last report by the list of systems.
    """
    site = a_site(api="v4", production="micro")
    assert site.enlighten is not None
    plan = SitePlan(site, site.enlighten, series_of(site.enlighten, stream), [WEEK], listed)
    meta = {
        "last_report_at": int(reported.timestamp()) if reported else None,
        "last_energy_at": int(energy.timestamp()) if energy else None,
    }
    whole = {
        "system_id": 7,
        "total_devices": 1,
        "start_at": int(WEEK.start.timestamp()),
        "end_at": int(ends_at.timestamp()),
        "intervals": [],
        **({"meta": meta} if reported else {}),
    }
    answer = IntervalAnswer("GET /x", 7, WEEK, orjson.dumps(whole), WEEK.end + 5 * HOUR)
    read = read_answers([(Ask(plan, 0), answer)], stream)
    assert not read.surprises
    assert {site for site, _, _ in read.parts} == {"a"}
    return [rest for _, rest in read.rests]


@pytest.mark.parametrize("stream", ["production", "consumption"])
def test_a_window_that_was_cut_is_asked_again_from_there(stream: Stream) -> None:
    """A week with a change of the clock may be an hour shorter, or a week may be a day."""
    reported = WEEK.end + 12 * HOUR
    for ends_at in (WEEK.end - HOUR, START + 24 * HOUR):
        assert rests(stream, ends_at, reported=reported, energy=reported) == [
            Span(ends_at, WEEK.end)
        ]


def test_a_list_without_reports_is_judged_by_the_list_of_systems() -> None:
    ends_at = WEEK.end - HOUR

    assert rests("battery_charge", ends_at) == []
    assert rests("battery_charge", ends_at, listed=ends_at + 5 * HOUR) == []
    assert rests("battery_charge", ends_at, listed=ends_at + 6 * HOUR) == [Span(ends_at, WEEK.end)]


def test_a_running_window_is_not_cut() -> None:
    """It ends with the last interval, or for micros with the last energy, hours before a report."""
    dusk = WEEK.end - 10 * HOUR

    assert rests("consumption", WEEK.end - HOUR, reported=WEEK.end, energy=dusk) == []
    assert rests("production", dusk, reported=WEEK.end, energy=dusk) == []


@pytest.mark.parametrize("hours", [0, 1, 40])
def test_what_ends_behind_the_window_is_all_of_it(hours: int) -> None:
    reported = WEEK.end + 100 * HOUR

    assert rests("consumption", WEEK.end + hours * HOUR, reported=reported) == []


@pytest.mark.parametrize("hours", [0, -5])
def test_an_end_that_brings_nothing_forward_is_not_followed(hours: int) -> None:
    assert rests("consumption", START + hours * HOUR, reported=WEEK.end + 100 * HOUR) == []
