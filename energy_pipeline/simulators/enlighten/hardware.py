"""The devices of a system: serial numbers, ids, models; the same ones in every dialect."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from energy_pipeline.simulators.enlighten.dataset import Stream, System

MeterUse = Literal["production", "consumption", "storage"]

GATEWAY_MODEL = "IQ Envoy"
GATEWAY_PART = "800-00655-r09"
GATEWAY_SKU = "ENV-IQ-AM1-240"
MICRO_MODEL = "IQ7PLUS"
MICRO_PART = "800-01135-r02"
MICRO_SKU = "IQ7PLUS-72-2-US"
METER_MODEL = "Envoy S"
BATTERY_PART = "800-01391-r02"
BATTERY_SKU = "IQBATTERY-5P-1P-NA"

_GATEWAY, _METER, _BATTERY, _MICRO = 0, 1, 9, 10


@dataclass(frozen=True)
class MeterDevice:
    """One meter of a gateway.

    Attributes:
        use: what it measures.
        id: the cloud's number of the device.
        serial_number: gateway's serial number with the meter's channel.
        streams: the streams that its counters count.
    """

    use: MeterUse
    id: int
    serial_number: str
    streams: tuple[Stream, ...]


def gateway_id(system: System) -> int:
    """Return the cloud's number of the gateway."""
    return _device_id(system, _GATEWAY)


def meters(system: System) -> list[MeterDevice]:
    """Return the meters that the system has, production first."""
    possible: Sequence[tuple[MeterUse, int, tuple[Stream, ...]]] = (
        ("production", 1, ("production_meter",)),
        ("consumption", 2, ("consumption",)),
        ("storage", 4, ("battery_charge", "battery_discharge")),
    )
    return [
        MeterDevice(
            use, _device_id(system, _METER + place), f"{system.gateway_serial}EIM{place}", streams
        )
        for use, place, streams in possible
        if system.series.keys() >= set(streams)
    ]


def micro_serials(system: System) -> list[str]:
    """Return the serial numbers of the microinverters; none where no micro measures."""
    if "production_micro" not in system.series:
        return []
    return [f"1221{system.system_id:05d}{number:03d}" for number in range(system.micros)]


def micro_id(system: System, number: int) -> int:
    """Return the cloud's number of the microinverter at this place."""
    return _device_id(system, _MICRO + number)


def battery_serial(system: System) -> str | None:
    """Return the serial number of the battery, None without one."""
    return f"4823{system.system_id:08d}" if system.battery else None


def battery_id(system: System) -> int:
    """Return the cloud's number of the battery."""
    return _device_id(system, _BATTERY)


def _device_id(system: System, place: int) -> int:
    return system.system_id * 1000 + place
