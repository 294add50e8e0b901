import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from energy_pipeline.simulators.enlighten.accounts import (
    DEMO_API_KEY,
    DEMO_APPLICATION,
    Application,
    Owner,
)
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant, user_id_of
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.enlighten.v4.routes import ENDPOINTS
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.simulators.enlighten.asking import (
    NOON,
    epoch,
    house,
    send,
    simulator,
)
from energy_pipeline_tests.simulators.enlighten.v4.asking import (
    ask,
    battery_house,
    bearer,
    refused,
)

SUMMARY = "/api/v4/systems/67/summary"
MICROS = "/systems/67/devices/micros/telemetry"
OTHER = Application("other-id", "other-secret", "other-key", "2", "Another application")
NO_KEY = (401, "Keys are missing at Header location")
NO_TOKEN = (401, "User is not authorized")
NOT_SERVED = (401, "Not authorized to access this resource")


def every_path(sim):
    """Every endpoint's method, path and good parameters."""
    system = sim.fleet.systems[67]
    good = {
        "serial_num": system.gateway_serial,
        "site_id": "67",
        "start_time": str(int(sim.clock.now().timestamp()) - 3600),
    }
    serials = {"micros": "122100067000", "encharges": "482300000067"}
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace("{system_id}", "67")
        for kind, serial in serials.items():
            path = path.replace(f"{kind}/{{serial_no}}", f"{kind}/{serial}")
        yield endpoint, f"/systems/{path}", good


def test_every_endpoint_answers_with_key_and_token():
    sim = simulator(battery_house(), switches=Switches(plan="Partner"))
    seen = list(every_path(sim))
    assert len(seen) == 31
    for endpoint, path, good in seen:
        answer = ask(sim, path, endpoint.method, body={"system": {}}, **good)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["Status"] == "200"
    assert sim.hits == len(seen)


def test_the_key_is_taken_from_the_query_or_from_a_header():
    sim = simulator()
    token = bearer(sim)
    assert send(sim, "GET", f"{SUMMARY}?key={DEMO_API_KEY}", headers=token).status_code == 200
    headers = {**token, "key": DEMO_API_KEY}
    assert send(sim, "GET", SUMMARY, headers=headers).status_code == 200
    assert refused(send(sim, "GET", SUMMARY, headers=token)) == NO_KEY
    in_body = send(sim, "POST", "/api/v4/systems/search", headers=token, json={"key": DEMO_API_KEY})
    assert refused(in_body) == NO_KEY
    assert sim.hits == 2


@pytest.mark.parametrize("authorization", [None, "Bearer x", "Bearer ", "Basic {token}", "{token}"])
def test_a_token_that_is_none_is_unauthorized(authorization):
    sim = simulator()
    token = str(sim.new_tokens()["access_token"])
    headers = {"Authorization": authorization.format(token=token)} if authorization else {}
    assert refused(send(sim, "GET", f"{SUMMARY}?key={DEMO_API_KEY}", headers=headers)) == NO_TOKEN
    assert sim.hits == 0


def test_an_access_token_is_refused_when_it_is_too_old_and_a_refresh_token_always():
    sim = simulator()
    tokens = sim.new_tokens()
    url = f"{SUMMARY}?key={DEMO_API_KEY}"

    def status(name):
        headers = {"Authorization": f"Bearer {tokens[name]}"}
        return send(sim, "GET", url, headers=headers).status_code

    assert status("refresh_token") == 401
    sim.clock.advance(int(str(tokens["expires_in"])) - 1)
    assert status("access_token") == 200
    sim.clock.advance(1)
    assert status("access_token") == 401


def test_key_and_token_must_belong_to_one_application():
    sim = simulator(applications=(DEMO_APPLICATION, OTHER))
    for key, application in ((DEMO_API_KEY, OTHER), ("other-key", DEMO_APPLICATION), ("x", OTHER)):
        answer = send(sim, "GET", f"{SUMMARY}?key={key}", headers=bearer(sim, application))
        assert answer.json()["message"] == "API Key -Client mismatch"
        assert refused(answer)[0] == 401
    answer = send(sim, "GET", f"{SUMMARY}?key=other-key", headers=bearer(sim, OTHER))
    assert answer.status_code == 200


