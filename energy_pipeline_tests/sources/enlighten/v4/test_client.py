"""Every question of dialect v4 at the transport seam, on bodies as the vendor documents them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
import pytest
from pydantic import SecretStr

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.sites import EnlightenAccess, Stream
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.http.client import open_client
from energy_pipeline.sources.enlighten.answers import (
    IntervalAnswer,
    ParsedAnswers,
    parse_intervals,
)
from energy_pipeline.sources.enlighten.dialect import RefusedWindow, series_of
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v4.client import EnlightenV4
from energy_pipeline.sources.enlighten.v4.connection import Connection
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.quota import Quota, account_fingerprint
from energy_pipeline_tests.sources.enlighten.bodies import SYSTEM
from energy_pipeline_tests.sources.enlighten.cloud import (
    API_KEY,
    PLAN,
    Cloud,
    answered,
    new_clock,
)
from energy_pipeline_tests.sources.enlighten.v4.tokens import CountedTokens

Found = TypeVar("Found")
START = datetime(2026, 6, 10, 6, tzinfo=UTC)  # midnight in Denver
EPOCH = int(START.timestamp())
HOUSE = EnlightenAccess(api="v4", system_id=SYSTEM)
METERED = EnlightenAccess(api="v4", system_id=SYSTEM, production="meter")
META = {
    "status": "normal",
    "last_report_at": EPOCH + 50_472,
    "last_energy_at": EPOCH + 49_957,
    "operational_at": 1681833944,
}
WINDOW = {
    "system_id": SYSTEM,
    "granularity": "day",
    "total_devices": 1,
    "start_at": EPOCH,
    "end_at": EPOCH + 49_500,
    "items": "intervals",
}


def telemetry(*intervals: Any, **members: Any) -> dict[str, Any]:
    return {**WINDOW, "intervals": list(intervals), "meta": META, **members}


def quarter(number: int, **members: Any) -> dict[str, Any]:
    return {"end_at": EPOCH + 900 * number, **members}


def ask(cloud: Cloud, folder: Path, question: Callable[[EnlightenV4], Awaitable[Found]]) -> Found:
    async def run() -> Found:
        clock = new_clock()
        quota = Quota(state, "Enlighten", account_fingerprint(API_KEY), PLAN, clock)
        transport = httpx.MockTransport(cloud)
        async with open_client("https://api.enphaseenergy.com", transport=transport) as http:
            connection = Connection(http, quota, SecretStr(API_KEY), CountedTokens(), clock)
            return await question(EnlightenV4(connection))

    state = StateDatabase(f"sqlite:///{folder}/state.db")
    try:
        return asyncio.run(run())
    finally:
        state.close()


def read(
    body: Any, stream: Stream, access: EnlightenAccess = HOUSE, length: timedelta | None = None
) -> ParsedAnswers:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    window = Span(START, START + (length or timedelta(days=1)))
    answer = IntervalAnswer("GET /api/v4/x", SYSTEM, window, content, START)
    return parse_intervals([answer], series_of(access, stream), stream)


@pytest.mark.parametrize(
    ("stream", "access", "endpoint"),
    [
        ("production", HOUSE, "telemetry/production_micro"),
        ("production", METERED, "telemetry/production_meter"),
        ("consumption", HOUSE, "telemetry/consumption_meter"),
        ("battery_charge", HOUSE, "telemetry/battery"),
        ("battery_discharge", HOUSE, "telemetry/battery"),
        ("grid_import", HOUSE, "energy_import_telemetry"),
        ("grid_export", HOUSE, "energy_export_telemetry"),
    ],
)
@pytest.mark.parametrize(
    ("length", "granularity"), [(timedelta(hours=23), "day"), (timedelta(days=6), "week")]
)
def test_intervals_of_a_window(
    tmp_path: Path,
    stream: Stream,
    access: EnlightenAccess,
    endpoint: str,
    length: timedelta,
    granularity: str,
) -> None:
    cloud = Cloud(answered(telemetry()))
    window = Span(START, START + length)

    found = ask(cloud, tmp_path, lambda c: c.intervals(series_of(access, stream), access, window))

    assert isinstance(found, IntervalAnswer)
    assert found.request == f"GET /api/v4/systems/{SYSTEM}/{endpoint}"
    assert cloud.queries() == [{"start_at": str(EPOCH), "granularity": granularity}]


def test_a_refused_window(tmp_path: Path) -> None:
    details = "Invalid request because of 'Requested date is in the future'"
    cloud = Cloud(answered({"message": "x", "details": details, "code": 422}, 422))
    series, window = series_of(HOUSE, "consumption"), Span(START, START + timedelta(days=1))

    found = ask(cloud, tmp_path, lambda client: client.intervals(series, HOUSE, window))

    assert isinstance(found, RefusedWindow)
    assert (found.window, found.refusal.is_ahead) == (window, True)


def test_micros() -> None:
    body = telemetry(
        {"end_at": EPOCH + 300, "devices_reporting": 6, "powr": 2, "enwh": 0},
        {"end_at": EPOCH + 600, "devices_reporting": 20, "powr": 4305, "enwh": 359},
        total_devices=20,
        new_member={"of": "tomorrow"},
    )

    parsed = read(body, "production")

    (head,) = parsed.heads
    assert not isinstance(head, SchemaSurprise)
    assert (head.devices_total, head.ends_at) == (20, START + timedelta(seconds=49_500))
    rows = parsed.rows.drop_columns(["answer", "end_at"]).to_pylist()
    assert rows == [
        {"energy_wh": 0.0, "power_w": 2.0, "devices_reporting": 6, "devices_total": 20},
        {"energy_wh": 359.0, "power_w": 4305.0, "devices_reporting": 20, "devices_total": 20},
    ]


@pytest.mark.parametrize(
    ("stream", "access", "members"),
    [
        ("production", METERED, {"devices_reporting": 1, "wh_del": 7}),
        ("consumption", HOUSE, {"devices_reporting": 1, "enwh": 7}),
        ("grid_import", HOUSE, {"wh_imported": 7}),
        ("grid_export", HOUSE, {"wh_exported": 7}),
    ],
)
def test_quarters(stream: Stream, access: EnlightenAccess, members: dict[str, Any]) -> None:
    parsed = read(telemetry(quarter(1, **members)), stream, access)

    (row,) = parsed.rows.to_pylist()
    assert (row["end_at"], row["energy_wh"]) == (START + timedelta(minutes=15), 7)
    assert row["power_w"] is None
    assert row["devices_reporting"] == members.get("devices_reporting")


def test_what_a_battery_took_and_gave() -> None:
    whole = {"soc": {"percent": 61, "devices_reporting": 1}}
    body = telemetry(
        quarter(
            1,
            charge={"enwh": 5, "devices_reporting": 1},
            discharge={"enwh": 112, "devices_reporting": 2},
            **whole,
        ),
        quarter(2, charge=None, discharge={"enwh": 3, "devices_reporting": 1}, **whole),
        last_reported_aggregate_soc="97%",
    )
    del body["meta"]

    charge, discharge = read(body, "battery_charge"), read(body, "battery_discharge")

    assert charge.rows["energy_wh"].to_pylist() == [5]
    assert discharge.rows["energy_wh"].to_pylist() == [112, 3]
    assert discharge.rows["devices_reporting"].to_pylist() == [2, 1]


@pytest.mark.parametrize(
    ("intervals", "found"),
    [
        ([[quarter(1, wh_imported=6), quarter(2, wh_imported=4)]], [6, 4]),
        ([[quarter(1, wh_imported=6)], [quarter(2, wh_imported=4)]], [6, 4]),
        ([quarter(1, wh_imported=6)], [6]),
        ([[]], []),
        ([], []),
        ([[quarter(1, wh_imported=6), quarter(2, wh_imported=None)]], [6]),
    ],
)
def test_lists_in_a_list_are_one(intervals: list[Any], found: list[float]) -> None:
    parsed = read(telemetry(*intervals, total_devices=0), "grid_import")

    assert parsed.rows["energy_wh"].to_pylist() == found
    (head,) = parsed.heads
    assert not isinstance(head, SchemaSurprise)
    assert head.devices_total is None, "it is 0 there although a meter measures"


@pytest.mark.parametrize(
    ("body", "stream", "words"),
    [
        (telemetry(quarter(1, enwh="7")), "consumption", ["intervals[0].enwh", "'7'"]),
        (
            telemetry({"end_at": "2026", "enwh": 7}),
            "consumption",
            ["intervals[0].end_at", "'2026'"],
        ),
        (telemetry(quarter(1, charge=5)), "battery_charge", ["intervals[0].charge", "5"]),
        (telemetry([quarter(1, wh_exported=5)]), "grid_import", ["intervals[0].wh_imported"]),
        (telemetry(5), "grid_import", ["intervals[0]", "5"]),
        (b"[5", "grid_import", ["JSON"]),
        ({**telemetry(), "intervals": None}, "consumption", ["intervals"]),
        (telemetry(quarter(500, enwh=7)), "consumption", ["inside the window"]),
    ],
)
def test_another_shape_is_named_with_place_and_value(
    body: Any, stream: Stream, words: list[str]
) -> None:
    parsed = read(body, stream)

    (head,) = parsed.heads
    assert isinstance(head, SchemaSurprise)
    assert str(head).startswith("GET /api/v4/x: ")
    assert all(word in str(head) for word in words), str(head)


def test_a_window_that_was_moved_behind_its_end_is_empty() -> None:
    """Before the first report, the vendor begins at that day's midnight."""
    body = telemetry(quarter(500, enwh=7), start_at=EPOCH + 3 * 86_400)

    parsed = read(body, "consumption")

    assert parsed.rows.num_rows == 0
    assert not isinstance(parsed.heads[0], SchemaSurprise)


