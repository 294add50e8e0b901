"""Every capture of a real gateway parses, and every power and counter is the one that is in it."""

from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.sources.envoy.candidates import boundary_samples, candidates
from energy_pipeline.sources.envoy.choice import Choice, choose
from energy_pipeline.sources.envoy.device_data import BoundaryRecord, parse_device_data
from energy_pipeline.sources.envoy.identity import parse_info
from energy_pipeline.sources.envoy.inverters import parse_inverters
from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.meters import parse_meters, parse_readings
from energy_pipeline.sources.envoy.production import (
    LegacyOverview,
    parse_legacy_production,
    parse_production,
)
from energy_pipeline.sources.envoy.replies import read_reply
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.sources.envoy.captures import (
    BOUNDARIES,
    POLLED_AT,
    STREAMS,
    captured,
    captured_replies,
    figures,
    instant,
    value_of,
)

every_capture = pytest.mark.parametrize("name", sorted(figures()))


@pytest.fixture
def folder(recordings: Path, name: str) -> Path:
    return recordings / "envoy" / name


def parsed(folder: Path, endpoint: Endpoint) -> object:
    return value_of(read_reply(*captured(folder, endpoint), received_at=POLLED_AT))


def measured(folder: Path) -> Measurements:
    has_meter = parse_info(captured(folder, Endpoint.INFO)[1]).has_meter
    return Measurements(captured_replies(folder), has_meter=has_meter)


def test_no_capture_is_left_out(recordings: Path):
    found = {path.name for path in (recordings / "envoy").iterdir() if path.is_dir()}
    assert found == set(figures()) == set(STREAMS)


@every_capture
def test_who_the_gateway_is(folder: Path, name: str):
    serial, part_number, software, imeter, tokens, now = figures()[name]["info"]
    info = parse_info(captured(folder, Endpoint.INFO)[1])
    assert (info.serial, info.part_number, info.software) == (serial, part_number, software[1:])
    assert info.has_meter is {"true": True, "false": False, None: None}[imeter]
    assert info.wants_token is (tokens == "true")
    assert info.clock == instant(now)


@every_capture
def test_every_meter(folder: Path, name: str):
    found = parse_meters(parsed(folder, Endpoint.METERS))
    assert [(m.eid, m.measures, m.is_enabled, m.phase_count, m.complaints) for m in found] == [
        (eid, measures, state == "enabled", phases, tuple(["check-wiring"] * bad + flags))
        for eid, measures, state, phases, status, flags in figures()[name].get("meters", [])
        for bad in [status == "check-wiring"]
    ]


@every_capture
def test_every_reading(folder: Path, name: str):
    found = parse_readings(parsed(folder, Endpoint.READINGS))
    assert {
        eid: (r.read_at, r.delivered_wh, r.received_wh, r.power_w) for eid, r in found.items()
    } == {
        eid: (instant(second), *energies_and_power)
        for eid, second, *energies_and_power in figures()[name].get("readings", [])
    }


@pytest.mark.parametrize(
    ("endpoint", "figure"),
    [(Endpoint.PRODUCTION, "production"), (Endpoint.PRODUCTION_DETAILS, "production_details")],
)
@every_capture
def test_every_overview(folder: Path, name: str, endpoint: Endpoint, figure: str):
    found = parse_production(parsed(folder, endpoint))
    rows: list[Any] = figures()[name].get(figure, [])
    assert sorted(
        (o.section, o.kind, o.measures, o.active_count, o.read_at, o.power_w, o.lifetime_wh)
        for o in found
    ) == sorted((*row[:4], instant(row[4]), *row[5:7]) for row in rows)
    assert sorted([[p.power_w, p.lifetime_wh] for p in o.phases] for o in found) == sorted(
        row[7] for row in rows
    )


@every_capture
def test_the_older_overview(folder: Path, name: str):
    found = parse_legacy_production(parsed(folder, Endpoint.PRODUCTION_V1))
    assert found == LegacyOverview(*figures()[name]["legacy"])


@every_capture
def test_every_inverter_in_the_list(folder: Path, name: str):
    found = parse_inverters(parsed(folder, Endpoint.INVERTERS))
    assert [(r.inverter, r.reported_at, r.power_w, r.max_power_w) for r in found] == [
        (serial, instant(second), now_w, max_w)
        for serial, second, now_w, max_w in figures()[name].get("inverters", [])
    ]


@every_capture
def test_every_device_with_a_counter(folder: Path, name: str):
    found, rows = parse_device_data(parsed(folder, Endpoint.DEVICE_DATA)), figures()[name]
    assert [
        (i.inverter, i.read_at, i.energy_wh, i.power_w, i.max_power_w) for i in found.inverters
    ] == [
        (serial, instant(second), joules / 3600, now_w, max_w)
        for serial, second, joules, now_w, max_w in rows.get("device_inverters", [])
    ]
    assert found.is_complete is ("device_inverters" in rows)
    for records, figure in ((found.production, "EIM1"), (found.consumption, "EIM2")):
        assert list(records) == [
            row and BoundaryRecord(instant(row[0]), *row[1:]) for row in rows.get(figure, [])
        ]


@every_capture
def test_the_streams_are_those_that_the_hardware_measures(folder: Path, name: str):
    found = {}
    for stream, offered in candidates(measured(folder)).items():
        counter = choose(Choice(), offered, POLLED_AT).counter
        samples = {candidate.counter: candidate.sample for candidate in offered}
        if counter and (sample := samples[counter]):
            assert sample.polled_at == POLLED_AT
            found[stream] = (counter, sample.read_at, sample.energy_wh, sample.power_w)
    assert found == {
        stream: (counter, instant(second), energy_wh, power_w)
        for stream, (counter, second, energy_wh, power_w) in STREAMS[name].items()
    }


@every_capture
def test_the_counters_at_the_end_of_the_last_interval(folder: Path, name: str):
    now = instant(figures()[name]["info"][5])
    assert now is not None
    found = {
        stream: (c.counter, c.sample.read_at, c.sample.energy_wh, c.sample.power_w)
        for stream, c in boundary_samples(measured(folder), now)
        if c.sample
    }
    assert found == {
        stream: (counter, instant(second), energy_wh, power_w)
        for stream, (counter, second, energy_wh, power_w) in BOUNDARIES.get(name, {}).items()
    }
