"""Every endpoint, every refusal and the quota, at the transport seam."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from energy_pipeline.calendar import Span
from energy_pipeline.errors import (
    AccessRefused,
    EnergyPipelineError,
    NotFound,
    QuotaSpent,
    RequestRefused,
    SchemaSurprise,
    ServiceUnavailable,
)
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.counted_requests import READS
from energy_pipeline.sources.enlighten.dialect import RefusedWindow
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v2.client import EnlightenV2
from energy_pipeline.sources.enlighten.v2.series import (
    CONSUMPTION,
    METER_PRODUCTION,
    MICRO_PRODUCTION,
)
from energy_pipeline.state.limits import Limit
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.sources.enlighten.bodies import (
    MIDNIGHT,
    REPORTED,
    SYSTEM,
    body,
    epoch,
    interval,
)
from energy_pipeline_tests.sources.enlighten.cloud import (
    API_KEY,
    HOUSE,
    PLAN,
    USER_ID,
    Cloud,
    answered,
    client_of,
    new_clock,
)

Found = TypeVar("Found")
DAY = Span(MIDNIGHT, MIDNIGHT + timedelta(days=1))
PATH = f"/api/v2/systems/{SYSTEM}"
BUSY = answered({"errorCode": 7, "errorMessages": ["Data temporarily unavailable."]}, 503)
OUTSIDE = "Requested date range is invalid for this system"
NO_METER = "The given system does not contain any active and enabled consumption meter"


def ask(
    cloud: Cloud,
    folder: Path,
    question: Callable[[EnlightenV2], Awaitable[Found]],
    clock: ManualClock | None = None,
    plan: tuple[Limit, ...] = PLAN,
) -> Found:
    async def run() -> Found:
        async with client_of(cloud, folder, clock or new_clock(), plan) as client:
            return await question(client)

    return asyncio.run(run())


def day(client: EnlightenV2) -> Awaitable[IntervalAnswer | RefusedWindow]:
    return client.intervals(MICRO_PRODUCTION, HOUSE, DAY)


@pytest.mark.parametrize(
    ("series", "endpoint"),
    [
        (MICRO_PRODUCTION, "stats"),
        (METER_PRODUCTION, "rgm_stats"),
        (CONSUMPTION, "consumption_stats"),
    ],
)
def test_intervals_of_a_window(tmp_path: Path, series: IntervalSeries, endpoint: str) -> None:
    content = body(interval(1, series))
    cloud = Cloud(answered(content))

    found = ask(cloud, tmp_path, lambda client: client.intervals(series, HOUSE, DAY))

    assert found == IntervalAnswer(f"GET {PATH}/{endpoint}", SYSTEM, DAY, content, REPORTED)
    (url,) = cloud.asked
    assert (url.host, url.path) == ("api.enphaseenergy.com", f"{PATH}/{endpoint}")
    assert dict(url.params) == {
        "start_at": "1717200000",
        "end_at": "1717286400",
        "key": API_KEY,
        "user_id": USER_ID,
    }


def test_production_totals_by_the_devices_that_measure(tmp_path: Path) -> None:
    totals = {
        "system_id": SYSTEM,
        "start_date": "2024-05-30",
        "meter_start_date": "2024-05-31",
        "production": [11, 21],
        "micro_production": [11, 20],
        "meter_production": [0, 21],
        "meta": {"status": "normal", "last_report_at": epoch(REPORTED)},
    }
    cloud = Cloud(answered(totals))

    micro = ask(cloud, tmp_path, lambda client: client.day_totals(MICRO_PRODUCTION, HOUSE))
    meter = ask(cloud, tmp_path, lambda client: client.day_totals(METER_PRODUCTION, HOUSE))

    assert (micro.first_day, micro.energy_wh) == (date(2024, 5, 30), {"production": (11, 20)})
    assert (meter.energy_wh, meter.last_report_at) == ({"production": (0, 21)}, REPORTED)
    assert cloud.asked[0].path == f"{PATH}/energy_lifetime"
    assert cloud.queries() == [{"production": "all"}] * 2


def test_merged_totals_where_the_parts_are_not_given(tmp_path: Path) -> None:
    cloud = Cloud(answered({"start_date": "2024-05-30", "production": [11, None]}))

    found = ask(cloud, tmp_path, lambda client: client.day_totals(MICRO_PRODUCTION, HOUSE))

    assert (found.energy_wh, found.last_report_at) == ({"production": (11, None)}, None)


def test_consumption_totals(tmp_path: Path) -> None:
    cloud = Cloud(answered({"start_date": "2024-05-30", "consumption": [7, 0]}))

    found = ask(cloud, tmp_path, lambda client: client.day_totals(CONSUMPTION, HOUSE))

    assert (found.first_day, found.energy_wh) == (date(2024, 5, 30), {"consumption": (7, 0)})
    assert cloud.asked[0].path == f"{PATH}/consumption_lifetime"


@pytest.mark.parametrize(
    "nothing",
    [
        answered(b"", 204),
        answered({"start_date": None, "production": []}),
        answered({"reason": OUTSIDE, "start": "2024-06-01", "end": "2024-06-01"}, 422),
    ],
)
def test_no_totals_are_none(tmp_path: Path, nothing: httpx.Response) -> None:
    cloud = Cloud(nothing)

    found = ask(cloud, tmp_path, lambda client: client.day_totals(METER_PRODUCTION, HOUSE))

    assert (found.first_day, found.energy_wh) == (None, {})


def test_all_pages_of_systems(tmp_path: Path) -> None:
    pages = [
        answered({"systems": [{"system_id": 1, "system_name": "One"}], "next": "4d6a"}),
        answered({"systems": [{"system_id": 2, "meta": {"last_report_at": 5}}]}),
    ]
    cloud = Cloud(*pages)

    found = ask(cloud, tmp_path, lambda client: client.systems(HOUSE))

    assert [system.system_id for system in found] == [1, 2]
    assert cloud.queries() == [{"limit": "1000"}, {"limit": "1000", "next": "4d6a"}]
    assert cloud.asked[0].path == "/api/v2/systems"


def test_a_cursor_that_leads_nowhere_ends(tmp_path: Path) -> None:
    cloud = Cloud(answered({"systems": [], "next": "4d6a"}))

    with pytest.raises(SchemaSurprise, match="cursor of this very page"):
        ask(cloud, tmp_path, lambda client: client.systems(HOUSE))
    assert len(cloud.asked) == 2


def test_summary_of_a_day(tmp_path: Path) -> None:
    summary = {
        "system_id": SYSTEM,
        "modules": 8,
        "size_w": 2400,
        "current_power": 0,
        "energy_today": 8123,
        "energy_lifetime": 5904381,
        "summary_date": "2024-06-01",
        "source": "microinverters",
        "status": "normal",
        "operational_at": 1500000030,
        "last_report_at": epoch(REPORTED),
        "last_interval_end_at": epoch(MIDNIGHT),
    }
    cloud = Cloud(answered(summary))

    found = ask(cloud, tmp_path, lambda client: client.summary(HOUSE, date(2024, 6, 1)))

    assert (found.energy_today, found.energy_lifetime, found.source) == (
        8123,
        5904381,
        "microinverters",
    )
    assert cloud.queries() == [{"summary_date": "2024-06-01"}]


@pytest.mark.parametrize(
    ("status", "refused", "reason", "is_ahead"),
    [
        (
            422,
            {"reason": OUTSIDE, "start_at": 1, "first_interval": 1, "last_interval": 1652235600},
            f"{OUTSIDE}; its intervals end at 2022-05-11 02:20 UTC",
            False,
        ),
        (422, {"reason": OUTSIDE, "last_interval": None}, OUTSIDE, False),
        (
            422,
            {"reason": "Requested date is in the future"},
            "Requested date is in the future",
            True,
        ),
        (422, {"message": NO_METER}, NO_METER, False),
        (200, {"message": NO_METER}, NO_METER, False),
        (404, {"message": [NO_METER]}, NO_METER, False),
    ],
)
def test_a_refused_time_is_the_vendors_answer(
    tmp_path: Path, status: int, refused: dict[str, Any], reason: str, is_ahead: bool
) -> None:
    found = ask(Cloud(answered(refused, status)), tmp_path, day)

    assert isinstance(found, RefusedWindow)
    assert (found.refusal.reason, found.refusal.is_ahead) == (reason, is_ahead)
    assert (found.window, found.received_at) == (DAY, REPORTED)


@pytest.mark.parametrize(
    ("status", "refused", "error", "words"),
    [
        (
            401,
            {"reason": "401", "message": ["Not authorized to access requested resource."]},
            AccessRefused,
            ["Not authorized", "ENLIGHTEN_API_KEY", "user_id", "app_user_auth"],
        ),
        (
            404,
            {"reason": "404", "message": ["Couldn't find Site with 'id'=4127001"]},
            NotFound,
            ["Couldn't find Site with 'id'=4127001", "system_id"],
        ),
        (
            404,
            {"reason": "404", "message": ["Resource not found."]},
            NotFound,
            ["ENLIGHTEN_BASE_URL", "2024-06-30"],
        ),
        (410, b"<html>Gone</html>", NotFound, ["<html>Gone</html>", "retired"]),
        (302, b"", RequestRefused, ["Redirects"]),
        (
            422,
            {"reason": "Failed to parse date 17x"},
            RequestRefused,
            ["Failed to parse date 17x"],
        ),
        (
            422,
            {"reason": "Requested date range in one API hit cannot be more than 7 days. {…}"},
            RequestRefused,
            ["more than 7 days"],
        ),
        (
            422,
            {"message": "Couldn't find Site with 'id'=-1"},
            RequestRefused,
            ["Couldn't find Site"],
        ),
        (
            404,
            {"reason": "404", "errorMessages": ["Envoy not found with this serial number"]},
            NotFound,
            ["Envoy not found with this serial number"],
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    tmp_path: Path,
    status: int,
    refused: dict[str, Any] | bytes,
    error: type[EnergyPipelineError],
    words: list[str],
) -> None:
    cloud = Cloud(answered(refused, status))

    with pytest.raises(error) as raised:
        ask(cloud, tmp_path, day)

    text = str(raised.value)
    assert text.startswith(f"GET {PATH}/stats: Enlighten answered {status}")
    assert all(word in text for word in words), text
    assert len(cloud.asked) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        BUSY,
        answered({"errorCode": 7, "errorMessages": ["Data temporarily unavailable."]}, 500),
        answered(b"<html>503</html>", 503),
        httpx.ReadTimeout("silent"),
        httpx.RemoteProtocolError("peer closed connection"),
    ],
)
def test_passing_trouble_is_asked_again_and_every_try_is_a_hit(
    tmp_path: Path, trouble: httpx.Response | httpx.TransportError
) -> None:
    cloud, clock = Cloud(trouble, trouble, answered(body())), new_clock()

    async def question(client: EnlightenV2) -> int:
        await day(client)
        return client.connection.quota.spent_by_this_object

    assert ask(cloud, tmp_path, question, clock) == 3
    assert len(clock.slept_s) == 2
    assert min(clock.slept_s) > 0


def test_lasting_trouble_is_given_up(tmp_path: Path) -> None:
    cloud = Cloud(BUSY)

    with pytest.raises(ServiceUnavailable, match=r"after 5 tries.*temporarily unavailable"):
        ask(cloud, tmp_path, day)
    assert len(cloud.asked) == READS.tries


def test_a_bug_of_the_server_is_not_asked_again(tmp_path: Path) -> None:
    bug = {"reason": "500", "type": "NoMethodError", "message": ["undefined method `x'"]}
    cloud = Cloud(answered(bug, 500))

    with pytest.raises(ServiceUnavailable, match="undefined method"):
        ask(cloud, tmp_path, day)
    assert len(cloud.asked) == 1


def over(period: str, ends_in_s: int, **headers: str) -> httpx.Response:
    ends_at = epoch(REPORTED) + ends_in_s
    limits = {"period": period, "period_start": ends_at - 60, "period_end": ends_at, "limit": 10}
    refused = {"reason": "409", "message": ["Usage limit exceeded for plan Watt"], **limits}
    return answered(refused, 409, **headers)


def test_a_full_minute_is_waited_for(tmp_path: Path) -> None:
    clock, cloud = new_clock(), Cloud(over("minute", 40), answered(body()))

    ask(cloud, tmp_path, day, clock)

    assert clock.now() - REPORTED == timedelta(seconds=41)


def test_the_period_ends_by_the_vendors_clock(tmp_path: Path) -> None:
    """The vendor's clock is a year behind ours, and 25 s before the end of its minute."""
    behind = timedelta(days=365)
    told = format_datetime(REPORTED - behind, usegmt=True)
    ends_in_s = -int(behind.total_seconds()) + 25
    clock, cloud = new_clock(), Cloud(over("minute", ends_in_s, Date=told), answered(body()))

    ask(cloud, tmp_path, day, clock)

    assert clock.now() - REPORTED == timedelta(seconds=26)