def series(stream: Stream) -> IntervalSeries:
    return series_of(HOUSE, stream)


@pytest.mark.parametrize(
    ("asked", "endpoint", "members", "found"),
    [
        (
            series("production"),
            "energy_lifetime",
            {"production": [3, 4], "micro_production": [3, 2], "meter_production": [1, 4]},
            {"production": (3, 2)},
        ),
        (
            series_of(METERED, "production"),
            "energy_lifetime",
            {"production": [3, 4], "micro_production": [3, 2], "meter_production": [1, 4]},
            {"production": (1, 4)},
        ),
        (
            series("consumption"),
            "consumption_lifetime",
            {"consumption": [5, None]},
            {"consumption": (5, None)},
        ),
        (
            series("battery_discharge"),
            "battery_lifetime",
            {"discharge": [1, 2], "charge": [3, 4]},
            {"battery_charge": (3, 4), "battery_discharge": (1, 2)},
        ),
        (
            series("grid_import"),
            "energy_import_lifetime",
            {"import": [5, 6]},
            {"grid_import": (5, 6)},
        ),
        (
            series("grid_export"),
            "energy_export_lifetime",
            {"export": [7, 8]},
            {"grid_export": (7, 8)},
        ),
    ],
)
def test_totals_of_the_whole_life(
    tmp_path: Path,
    asked: IntervalSeries,
    endpoint: str,
    members: dict[str, Any],
    found: dict[str, Any],
) -> None:
    body = {"system_id": SYSTEM, "start_date": "2026-06-07", **members, "meta": META}
    cloud = Cloud(answered(body))

    totals = ask(cloud, tmp_path, lambda client: client.day_totals(asked, HOUSE))

    assert (totals.first_day, totals.energy_wh) == (date(2026, 6, 7), found)
    assert totals.last_report_at == START + timedelta(seconds=50_472)
    assert cloud.asked[0].path == f"/api/v4/systems/{SYSTEM}/{endpoint}"
    parts = {"production": "all"} if endpoint == "energy_lifetime" else {}
    assert cloud.queries() == [parts]