def test_the_free_plan_serves_no_single_devices():
    sim = simulator()
    assert refused(ask(sim, MICROS)) == NOT_SERVED
    assert sim.hits == 0
    for plan in ("Kilowatt", "megawatt", "Partner"):
        sim.switches = Switches(plan=plan)
        assert ask(sim, MICROS).status_code == 200


def test_the_free_plan_serves_everything_else():
    sim = simulator(battery_house(), switches=Switches(plan="Watt"))
    outside = set()
    for endpoint, path, good in every_path(sim):
        answer = ask(sim, path, endpoint.method, body={"system": {}}, **good)
        if answer.status_code == 401:
            outside.add(endpoint.group)
        else:
            assert endpoint.group != "devices"
    assert outside == {"devices"}


def test_a_group_that_the_application_has_not_ticked_is_not_served():
    producer = replace(DEMO_APPLICATION, groups=frozenset({"system_details", "production"}))
    sim = simulator(applications=(producer,))
    assert ask(sim, "/systems/67/telemetry/production_micro").status_code == 200
    assert refused(ask(sim, "/systems/67/telemetry/consumption_meter")) == NOT_SERVED


def test_a_system_of_somebody_else_is_forbidden_and_an_unknown_one_not_found():
    grants = {DEMO_USER_ID: Grant(frozenset({67}))}
    sim = simulator(house(67), house(68), grants=grants)
    answer = ask(sim, "/systems/68/summary")
    assert answer.json()["message"] == "Forbidden"
    assert refused(answer) == (403, "Not authorized to access this resource")
    for unknown in ("4127001", "abc"):
        answer = ask(sim, f"/systems/{unknown}/summary")
        assert answer.json()["message"] == "Not Found"
        assert refused(answer) == (404, f'System not found for {{:id=>"{unknown}"}}')


def test_tokens_show_the_systems_of_their_own_user():
    other = user_id_of(5)
    owner = Owner("second@example.test", "secret", other)
    grants = {DEMO_USER_ID: Grant(frozenset({67})), other: Grant(frozenset({68}))}
    sim = simulator(house(67), house(68), grants=grants)
    url = f"/api/v4/systems/68?key={DEMO_API_KEY}"
    assert send(sim, "GET", url, headers=bearer(sim)).status_code == 403
    assert send(sim, "GET", url, headers=bearer(sim, owner=owner)).status_code == 200
    sim = simulator(house(67))  # the owner has withdrawn the access
    answer = send(sim, "GET", f"{SUMMARY}?key={DEMO_API_KEY}", headers=bearer(sim, owner=owner))
    assert refused(answer) == NO_TOKEN


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/systems/67/summary"),
        ("GET", "/systems/search"),
        ("GET", "/nothing"),
        ("GET", "/systems/67/nothing"),
        ("DELETE", "/systems"),
    ],
)
def test_a_known_method_in_the_wrong_place_is_not_allowed(method, path):
    answer = ask(simulator(), path, method)
    assert (answer.status_code, answer.json()) == (
        405,
        {"reason": "405", "message": ["Method not allowed"]},
    )


def test_an_unknown_method_is_not_implemented():
    answer = ask(simulator(), "/systems", "PROPFIND")
    assert (answer.status_code, answer.json()) == (
        501,
        {"reason": "501", "message": ["Not Implemented"]},
    )


def test_a_slash_before_the_query_does_not_matter():
    sim = simulator()
    assert ask(sim, "/systems/67/").json() == ask(sim, "/systems/67").json()
    assert ask(sim, "/systems/").json() == ask(sim, "/systems").json()


