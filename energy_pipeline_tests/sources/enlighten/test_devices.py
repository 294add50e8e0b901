"""What a site's devices can measure."""

import pytest

from energy_pipeline.configuration.sites import STREAMS
from energy_pipeline.sources.enlighten.devices import Device, measured_streams, production_by

HOUSE = {"consumption", "grid_import", "grid_export"}
STORED = {"battery_charge", "battery_discharge"}


def meter(serial: str = "9", **members: object) -> Device:
    return Device("meter", serial, **members)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("devices", "streams"),
    [
        ([], set()),
        ([Device("gateway", "1")], set()),
        ([Device("inverter", "1")], {"production"}),
        ([meter(measures="production")], {"production"}),
        ([meter(measures="net")], HOUSE),
        ([meter(measures="total")], HOUSE),
        ([meter("1219EIM1")], {"production"}),
        ([meter("1219EIM2")], HOUSE),
        ([meter("1219EIM1", measures="net")], HOUSE),
        ([meter()], set(STREAMS)),
        ([meter(measures="something new")], set(STREAMS)),
        ([meter(measures="net", is_enabled=False)], set()),
        (
            [Device("inverter", "1", is_enabled=True), Device("battery", "2")],
            {"production"} | STORED,
        ),
        ([Device("ac_battery", "2")], STORED),
        ([Device("ev_charger", "3")], set()),
    ],
)
def test_devices_measure_what_they_are_for(devices: list[Device], streams: set[str]) -> None:
    assert measured_streams(devices) == streams


@pytest.mark.parametrize(
    ("devices", "ways"),
    [
        ([], set()),
        ([Device("gateway", "1"), meter(measures="net"), Device("battery", "2")], set()),
        ([Device("inverter", "1"), meter(measures="total")], {"micro"}),
        ([Device("inverter", "1", is_enabled=False), meter("1219EIM1")], {"meter"}),
        ([Device("inverter", "1"), meter(measures="production")], {"micro", "meter"}),
        ([Device("inverter", "1"), meter(measures="production", is_enabled=False)], {"micro"}),
        ([Device("inverter", "1"), meter()], {"micro", "meter"}),
    ],
)
def test_production_is_measured_by_microinverters_or_by_a_meter(
    devices: list[Device], ways: set[str]
) -> None:
    assert production_by(devices) == ways