@pytest.mark.parametrize("body_", [b"busy", b'{"reason":"409"}', b'{"period":"eon"}'])
def test_a_409_that_says_nothing_is_a_minute(tmp_path: Path, body_: bytes) -> None:
    clock, cloud = new_clock(), Cloud(answered(body_, 409), answered(body()))

    ask(cloud, tmp_path, day, clock)

    assert clock.now() - REPORTED == timedelta(minutes=1)


def test_a_period_that_is_over_is_no_reason_to_hurry(tmp_path: Path) -> None:
    clock, cloud = new_clock(), Cloud(over("minute", -3600))

    with pytest.raises(ServiceUnavailable, match="8 times in a row"):
        ask(cloud, tmp_path, day, clock)

    assert len(cloud.asked) == 8
    assert clock.slept_s == [2, 4, 8, 16, 32, 60, 60]


def test_a_full_month_ends_it_for_everybody(tmp_path: Path) -> None:
    clock, cloud = new_clock(), Cloud(over("month", 9 * 86_400))

    with pytest.raises(QuotaSpent) as raised:
        ask(cloud, tmp_path, day, clock)
    with pytest.raises(QuotaSpent):
        ask(cloud, tmp_path, day, clock)

    assert len(cloud.asked) == 1
    assert clock.slept_s == []
    spent = raised.value
    assert (spent.period, spent.limit) == ("month", 10)
    assert spent.goes_on_at == REPORTED + timedelta(days=9, seconds=1)