def test_the_plans_limit_is_told_with_its_window_where_that_is_documented():
    sim = simulator(switches=Switches(requests_per_minute=1))
    assert ask(sim, "/systems").status_code == 200
    plain = {
        "message": "Too Many Requests",
        "details": "Usage limit exceeded for plan Watt",
        "code": 429,
    }
    window = {
        "period": "minute",
        "period_start": epoch(2024, 6, 10, 12, 7),
        "period_end": epoch(2024, 6, 10, 12, 8),
        "limit": 1,
    }
    told = {}
    for shown in ("documented", "always", "never"):
        sim.switches = Switches(requests_per_minute=1, window_in_429=shown)
        told[shown] = [ask(sim, path).json() for path in ("/systems/67/summary", "/systems")]
    both = plain | window
    assert told == {"documented": [both, plain], "always": [both, both], "never": [plain, plain]}
    answer = ask(sim, "/systems")
    assert (answer.status_code, answer.headers["Status"]) == (429, "429")
    sim.clock.advance(60)
    assert ask(sim, "/systems").status_code == 200
    assert sim.hits == 2


def test_the_months_limit_lasts_until_the_month_is_over():
    sim = simulator(switches=Switches(requests_per_month=2))
    for _ in range(2):
        assert ask(sim, "/systems/67/summary").status_code == 200
        sim.clock.advance(61)
    body = ask(sim, "/systems/67/summary").json()
    assert (body["period"], body["limit"]) == ("month", 2)
    assert body["period_end"] == epoch(2024, 7, 1)
    sim.clock.set(datetime(2024, 7, 1, tzinfo=UTC))
    assert ask(sim, "/systems/67/summary").status_code == 200


def test_both_dialects_of_one_application_spend_one_quota():
    sim = simulator(switches=Switches(requests_per_minute=1))
    params = {"key": DEMO_API_KEY, "user_id": DEMO_USER_ID}
    assert send(sim, "GET", "/api/v2/systems", params=params).status_code == 200
    assert ask(sim, "/systems").status_code == 429


def test_too_many_at_once_are_unavailable():
    sim = simulator(switches=Switches(parallel_requests=2), faults=Faults(latency_s=0.05))
    headers = bearer(sim) | {"key": DEMO_API_KEY}

    async def three():
        transport = httpx.ASGITransport(sim.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            calls = (client.get(SUMMARY, headers=headers) for _ in range(3))
            return await asyncio.gather(*calls)

    answers = asyncio.run(three())
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503]
    assert sim.hits == 2


def test_failures_speak_the_dialect():
    sim = simulator(faults=Faults(next_failures=("500", "500", "503_html")))
    answer = ask(sim, "/systems/67/devices")
    assert answer.json()["message"] == "Internal Server Error"
    assert refused(answer) == (500, "unable to fetch data")
    assert ask(sim, "/systems/67/rgm_stats").json() == {
        "errorCode": 7,
        "errorMessages": ["Data is temporarily unavailable"],
    }
    assert ask(sim, "/systems").status_code == 503
    assert ask(sim, "/systems").status_code == 200


def test_a_lost_connection_is_a_transport_error_and_counts():
    sim = simulator(faults=Faults(next_failures=("drop",)))
    headers = bearer(sim) | {"key": DEMO_API_KEY}
    with serve(sim.app) as server:
        with pytest.raises(httpx.TransportError):
            httpx.get(server.base_url + SUMMARY, headers=headers)
        assert httpx.get(server.base_url + SUMMARY, headers=headers).status_code == 200
    assert [request.status for request in sim.requests] == [None, 200]
    assert sim.hits == 2


def test_requests_are_written_down_without_secrets():
    sim = simulator()
    ask(sim, "/systems/67/telemetry/battery", start_at=5)
    (request,) = sim.requests
    assert request.path == "/api/v4/systems/67/telemetry/battery"
    assert dict(request.params) == {"start_at": "5"}
    assert (request.status, request.at, request.counted) == (422, NOON, True)
    assert DEMO_API_KEY not in repr(sim.requests)
