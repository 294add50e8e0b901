"""The client below its surface: what it asks on the wire and how it takes what comes back."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.errors import (
    AccessRefused,
    NotFound,
    QuotaSpent,
    RequestRefused,
    SchemaSurprise,
    ServiceUnavailable,
)
from energy_pipeline.sinks.enerkey.messages import Message
from energy_pipeline.sinks.enerkey.session import EnerKeySession, open_enerkey
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
SECRET_A, SECRET_B = "very-secret-key-a", "very-secret-key-b"
MESSAGE = Message("consumption", 101, ((DAY.start, 12.5), (DAY.start + timedelta(hours=1), 1e-6)))

Answers = Callable[[httpx.Request], httpx.Response]


class Wire:
    """Answers requests without a network and keeps them."""

    def __init__(self, folder: Path, answer: Answers, **environ: str) -> None:
        self.requests: list[httpx.Request] = []
        self.clock = ManualClock(NOW)
        self.answer = answer
        keys = {"ENERKEY_API_KEY_A": SECRET_A, "ENERKEY_API_KEY_B": SECRET_B}
        self.settings = load_settings(
            {**keys, "ENERKEY_REQUESTS_PER_SECOND": "1000", **environ}, None
        )
        self.state = StateDatabase(f"sqlite:///{folder}/state.db")

    def ask(self, question: Callable[[EnerKeySession], Any]) -> Any:
        def handle(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return self.answer(request)

        async def asked() -> Any:
            transport = httpx.MockTransport(handle)
            opened = open_enerkey(
                self.settings, self.state, self.clock, rng=Random(1), transport=transport
            )
            async with opened as session:
                return await question(session)

        return asyncio.run(asked())

    def push(self, message: Message = MESSAGE) -> Any:
        async def pushed(session: EnerKeySession) -> Any:
            await session.client.allow_push()
            return await session.client.push(message)

        return self.ask(pushed)

    def read(self, meter_ids=(101,), span: Span = DAY) -> Any:
        return self.ask(lambda session: session.client.hourly_values(meter_ids, span))


@pytest.fixture
def wire(tmp_path: Path):
    made: list[Wire] = []

    def make(answer: Answers, **environ: str) -> Wire:
        made.append(Wire(tmp_path, answer, **environ))
        return made[-1]

    yield make
    for each in made:
        each.state.close()


def json(*bodies: Any, status: int = 200, **headers: str) -> Answers:
    """Answer with the bodies in turn, the last one for ever."""
    left = list(bodies)

    def answer(_: httpx.Request) -> httpx.Response:
        body = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(status, json=body, headers=headers)

    return answer


def codes(*statuses: int, body: Any = None) -> Answers:
    left = list(statuses)

    def answer(_: httpx.Request) -> httpx.Response:
        status = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(status, json=[] if status == 200 else body)

    return answer


def values(*rows: tuple[str, float | None], meter_id: int = 101) -> dict[str, Any]:
    return {"meterId": meter_id, "values": [{"timestamp": at, "value": v} for at, v in rows]}


def test_timestamps_of_a_query_are_percent_encoded_and_lists_repeat_the_name(wire):
    running = wire(json([values(), values(meter_id=102)]))
    running.read([101, 102])
    assert running.requests[0].url.raw_path == (
        b"/api/v2/Values/HourlyValues?meterIds=101&meterIds=102"
        b"&from=2026-01-01T00%3A00%3A00Z&to=2026-01-02T00%3A00%3A00Z"
    )


def test_a_push_is_rows_of_utc_hours_and_plain_decimals(wire):
    running = wire(json({}))
    assert running.push().verdict == "accepted"
    (request,) = running.requests
    assert (request.method, request.url.path) == (
        "POST",
        "/api/v2/Values/PushConsumptionsForMeter/101",
    )
    assert request.content == (
        b'[{"timestamp":"2026-01-01T00:00:00Z","value":12.5},'
        b'{"timestamp":"2026-01-01T01:00:00Z","value":0.000001}]'
    )
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


def test_the_key_alone_is_the_authorization_and_no_cookie_or_proxy_is_added(wire, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:word@127.0.0.1:1")
    running = wire(json([]))
    running.ask(lambda session: session.client.quantities())
    assert running.requests[0].headers["Authorization"] == SECRET_A
    assert "Cookie" not in running.requests[0].headers


def test_values_are_compared_as_instants_and_nothing_is_not_zero(wire):
    answer = [
        values(
            ("2026-01-01T02:00:00+02:00", 0.0),
            ("2026-01-01T01:00:00.000Z", 1.5),
            ("2026-01-01T02:00:00Z", None),
            ("2026-01-02T00:00:00Z", 9.0),  # a closed range: the end belongs to the next one
        )
    ]
    found = wire(json(answer)).read([101, 102])
    assert found == {101: {DAY.start: 0.0, DAY.start + timedelta(hours=1): 1.5}}


def test_field_names_are_read_in_any_letter_case(wire):
    pascal = [{"MeterId": 101, "Values": [{"Timestamp": "2026-01-01T00:00:00Z", "Value": 2}]}]
    assert wire(json(pascal)).read() == {101: {DAY.start: 2.0}}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"a": 1}, "answer: found {'a': 1}; allowed: a list"),
        ([values(("2026-01-01T00:00:00Z", 1.0), ("2026-01-01T02:00:00+02:00", 1.0))], "once"),
        ([values(), values()], "each meter once"),
        ([values(("2026-01-01T00:00:00", 1.0))], "an instant with Z or an offset"),
        ([values(("2026-01-01T00:30:00Z", 1.0))], "a full hour"),
        ([{"meterId": 101, "values": [{"timestamp": "x", "value": 1}]}], "found 'x'"),
        ([values(("2026-01-01T00:00:00Z", "1.0"))], "[0].values[0].value: found '1.0'"),
        ([{"meterId": "a1", "values": []}], "[0].meterId: found 'a1'; allowed: a whole number"),
    ],
)
def test_an_answer_of_another_shape_is_an_error_that_names_the_place(wire, answer, says):
    with pytest.raises(SchemaSurprise) as surprise:
        wire(json(answer)).read()
    assert says in str(surprise.value)
    assert str(surprise.value).startswith("GET /api/v2/Values/HourlyValues: ")


def test_reads_are_cut_to_50_meters_and_31_days(wire):
    running = wire(json([]))
    running.read(list(range(1, 121)), Span(DAY.start, DAY.start + timedelta(days=40)))
    asked = [(len(r.url.params.get_list("meterIds")), r.url.params["to"]) for r in running.requests]
    assert [count for count, _ in asked] == [50, 50, 50, 50, 20, 20]
    assert {to for _, to in asked} == {"2026-02-01T00:00:00Z", "2026-02-10T00:00:00Z"}


def test_meters_come_nested_or_flat(wire):
    below = {"id": 102, "facilityId": 11, "name": "b", "readingType": "cumulative"}
    nested = [{"id": 101, "facilityId": 11, "name": "a", "unit": "kWh", "subMeters": [below]}]
    flat = [{"id": 101, "facilityId": 11, "subMeters": None}, {**below, "parentMeterId": 101}]
    for answer in (nested, flat):
        found = wire(json(answer)).ask(lambda session: session.client.meters([11]))
        assert [(meter.id, meter.parent_meter_id) for meter in found] == [(101, None), (102, 101)]


def test_meters_are_asked_for_100_facilities_at_a_time(wire):
    running = wire(json([]))
    running.ask(lambda session: session.client.meters(list(range(250))))
    assert [len(r.url.params.get_list("facilityIds")) for r in running.requests] == [100, 100, 50]


def test_a_refused_key_gives_way_to_the_other_one_for_good(wire):
    def answer(request: httpx.Request) -> httpx.Response:
        good = request.headers["Authorization"] == SECRET_B
        return httpx.Response(200 if good else 401, json=[])

    running = wire(answer)

    async def twice(session: EnerKeySession) -> None:
        await session.client.quantities()
        await session.client.allow_push()
        assert (await session.client.push(MESSAGE)).verdict == "accepted"

    running.ask(twice)
    used = [request.headers["Authorization"] for request in running.requests]
    assert used == [SECRET_A, SECRET_B, SECRET_B]


def test_a_push_goes_over_to_the_other_key_and_is_still_sent_once(wire):
    running = wire(codes(401, 200))
    assert running.push().verdict == "accepted"
    assert len(running.requests) == 2


def test_two_refused_keys_end_it(wire):
    running = wire(codes(401))
    with pytest.raises(AccessRefused, match="does not accept the key"):
        running.ask(lambda session: session.client.quantities())
    assert len(running.requests) == 2
    assert wire(codes(401)).push().verdict == "denied"


def test_403_is_never_tried_with_the_other_key(wire):
    running = wire(codes(403))
    with pytest.raises(AccessRefused, match="service desk"):
        running.ask(lambda session: session.client.quantities())
    assert running.push().verdict == "denied"
    assert len(running.requests) == 2


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (400, RequestRefused)])
def test_a_definite_no_to_a_read_is_not_repeated(wire, status, error):
    running = wire(codes(status, body={"title": "No such thing."}))
    with pytest.raises(error, match="No such thing"):
        running.read()
    assert len(running.requests) == 1


def test_a_redirect_is_not_followed(wire):
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "https://elsewhere.example/"})

    running = wire(answer)
    with pytest.raises(RequestRefused):
        running.read()
    assert len(running.requests) == 1
    assert running.push().verdict == "refused"


@pytest.mark.parametrize("broken", [500, 503, b"[{", b"<html>"])
def test_passing_trouble_of_a_read_is_waited_out(wire, broken):
    left = [broken, broken]

    def answer(_: httpx.Request) -> httpx.Response:
        if not left:
            return httpx.Response(200, json=[values()])
        trouble = left.pop()
        if isinstance(trouble, bytes):
            return httpx.Response(200, content=trouble)
        return httpx.Response(trouble)

    running = wire(answer)
    assert running.read() == {101: {}}
    assert len(running.clock.slept_s) == 2


def test_a_service_that_stays_down_is_given_up(wire):
    running = wire(codes(503))
    with pytest.raises(ServiceUnavailable, match="GET /api/v2/Values/HourlyValues"):
        running.read()
    assert len(running.requests) == 5


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, "accepted"),
        (202, "accepted"),
        (204, "accepted"),
        (302, "refused"),
        (400, "refused"),
        (403, "denied"),
        (404, "refused"),
        (405, "refused"),
        (408, "unknown"),
        (409, "refused"),
        (413, "too_large"),
        (415, "refused"),
        (422, "refused"),
        (429, "limited"),
        (500, "unknown"),
        (502, "unknown"),
        (503, "unknown"),
        (504, "unknown"),
    ],
)
def test_the_fate_of_a_push_by_its_answer(wire, status, verdict):
    running = wire(codes(status))
    assert running.push().verdict == verdict
    assert len(running.requests) == 1


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (httpx.ConnectError("no"), "not_sent"),
        (httpx.ConnectTimeout("no"), "not_sent"),
        (httpx.ReadTimeout("no"), "unknown"),
        (httpx.WriteTimeout("no"), "unknown"),
        (httpx.WriteError("no"), "unknown"),
        (httpx.ReadError("no"), "unknown"),
        (httpx.RemoteProtocolError("no"), "unknown"),
        (httpx.DecodingError("no"), "unknown"),
    ],
)
def test_the_fate_of_a_push_without_an_answer(wire, error, verdict):
    def answer(_: httpx.Request) -> httpx.Response:
        raise error

    assert wire(answer).push().verdict == verdict


def test_what_the_vendor_says_is_kept_in_one_line(wire):
    body = {
        "title": "One or more errors.",
        "errors": {"[17].timestamp": ["The timestamp must carry Z."]},
    }
    detail = wire(codes(400, body=body)).push().detail
    assert detail == (
        "EnerKey answered 400: One or more errors.; [17].timestamp The timestamp must carry Z."
    )
    assert (
        "no good" in wire(codes(400, body={"statusCode": 400, "message": "no\ngood"})).push().detail
    )


def test_a_limited_read_waits_as_long_as_it_is_told(wire):
    left = [httpx.Response(429, headers={"Retry-After": "90"}), httpx.Response(200, json=[])]
    running = wire(lambda _: left.pop(0))
    running.read()
    assert sum(running.clock.slept_s) == pytest.approx(90, abs=1)


def test_a_limit_of_zero_seconds_does_not_burn_the_budget(wire):
    running = wire(lambda _: httpx.Response(429, headers={"Retry-After": "0"}))
    with pytest.raises(ServiceUnavailable, match="again and again"):
        running.read()
    assert len(running.requests) <= 8
    assert all(wait > 0 for wait in running.clock.slept_s)


def test_a_long_limit_ends_the_run_for_every_process(wire):
    running = wire(lambda _: httpx.Response(429, headers={"Retry-After": "5000"}))
    with pytest.raises(QuotaSpent) as spent:
        running.read()
    assert spent.value.goes_on_at == NOW + timedelta(seconds=5000)
    with pytest.raises(QuotaSpent):
        running.push()
    assert len(running.requests) == 1


def test_every_try_is_counted_before_it_leaves(wire):
    running = wire(codes(503), ENERKEY_REQUESTS_PER_DAY="3")
    with pytest.raises(QuotaSpent):
        running.read()
    assert len(running.requests) == 3


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Rate-Limit": "499"},
        {"X-Rate-Limit-Limit": "1d", "X-Rate-Limit-Remaining": "499"},
        {"X-Rate-Limit": "30000", "X-Rate-Limit-Remaining": "499"},
    ],
)
def test_the_last_requests_of_the_day_are_kept_for_read_backs(wire, headers):
    running = wire(lambda _: httpx.Response(200, json=[], headers=headers))
    running.read()
    with pytest.raises(QuotaSpent):
        running.push()
    running.ask(lambda s: s.client.hourly_values([101], DAY, is_read_back=True))
    assert len(running.requests) == 2


@pytest.mark.parametrize("text", ["1d", "", "many"])
def test_a_rate_header_that_is_no_number_is_passed_over(wire, text):
    running = wire(lambda _: httpx.Response(200, json=[], headers={"X-Rate-Limit": text}))
    running.read()
    running.push()
    assert len(running.requests) == 2


def test_no_secret_is_in_any_log_line_error_or_text(wire, caplog):
    caplog.set_level(logging.DEBUG)

    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers["Authorization"]
        return httpx.Response(400, json={"title": f"bad key {key}"})

    running = wire(answer)
    outcome = running.push()
    with pytest.raises(RequestRefused) as refused:
        running.read()
    seen = "\n".join([outcome.detail, str(refused.value), repr(refused.value), caplog.text])
    for secret in (SECRET_A, SECRET_B):
        assert secret not in seen
    assert "bad key ***" in outcome.detail
    assert SECRET_A not in repr(running.settings)
