"""Nothing in a capture tells whose gateway it is, and everything still fits together."""

import json

import pytest

from energy_pipeline.sources.envoy.anonymise import anonymised

SERIAL = "122117051926"
INVERTER = "482237035671"


def changed(text: str) -> str:
    return anonymised({"a": text}, SERIAL)["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<sn>{SERIAL}</sn>", "<sn>900000000001</sn>"),
        (f'{{"sn": "{SERIAL}EIM1"}}', '{"sn": "900000000001EIM1"}'),
        (f"CN=envoy-{SERIAL}", "CN=envoy-900000000001"),
        (f'"serial_num": "{INVERTER}"', '"serial_num": "900000000002"'),
        (f"inverter {INVERTER} does not report", "inverter 900000000002 does not report"),
        ("<euaid>4c8675</euaid>", "<euaid>000001</euaid>"),
        ('"mac": "00:1D:C0:7A:11:2F"', '"mac": "02:00:00:00:00:01"'),
        ("00-1d-c0-7a-11-2f", "02-00-00-00-00-01"),
        ('"ip": "192.168.1.67"', '"ip": "192.0.2.1"'),
        ('"ip": "fe80::21d:c0ff:fe7a:112f"', '"ip": "2001:db8::1"'),
        ('"to": "someone@home.example.org"', '"to": "user1@example.com"'),
        ('"ssid" : "Our house"', '"ssid" : "ssid-1"'),
        ('"sessionId": "abcdef0123456789"', '"sessionId": "***"'),
    ],
)
def test_what_tells_whose_it_is_becomes_something_else(text: str, expected: str):
    assert changed(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Server: openresty/1.17.8.1",
        '"software": "D8.3.5289", "img_pnum_running": "521-00005-r06-v10.31.01"',
        '{"joulesProduced": 4904101572, "whLifetime": 32465106.123456789012}',
        '{"timestamp": 1781177601, "wNow": -0.0, "current_time": "08:13:20"}',
        '"build_id": "pkg-Apr-17-26-14:30:07"',
        '"ip": "0.0.0.0", "netmask": "255.255.255.0", "dns": "127.0.0.1"',
        '"timezone": "Europe/Helsinki"',
        '[{"eid": 70464',
    ],
)
def test_everything_else_stays_as_it_is(text: str):
    assert changed(text) == text


def test_the_same_original_is_the_same_everywhere():
    texts = {
        "inventory": f'["{INVERTER}", "00:1D:C0:7A:11:2F", "192.168.1.67", "{SERIAL}"]',
        "power": f'["{INVERTER}", "00-1d-c0-7a-11-2f", "192.168.1.68", "192.168.1.67"]',
    }
    found = {name: json.loads(text) for name, text in anonymised(texts, SERIAL).items()}
    assert found["inventory"] == ["900000000002", "02:00:00:00:00:01", "192.0.2.1", "900000000001"]
    assert found["power"] == ["900000000002", "02-00-00-00-00-01", "192.0.2.2", "192.0.2.1"]


def test_many_addresses_stay_apart():
    originals = [f"10.1.{n >> 8}.{n & 255}" for n in range(1, 700)]
    found = changed(" ".join(originals)).split()
    assert len(set(found)) == len(originals)
    assert not set(found) & set(originals)
