"""Each fault as a real client sees it over TCP, and what it leaves behind."""

import contextlib
from collections import Counter

import httpx
import pytest

from energy_pipeline.simulators.enerkey import Fault, Faults, chaos
from energy_pipeline.simulators.enerkey.faults import LOST_SENDS
from energy_pipeline_tests.simulators.enerkey.conftest import Running, Start, row

HOUR = "2026-01-01T00:00:00Z"
PUSH = "pushConsumptionsForMeter"
ONE = [row(HOUR, 5)]


def stored(running: Running) -> list[float]:
    return list(running.simulator.stored_hours(101).values())


@pytest.mark.parametrize(("kind", "left"), [("close_before_body", []), ("close_after_commit", [5])])
def test_closed_connection(start: Start, kind: str, left: list[float]) -> None:
    running = start(Fault(kind=kind))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        running.push(101, ONE)

    (record,) = running.simulator.requests
    assert (record.status, record.is_committed, record.fault) == (None, bool(left), kind)
    assert stored(running) == left
    assert running.push(101, ONE).status_code == 200


def test_connection_is_closed_before_a_long_body_is_sent(start: Start) -> None:
    running = start(Fault(kind="close_before_body"))

    with pytest.raises(httpx.TransportError):
        running.push(101, [row(HOUR, 0.1)] * 100_000)

    assert stored(running) == []


@pytest.mark.parametrize(
    ("kind", "left"), [("error_500_before_commit", []), ("error_500_after_commit", [5])]
)
def test_error_500(start: Start, kind: str, left: list[float]) -> None:
    running = start(Fault(kind=kind))

    answer = running.push(101, ONE)

    assert answer.status_code == 500
    assert answer.json()["status"] == 500
    assert stored(running) == left
    assert [record.is_committed for record in running.simulator.requests] == [bool(left)]


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize("retry_after_s", [None, 7])
def test_gateway_error(start: Start, status: int, retry_after_s: int | None) -> None:
    running = start(Fault(kind="gateway_error", status=status, retry_after_s=retry_after_s))

    answer = running.push(101, ONE)

    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == (retry_after_s and str(retry_after_s))
    assert stored(running) == []


def test_rate_limited(start: Start) -> None:
    running = start(Fault(kind="rate_limited", retry_after_s=3))

    answer = running.push(101, ONE)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.text.startswith("API calls quota exceeded!")
    assert "X-Rate-Limit" not in answer.headers
    assert stored(running) == []


def test_truncated_json(start: Start) -> None:
    running = start(Fault(kind="truncated_json"))

    answer = running.push(101, ONE)

    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        answer.json()
    assert stored(running) == [5]


def test_html_error_page(start: Start) -> None:
    running = start(Fault(kind="html_error_page", status=502))

    answer = running.push(101, ONE)

    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")
    assert stored(running) == []


def test_wrong_content_type(start: Start) -> None:
    running = start(Fault(kind="wrong_content_type"))

    answer = running.push(101, ONE)

    assert answer.headers["Content-Type"] == "text/html"
    assert stored(running) == [5]


@pytest.mark.parametrize(("kind", "left"), [("delay", []), ("delay_after_commit", [5])])
def test_delay_outlasts_an_impatient_client(start: Start, kind: str, left: list[float]) -> None:
    running = start(Fault(kind=kind, seconds=60))
    patience = httpx.Timeout(10, read=0.5)

    with pytest.raises(httpx.ReadTimeout):
        running.http.post("/api/v2/Values/PushConsumptionsForMeter/101", json=ONE, timeout=patience)

    assert stored(running) == left


def test_second_writer(start: Start) -> None:
    running = start(Fault(kind="second_writer", operations=frozenset({"getHourlyValues"})))
    asked = (101, HOUR, "2026-01-01T01:00:00Z")

    assert running.values(*asked) == {}
    running.push(101, ONE)

    assert running.values(*asked) == {HOUR: 6}
    assert running.values(*asked) == {HOUR: 6}
    assert list(running.simulator.pushes_per_hour(101).values()) == [1]


def test_second_writer_at_a_named_place(start: Start) -> None:
    at = "2026-01-02T00:00:00+00:00"
    running = start()
    fault = {"kind": "second_writer", "meter_id": 103, "at": at, "value": 9}
    running.http.post("/_sim/faults", json={"faults": [fault]}).raise_for_status()

    running.http.get("/api/v2/Quantities")

    stored_hours = running.simulator.stored_hours(103)
    assert {hour.isoformat(): value for hour, value in stored_hours.items()} == {at: 9}


@pytest.mark.parametrize("model", ["sum", "timestamp_upsert"])
def test_push_after_a_second_writer(start: Start, model: str) -> None:
    running = start(repush_consumption=model)
    running.push(101, ONE)
    (hour,) = running.simulator.stored_hours(101)
    running.simulator.write_as_other(101, hour, 20)

    running.push(101, [row("2026-01-01T00:30:00Z", 1)])

    assert stored(running) == [21]


def test_fault_after_commit_waits_for_a_request_that_is_done(start: Start) -> None:
    running = start(Fault(kind="error_500_after_commit"))

    codes = [running.push(meter_id, ONE).status_code for meter_id in (999, 101, 101)]

    assert codes == [404, 500, 200]


def test_operations_and_times(start: Start) -> None:
    running = start(
        Fault(kind="gateway_error", operations=frozenset({"listMeters"}), times=2, status=502),
        Fault(kind="gateway_error", operations=frozenset({PUSH}), status=504),
    )

    meters = [running.http.get("/api/v2/Meters").status_code for _ in range(3)]
    pushes = [running.push(101, ONE).status_code for _ in range(2)]

    assert meters == [502, 502, 200]
    assert pushes == [504, 200]


def test_rate_is_seeded() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults([Fault(kind="delay", times=None, rate=0.5)], seed=seed)
        return [faults.draw("x") is not None for _ in range(64)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 16 < sum(drawn(1)) < 48


def test_chaos_has_equal_parts_of_each_lost_send() -> None:
    faults = Faults(chaos(0.3), seed=4)

    drawn = Counter(fault.kind for _ in range(20_000) if (fault := faults.draw(PUSH)))

    assert set(drawn) == set(LOST_SENDS)
    assert all(count == pytest.approx(20_000 * 0.3 / 4, rel=0.1) for count in drawn.values())
    assert faults.draw("getHourlyValues") is None


def test_chaos_loses_sends_before_and_after_they_are_stored(start: Start) -> None:
    running = start(*chaos(0.5), seed=3)

    for number in range(40):
        with contextlib.suppress(httpx.TransportError):
            running.push(101, [row(f"2026-01-{number // 24 + 1:02}T{number % 24:02}:00:00Z", 1)])

    seen = Counter((record.status, record.is_committed) for record in running.simulator.requests)
    lost = {(None, False), (None, True), (500, False), (500, True)}
    assert set(seen) == lost | {(200, True)}
    assert len(stored(running)) == sum(record.is_committed for record in running.simulator.requests)


@pytest.mark.parametrize(
    "wrong", [{"kind": "explosion"}, {"kind": "delay", "rate": 2}, {"kind": "delay", "status": 200}]
)
def test_fault_that_there_is_not(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="allowed"):
        Fault(**wrong)  # type: ignore[arg-type]