def test_a_full_month_in_another_time_than_ours_ends_this_run_alone(tmp_path: Path) -> None:
    """A vendor whose clock stands in another month knows alone when it goes on."""
    clock, cloud = new_clock(), Cloud(over("month", -86_400))

    for asked in (1, 2):
        with pytest.raises(QuotaSpent) as raised:
            ask(cloud, tmp_path, day, clock)
        assert len(cloud.asked) == asked
        assert raised.value.goes_on_at == REPORTED - timedelta(days=1)


def test_our_own_count_of_the_minute_is_waited_for(tmp_path: Path) -> None:
    clock = new_clock()

    async def question(client: EnlightenV2) -> None:
        for _ in range(11):
            await day(client)

    ask(Cloud(answered(body())), tmp_path, question, clock)

    assert clock.now() - REPORTED == timedelta(minutes=1)


@pytest.mark.parametrize(
    "trouble",
    [
        answered({"reason": "401", "message": [f"no {API_KEY}"]}, 401),
        answered(f"https://x/?key={API_KEY}&user_id={USER_ID}".encode(), 400),
        answered({"reason": f"Failed to parse date {USER_ID}"}, 422),
        answered({"systems": [{"system_id": API_KEY}]}),
        httpx.ConnectError(f"https://x/?key={API_KEY}&user_id={USER_ID}"),
        over("month", 60),
    ],
)
def test_no_secret_is_in_an_error_a_log_line_or_a_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, trouble: Any
) -> None:
    for logger in ("", "httpx", "httpcore", "energy_pipeline"):
        caplog.set_level(logging.DEBUG, logger)
    seen: list[str] = []

    async def question(client: EnlightenV2) -> None:
        seen.append(repr(client) + repr(HOUSE))
        for questioned in (day(client), client.systems(HOUSE)):
            try:
                seen.append(repr(await questioned))
            except EnergyPipelineError as error:
                seen.append(f"{error!r} {error} {error.__cause__!r} {vars(error)}")
                logging.getLogger("energy_pipeline").exception("failed")

    ask(Cloud(trouble), tmp_path, question)

    everything = caplog.text + "".join(seen)
    assert "/api/v2/systems" in everything
    assert API_KEY not in everything
    assert USER_ID not in everything
