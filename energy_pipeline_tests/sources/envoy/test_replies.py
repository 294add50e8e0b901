"""What an answer is worth."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.envoy.candidates import boundary_samples, candidates
from energy_pipeline.sources.envoy.identity import parse_info
from energy_pipeline.sources.envoy.inventory import inventory_rows
from energy_pipeline.sources.envoy.measurements import Measurements, next_endpoint
from energy_pipeline.sources.envoy.replies import Absent, Document, Unavailable, read_reply
from energy_pipeline.sources.envoy.wire import Endpoint
from energy_pipeline_tests.sources.envoy.captures import POLLED_AT

PAGE = b"<html>\n<head><title>401 Authorization Required</title></head></html>"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[]", []),
        (b'\xef\xbb\xbf[{"a": -0.0}]\n', [{"a": 0.0}]),
        (b'{"dry_contacts": {"": {"a": 1}, "": {"a": 2}}}', {"dry_contacts": {"": {"a": 2}}}),
        (b'  \r\n{"wattHoursLifetime": 11425504.1275}', {"wattHoursLifetime": 11425504.1275}),
    ],
)
def test_json_is_a_document_whatever_it_calls_itself(body: bytes, value: object):
    assert read_reply(200, body, POLLED_AT) == Document(value, POLLED_AT)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, PAGE),
        (401, PAGE),
        (403, b""),
        (301, b""),
        (404, b'{ "error" : "404 - Not Found" }'),
        (200, PAGE),
        (200, b"<!DOCTYPE html><h2>Valid token.</h2>\n"),
        (200, b'{"error": "no meters"}'),
    ],
)
def test_a_clear_no(status: int, body: bytes):
    assert isinstance(read_reply(status, body, POLLED_AT), Absent)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b"Resource busy, please retry after 30 seconds"),
        (502, PAGE),
        (504, PAGE),
        (500, b"{}"),
        (200, b""),
        (200, b"\n"),
        (200, b'[{"eid": 704643328, "timesta'),
        (200, b'{"a": NaN}'),
        (200, b'{"a": 1} and more'),
    ],
)
def test_nothing_for_now(status: int, body: bytes):
    assert isinstance(read_reply(status, body, POLLED_AT), Unavailable)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>login</body></html>",
        b"{}",
        b"<envoy_info><device></device></envoy_info>",
        b"<envoy_info><device><sn>1</sn>",
        b"<!DOCTYPE x><envoy_info><device><sn>122000000001</sn></device></envoy_info>",
        b'<!DOCTYPE x [<!ENTITY a "1">]><envoy_info><device><sn>&a;</sn></device></envoy_info>',
    ],
)
def test_who_does_not_say_who_he_is(body: bytes):
    with pytest.raises(SchemaSurprise, match="GET /info"):
        parse_info(body)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats()
    | st.sampled_from(["", "0", "eim", "pcu", "inverters", "enabled", "production", "12EIM1"])
)
_WORDS = (
    "eid state measurementType phaseCount meteringStatus statusFlags timestamp actEnergyDlvd "
    "actEnergyRcvd activePower production consumption storage type activeCount readingTime wNow "
    "whLifetime lines wattHoursLifetime wattsNow serialNumber lastReportDate lastReportWatts "
    "devType devName sn active channels lastReading endDate duration joulesProduced wh_pos wh_neg "
    "lifetime watts now max deviceCount devices: devices serial_num real_power_mw network"
)
_NAMES = st.sampled_from(_WORDS.split())
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=25,
)
INFO = parse_info(b"<envoy_info><device><sn>122000000001</sn></device></envoy_info>")


@settings(deadline=None)  # the first run imports the compute functions
@given(replies=st.dictionaries(st.sampled_from(list(Endpoint)), _JSON))
def test_no_json_whatsoever_is_an_accident(replies: dict[Endpoint, Any]):
    documents = {endpoint: Document(value, POLLED_AT) for endpoint, value in replies.items()}
    found = Measurements(documents, has_meter=None)
    next_endpoint(found, None)
    for offered in candidates(found).values():
        assert all(c.sample.energy_wh >= 0 for c in offered if c.sample)
    boundary_samples(found, POLLED_AT)
    assert len(found.inverter_reports) == len({r.inverter for r in found.inverter_reports})
    inventory_rows("roof", INFO, documents, POLLED_AT)
