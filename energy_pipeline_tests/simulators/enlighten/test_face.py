import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant, user_id_of
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.simulators.enlighten.asking import (
    KEYS,
    NOON,
    ask,
    ask_async,
    epoch,
    house,
    simulator,
)

UNAUTHORIZED = {"reason": "401", "message": ["Not authorized to access requested resource."]}
BUSY = {"errorCode": 7, "errorMessages": ["Data temporarily unavailable."]}
EVERY_PATH = [
    "/systems",
    *(
        f"/systems/67/{endpoint}"
        for endpoint in (
            "summary",
            "stats",
            "rgm_stats",
            "consumption_stats",
            "energy_lifetime",
            "consumption_lifetime",
        )
    ),
]


@pytest.mark.parametrize("path", EVERY_PATH)
def test_every_path_needs_a_good_key_and_user(path):
    sim = simulator()
    assert ask(sim, path).status_code == 200
    for bad in ({"key": "x"}, {"key": None}, {"user_id": "4d6a51330a"}, {"user_id": None}):
        answer = ask(sim, path, **bad)
        assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert sim.hits == 1


def test_a_system_of_somebody_else_is_unauthorized_and_an_unknown_one_not_found():
    sim = simulator(house(67), house(68), grants={DEMO_USER_ID: Grant(frozenset({67}))})
    assert ask(sim, "/systems/67/summary").status_code == 200
    answer = ask(sim, "/systems/68/summary")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    answer = ask(sim, "/systems/0/summary")
    assert (answer.status_code, answer.json()) == (
        404,
        {"reason": "404", "message": ["Couldn't find Site with 'id'=0"]},
    )


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/systems/67", "/systems/67/stat", "/systems/a/b/c"]
)
def test_an_unknown_route_is_not_found(path):
    answer = ask(simulator(), path)
    assert (answer.status_code, answer.json()) == (
        404,
        {"reason": "404", "message": ["Resource not found."]},
    )


def test_only_get_is_spoken():
    assert ask(simulator(), "/systems", "POST").status_code == 404


def test_a_slash_before_the_query_and_unknown_parameters_do_not_matter():
    sim = simulator()
    plain = ask(sim, "/systems/67/stats")
    assert ask(sim, "/systems/67/stats/", order="whatever").content == plain.content
    assert plain.headers["Content-Type"] == "application/json; charset=utf-8"
    assert plain.headers["Status"] == "200"


def test_a_callback_wraps_the_answer():
    sim = simulator()
    plain = ask(sim, "/systems/67/summary").text
    assert ask(sim, "/systems/67/summary", callback="show.me").text == f"show.me({plain})"
    assert ask(sim, "/systems/67/summary", callback="alert(1)//").text == plain


def test_the_minutes_limit_refuses_until_the_minute_is_over():
    sim = simulator(switches=Switches(requests_per_minute=3))
    assert [ask(sim, "/systems").status_code for _ in range(3)] == [200] * 3
    answer = ask(sim, "/systems/67/summary", datetime_format="iso8601")
    assert answer.status_code == 409
    assert answer.headers["Status"] == "409"
    assert answer.json() == {
        "reason": "409",
        "message": ["Usage limit exceeded for plan Watt"],
        "period": "minute",
        "period_start": epoch(2024, 6, 10, 12, 7),
        "period_end": epoch(2024, 6, 10, 12, 8),
        "limit": 3,
    }
    assert sim.hits == 3
    sim.clock.advance(59)
    assert ask(sim, "/systems").status_code == 409
    sim.clock.advance(1)
    assert ask(sim, "/systems").status_code == 200


@pytest.mark.parametrize(
    ("month", "start", "end"), [(6, (2024, 6, 1), (2024, 7, 1)), (12, (2024, 12, 1), (2025, 1, 1))]
)
def test_the_months_limit_refuses_until_the_month_is_over(month, start, end):
    sim = simulator(
        now=datetime(2024, month, 30, 12, tzinfo=UTC), switches=Switches(requests_per_month=2)
    )
    for _ in range(2):
        assert ask(sim, "/systems").status_code == 200
        sim.clock.advance(61)
    body = ask(sim, "/systems").json()
    assert (body["period"], body["limit"]) == ("month", 2)
    assert (body["period_start"], body["period_end"]) == (epoch(*start), epoch(*end))
    sim.clock.set(datetime.fromtimestamp(body["period_end"], UTC))
    assert ask(sim, "/systems").status_code == 200


def test_every_key_has_its_own_limit_and_refusals_of_routes_count():
    sim = simulator(switches=Switches(requests_per_minute=1), api_keys=frozenset({"a", "b"}))
    assert ask(sim, "/nothing", key="a").status_code == 404
    assert ask(sim, "/systems", key="a").status_code == 409
    assert ask(sim, "/systems", key="b").status_code == 200