def test_totals_without_their_list_are_a_surprise(tmp_path: Path) -> None:
    cloud = Cloud(answered({"system_id": SYSTEM, "start_date": "2026-06-07", "charge": [3]}))

    with pytest.raises(SchemaSurprise, match="discharge: found nothing"):
        ask(cloud, tmp_path, lambda c: c.day_totals(series("battery_charge"), HOUSE))


def test_totals_that_are_not_there_yet(tmp_path: Path) -> None:
    details = "Requested date range is invalid for this system. {:start_at=>2024-01-31}"
    cloud = Cloud(answered({"message": "x", "details": details, "code": 422}, 422))

    totals = ask(cloud, tmp_path, lambda c: c.day_totals(series("consumption"), HOUSE))

    assert (totals.first_day, dict(totals.energy_wh)) == (None, {})
    assert "Requested date range is invalid" in totals.detail


def test_all_pages_of_systems(tmp_path: Path) -> None:
    def system(number: int, **members: Any) -> dict[str, Any]:
        frozen = {"energy_lifetime": -1, "energy_today": -1, "system_size": -1}
        return {"system_id": number, "name": f"House {number}", **frozen, **members}

    first = [system(number, interconnect_date=1652232279) for number in range(100)]
    last = [system(100, status="comm", last_report_at=5, timezone="US/Pacific")]
    pages = [
        answered({"total": 101, "current_page": n, "size": 100, "systems": systems})
        for n, systems in enumerate((first, last), start=1)
    ]
    cloud = Cloud(*pages)

    found = ask(cloud, tmp_path, lambda client: client.systems(HOUSE))

    assert [each.system_id for each in found] == list(range(101))
    assert (found[-1].system_name, found[-1].timezone) == ("House 100", "US/Pacific")
    meta = found[-1].meta
    assert meta is not None
    assert (meta.status, meta.last_report_at, meta.operational_at) == ("comm", 5, None)
    assert cloud.queries() == [{"page": "1", "size": "100"}, {"page": "2", "size": "100"}]


def test_a_total_that_no_page_reaches_ends(tmp_path: Path) -> None:
    cloud = Cloud(answered({"total": 900, "systems": []}))

    assert ask(cloud, tmp_path, lambda client: client.systems(HOUSE)) == []
    assert len(cloud.requests) == 1


def test_summary_of_a_day(tmp_path: Path) -> None:
    summary = {
        "system_id": SYSTEM,
        "current_power": 4311,
        "energy_lifetime": 31288450,
        "energy_today": 24180,
        "last_interval_end_at": 1781121157,
        "last_report_at": 1781121672,
        "modules": 20,
        "operational_at": None,
        "size_w": 7600,
        "nmi": None,
        "source": "meter",
        "status": "normal",
        "summary_date": "2026-06-10",
        "battery_charge_w": 3840,
        "evse_power": [{"202411007731": {"evse_max_charge_w": 9600}}],
    }
    cloud = Cloud(answered(summary))

    found = ask(cloud, tmp_path, lambda client: client.summary(HOUSE, date(2026, 6, 10)))

    assert (found.energy_today, found.energy_lifetime, found.source) == (24180, 31288450, "meter")
    assert cloud.queries() == [{"summary_date": "2026-06-10"}]
