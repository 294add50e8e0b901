"""Pictures of facilities and alarms: formats, colours, sizes and who may see them."""

import io
from typing import Any

import pytest
from PIL import Image

from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    Meter,
    profile,
)
from energy_pipeline_tests.simulators.enerkey.conftest import Start, row

REPORT = "/api/v2/Images/FacilityReport/11"
IMAGE = "/api/v2/Images/FacilityImage/11"
ALARM = {"id": 90011, "name": "Above the limit", "value": 96.4, "threshold": 60.0}
PARTNER = {"Authorization": SIMULATED_PARTNER_KEY}


@pytest.mark.parametrize("path", [REPORT, IMAGE])
def test_formats(start: Start, path: str) -> None:
    running = start()
    png = running.http.get(path)
    pdf = running.http.get(path, params={"format": "pdf"})

    assert (png.headers["Content-Type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_size_and_colours(start: Start) -> None:
    running = start()
    running.push(101, [row("2026-01-01T00:00:00Z", 5)])
    asked = {"width": 300, "height": 200, "colors": ["1A2B3C"], "year": 2026}
    picture = Image.open(io.BytesIO(running.http.get(IMAGE, params=asked).content)).convert("RGB")

    assert picture.size == (300, 200)
    assert (0x1A, 0x2B, 0x3C) in picture.get_flattened_data()


@pytest.mark.parametrize(
    "params",
    [
        {"format": "gif"},
        {"colors": "#1A2B3C"},
        {"colors": "red"},
        {"colors": ["000000"] * 17},
        {"width": 49},
        {"year": "now"},
        {"quantityIds": "x"},
        {"quantityIds": list(range(1, 22))},
        {"height": [100, 100]},
    ],
)
def test_what_is_refused(start: Start, params: dict[str, Any]) -> None:
    assert start().http.get(IMAGE, params=params).status_code == 400


def test_culture_is_of_the_report(start: Start) -> None:
    running = start()

    assert running.http.get(REPORT, params={"culture": "fi-FI"}).status_code == 200
    assert running.http.get(REPORT, params={"culture": "fi"}).status_code == 400


def test_unknown_facility(start: Start) -> None:
    assert start().http.get("/api/v2/Images/FacilityReport/99").status_code == 404


def test_other_form_of_colours(start: Start) -> None:
    running = start(color_format="hash_encoded")

    assert running.http.get(IMAGE, params={"colors": "#1A2B3C"}).status_code == 200


@pytest.mark.parametrize("path", ["/api/v2/Alarms/90011", "/api/v2/Alarms/90011/Image"])
def test_alarms_are_for_partners(start: Start, path: str) -> None:
    running = start(given=profile([Meter(101, 11, "Meter")], alarms=[ALARM]))

    for key in (SIMULATED_KEY_A, SIMULATED_TENANT_KEY_A):
        assert running.http.get(path, headers={"Authorization": key}).status_code == 403
    assert running.http.get(path, headers=PARTNER).status_code == 200
    assert running.http.get(path.replace("90011", "1"), headers=PARTNER).status_code == 404


def test_partner_is_the_tenant(start: Start) -> None:
    given = profile([Meter(101, 11, "Meter")], alarms=[ALARM])
    running = start(given=given, key_scopes="partner_flag_on_tenant")
    headers = {"Authorization": SIMULATED_TENANT_KEY_A}

    assert running.http.get("/api/v2/Alarms/90011", headers=headers).json() == ALARM


def test_alarm_by_query(start: Start) -> None:
    given = profile([Meter(101, 11, "Meter")], alarms=[ALARM])
    running = start(given=given, alarm_endpoints="query_id")
    params = {"alarmId": 90011}

    assert running.http.get("/api/v2/Alarms", params=params, headers=PARTNER).json() == ALARM
    picture = running.http.get("/api/v2/Alarms/Image", params=params, headers=PARTNER)
    assert picture.headers["Content-Type"] == "image/png"