def test_too_many_at_once_are_unavailable():
    sim = simulator(switches=Switches(parallel_requests=2), faults=Faults(latency_s=0.05))

    async def three():
        return await asyncio.gather(*(ask_async(sim, "/systems/67/summary") for _ in range(3)))

    answers = asyncio.run(three())
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503]
    assert next(a for a in answers if a.status_code == 503).json() == BUSY
    assert sim.hits == 2
    assert ask(sim, "/systems").status_code == 200


def test_failures_come_in_their_order_and_then_no_more():
    sim = simulator(faults=Faults(next_failures=("500", "503", "503_html")))
    answers = [ask(sim, "/systems/67/stats") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 503, 503, 200]
    assert answers[0].json() == answers[1].json() == BUSY
    assert "html" in answers[2].headers["Content-Type"]
    with pytest.raises(json.JSONDecodeError):
        answers[2].json()


def test_the_vendors_own_mistake_names_its_type():
    sim = simulator(faults=Faults(next_failures=("bug",)))
    answer = ask(sim, "/systems/67/stats")
    assert (answer.status_code, answer.json()["type"]) == (500, "NoMethodError")


def test_failures_can_be_kept_to_one_path():
    sim = simulator(house(67), house(68), faults=Faults(error_share=1.0, only_path="/systems/68/"))
    assert ask(sim, "/systems/67/stats").status_code == 200
    assert ask(sim, "/systems/68/stats").status_code == 500


def test_slowness_can_be_kept_to_one_path(monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr("asyncio.sleep", sleep)
    sim = simulator(house(67), house(68), faults=Faults(latency_s=9.0, only_path="/systems/68/"))
    ask(sim, "/systems/67/summary")
    assert 9.0 not in waited
    ask(sim, "/systems/68/summary")
    assert 9.0 in waited


def test_shares_of_failures_are_kept_and_repeat_with_the_seed():
    faults = Faults(seed=5, error_share=0.3, unavailable_share=0.2)

    def statuses(used):
        sim = simulator(faults=used)
        return [ask(sim, "/systems").status_code for _ in range(200)]

    first = statuses(faults)
    assert first == statuses(faults)
    assert first != statuses(replace(faults, seed=6))
    assert 40 < first.count(500) < 80
    assert 20 < first.count(503) < 60


@pytest.mark.parametrize("failure", ["drop", "cut"])
def test_a_lost_connection_is_a_transport_error_and_counts(failure):
    sim = simulator(faults=Faults(next_failures=(failure,)))
    with serve(sim.app) as server:
        url = server.base_url + "/api/v2/systems/67/summary"
        with pytest.raises(httpx.TransportError):
            httpx.get(url, params=KEYS)
        assert httpx.get(url, params=KEYS).status_code == 200
    assert [request.status for request in sim.requests] == [None, 200]
    assert sim.hits == 2


def test_requests_are_written_down_without_keys():
    sim = simulator()
    ask(sim, "/systems/67/stats", start_at=5, end_at=6)
    ask(sim, "/systems", key="another-secret")
    first, second = sim.requests
    assert first.path == "/api/v2/systems/67/stats"
    assert dict(first.params) == {"start_at": "5", "end_at": "6"}
    assert (first.status, first.at, first.counted) == (200, NOON, True)
    assert (second.status, second.counted) == (401, False)
    text = repr(sim.requests)
    assert not any(secret in text for secret in (*KEYS.values(), "another-secret"))


def test_user_ids_are_written_as_the_published_samples():
    assert user_id_of(247) == "4d6a51330a"
    assert DEMO_USER_ID == "4d7a45774e6a41320a"


def test_systems_without_a_consumption_meter():
    system = house()
    sim = simulator(replace(system, series={"production_micro": system.series["production_micro"]}))
    body = ask(sim, "/systems/67/consumption_stats").json()
    assert (body["total_devices"], body["intervals"]) == (0, [])
    assert ask(sim, "/systems/67/rgm_stats").json()["meter_intervals"] == []
    sim.switches = Switches(without_consumption_meter="message")
    body = ask(sim, "/systems/67/consumption_stats").json()
    assert body["message"].startswith("The given system does not contain")


def test_an_answer_has_the_members_of_a_captured_one(recordings):
    path = recordings / "timeseries" / "enlighten_v2_stats_2021-10-11_first.json"
    captured, simulated = (
        json.loads(path.read_bytes()),
        ask(simulator(), "/systems/67/stats").json(),
    )

    def shape(body):
        return {name: type(value) for name, value in body.items()}

    assert shape(simulated) == shape(captured)
    assert shape(simulated["meta"]) == shape(captured["meta"])
    assert shape(simulated["intervals"][0]) == shape(captured["intervals"][0])
