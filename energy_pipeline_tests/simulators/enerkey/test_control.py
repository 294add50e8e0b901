"""The control paths, the request log and the state file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import EnerKeySimulator, Fault, Meter, Switches, profile
from energy_pipeline_tests.simulators.enerkey.conftest import NOON, Start, row
from energy_pipeline_tests.simulators.enerkey.provisioning import (
    FACILITIES,
    RUN_S,
    customer,
    facility,
    meter,
    run,
    send,
    status,
)

HOUR = "2026-01-01T00:00:00Z"
AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_config_tells_what_differs(start: Start) -> None:
    running = start(Fault(kind="delay", times=3), repush_consumption="reject")

    config = running.http.get("/_sim/config").json()

    assert config["changed"] == {"repush_consumption": "reject"}
    assert config["switches"]["hour_label"] == "start"
    assert config["now"] == "2026-06-01T12:00:00+00:00"
    assert [key["name"] for key in config["profiles"][0]["keys"]] == ["A", "B"]
    assert [(fault["kind"], fault["left"]) for fault in config["faults"]] == [("delay", 3)]


def test_clock(start: Start) -> None:
    running = start()

    moved = running.http.post("/_sim/clock", json={"advance_s": 90}).json()
    placed = running.http.post("/_sim/clock", json={"set": "2026-07-01T00:00:00+03:00"}).json()

    assert moved == {"now": "2026-06-01T12:01:30+00:00"}
    assert placed == {"now": "2026-06-30T21:00:00+00:00"}
    assert running.clock.now() == datetime(2026, 6, 30, 21, tzinfo=UTC)


@pytest.mark.parametrize("body", [{}, {"set": "2026-07-01"}, {"advance_s": "x"}, {"set": "x"}])
def test_clock_refuses_what_is_no_time(start: Start, body: dict[str, str]) -> None:
    running = start()

    assert running.http.post("/_sim/clock", json=body).status_code == 400
    assert running.clock.now() == NOON


def test_state_goes_round(start: Start) -> None:
    first = start(repush_consumption="timestamp_upsert", read_back_delay_seconds=900)
    first.push(101, [row(HOUR, 4)])
    first.push_readings(102, [row(HOUR, 4), row("2026-01-01T01:00:00Z", 6)])
    state = first.http.get("/_sim/state").json()

    second = start(repush_consumption="timestamp_upsert", read_back_delay_seconds=900)
    assert second.http.put("/_sim/state", json=state).status_code == 200
    second.push(101, [row("2026-01-01T00:30:00Z", 6)])

    assert second.simulator.stored_hours(101) == {AT: 10}
    assert second.simulator.stored_hours(102) == {AT: 2}
    assert second.simulator.pushes_per_hour(101) == {AT: 2}
    assert second.simulator.arrivals_per_hour(101) == {AT: 2}
    assert second.values(101, HOUR, "2026-01-01T01:00:00Z") == {}
    second.clock.advance(900)
    assert second.values(101, HOUR, "2026-01-01T01:00:00Z") == {HOUR: 10}
    assert second.values(102, HOUR, "2026-01-01T01:00:00Z") == {HOUR: 2}


def test_state_that_is_none_changes_nothing(start: Start) -> None:
    running = start()
    running.push(101, [row(HOUR, 4)])

    answer = running.http.put("/_sim/state", json={"values": {"101": {"x": 1}}})

    assert answer.status_code == 400
    assert "not a dump" in answer.json()["error"]
    assert running.simulator.stored_hours(101) == {AT: 4}


def test_requests_are_logged_without_keys(start: Start) -> None:
    running = start()
    running.push(101, [row(HOUR, 4)])
    running.hourly([101, 103], HOUR, "2026-01-01T02:00:00Z")

    logged = running.http.get("/_sim/requests").json()
    pushes = running.http.get("/_sim/requests?operation=pushConsumptionsForMeter").json()

    assert logged[0] == {
        "at": "2026-06-01T12:00:00+00:00",
        "method": "POST",
        "path": "/api/v2/Values/PushConsumptionsForMeter/101",
        "operation": "pushConsumptionsForMeter",
        "key": "A",
        "meter_ids": [101],
        "rows": 1,
        "status": 200,
        "is_committed": True,
        "fault": None,
    }
    assert (logged[1]["meter_ids"], logged[1]["rows"]) == ([101, 103], 1)
    assert pushes == logged[:1]


def test_faults_are_replaced_while_it_runs(start: Start) -> None:
    running = start(Fault(kind="gateway_error", times=None))
    body = {"faults": [{"kind": "gateway_error", "operations": ["getMeter"]}], "seed": 1}

    assert running.http.post("/_sim/faults", json=body).json() == {"armed": 1}

    assert running.http.get("/api/v2/Meters").status_code == 200
    assert running.http.get("/api/v2/Meters/101").status_code == 503
    assert running.http.post("/_sim/faults", json={"chaos": {"rate": 0.3}}).json() == {"armed": 4}
    assert running.http.post("/_sim/faults", json={"faults": [{"x": 1}]}).status_code == 400
    assert running.http.post("/_sim/faults", json={}).json() == {"armed": 0}


def test_state_file_outlives_the_simulator(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "enerkey.json"
    running = start(state_file=path)
    running.push(101, [row(HOUR, 4)])

    again = start(state_file=path)
    again.push(101, [row(HOUR, 1)])

    assert again.simulator.stored_hours(101) == {AT: 5}
    assert [each.name for each in tmp_path.iterdir()] == ["enerkey.json"]


def test_what_provisioning_made_outlives_the_simulator(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "enerkey.json"
    first = start(state_file=path)
    two, building = [customer("C-1"), customer("C-2")], facility("F-1", "C-1", meter("M-1"))
    run(first, two)
    run(first, {"facilities": [building]}, FACILITIES)
    first.push(101, [row(HOUR, 4)])
    waiting = send(first, [*two, customer("C-3")]).json()["id"]

    again = start(state_file=path, now=NOON + timedelta(seconds=RUN_S))
    same = send(again, {"facilities": [building]}, FACILITIES)
    assert (same.status_code, list(again.simulator.customers)) == (208, ["C-1", "C-2"])
    assert again.simulator.stored_hours(101) == {AT: 4}
    [mine] = [each for each in again.simulator.profiles if each.customer == "C-1"]
    assert [(each.external_id, each.facility_id) for each in mine.meters] == [("M-1", 13)]
    assert mine.facilities[0].external_id == "F-1"

    again.clock.advance(2 * RUN_S)
    assert status(again, waiting)["status"] == "Completed"
    later = start(state_file=path, now=again.clock.now())
    assert list(later.simulator.customers) == ["C-1", "C-2", "C-3"]
    assert run(later, two)["deleted"] == 1


def test_a_dump_of_values_alone_leaves_the_customers(start: Start) -> None:
    running = start()
    run(running, [customer("C-1")])
    state = running.http.get("/_sim/state").json()
    made = state.pop("provisioned")
    running.http.put("/_sim/state", json=state).raise_for_status()

    assert list(running.simulator.customers) == ["C-1"]
    state["provisioned"] = {**made, "profiles": [{"customer": "C-1"}]}
    assert running.http.put("/_sim/state", json=state).status_code == 400
    assert list(running.simulator.customers) == ["C-1"]


def test_state_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "enerkey.json"
    path.write_text("{}")

    with pytest.raises(ValueError, match="not a dump"):
        EnerKeySimulator(
            profile([Meter(1, 11, "Meter")]), VirtualClock(NOON, fixed=True), state_file=path
        )
    assert path.read_text() == "{}"


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        (["repush_consumption=twice"], "'twice'"),
        (["speed=1"], "'speed=1'"),
        (["hour_label"], "'hour_label'"),
        (["max_body_bytes=big"], "'big'"),
        (["push_meter_position=body"], "push_meter_position"),
        (["daily_request_limit=0"], "found 0"),
    ],
)
def test_switches_that_there_are_not(pairs: list[str], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        Switches.from_pairs(pairs)


def test_switches_from_texts() -> None:
    pairs = ["hour_label=end", "service_not_enabled=404", "read_back_delay_seconds=900"]

    switches = Switches.from_pairs(pairs)

    assert switches.changed() == {
        "hour_label": "end",
        "service_not_enabled": 404,
        "read_back_delay_seconds": 900.0,
    }


def test_readings_of_a_consumption_meter(start: Start) -> None:
    with pytest.raises(ValueError, match="has no readings"):
        start().simulator.stored_readings(101)
