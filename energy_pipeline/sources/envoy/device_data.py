"""`/ivp/pdm/device_data`: every inverter's own counter, and the meters at the last interval's end.

An inverter's lifetime energy is in joules here and does not wrap. A meter's record stands exactly
on a boundary of five or fifteen minutes, in whole Wh.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.sources.envoy.json_values import (
    Members,
    counter,
    instant,
    members,
    named_objects,
    number,
    objects,
    text,
    whole,
)
from energy_pipeline.sources.envoy.wire import (
    CONSUMPTION_RECORD,
    DEVICE_LIMIT,
    INVERTER_NAME,
    JOULES_PER_WH,
    METER_NAME,
    PRODUCTION_RECORD,
    UNSIGNED,
)


@dataclass(frozen=True, slots=True)
class InverterCounter:
    """The last report of an inverter.

    Args:
        inverter: serial number.
        read_at: end of the report's period, the gateway's own time.
        energy_wh: lifetime energy.
        power_w: last power; None when not given.
        max_power_w: highest power seen; None when not given.
    """

    inverter: str
    read_at: datetime
    energy_wh: float
    power_w: float | None
    max_power_w: float | None


@dataclass(frozen=True, slots=True)
class BoundaryRecord:
    """A meter's counters at the end of an interval, one phase.

    Args:
        end_at: end of the interval, the gateway's own time.
        period_s: length of the interval.
        delivered_wh: lifetime energy of positive power.
        received_wh: lifetime energy of negative power.
        power_w: of the interval; None when not given.
    """

    end_at: datetime
    period_s: float
    delivered_wh: float
    received_wh: float
    power_w: float | None


@dataclass(frozen=True, slots=True)
class DeviceData:
    """The reply as a whole.

    Args:
        inverters: those in use that have reported, in the reply's order.
        is_complete: whether every inverter in use is among them.
        production: records of the production meter, phase by phase; None for an unused one.
        consumption: likewise of the consumption meter.
    """

    inverters: tuple[InverterCounter, ...]
    is_complete: bool
    production: tuple[BoundaryRecord | None, ...]
    consumption: tuple[BoundaryRecord | None, ...]


def parse_device_data(value: object) -> DeviceData:
    """Read `/ivp/pdm/device_data`; devices of other kinds are passed over."""
    devices = [device for _, device in named_objects(value)]
    in_use = [d for d in devices if d.get("devName") == INVERTER_NAME and d.get("active") is True]
    inverters = tuple(counter for device in in_use if (counter := _inverter(device)))
    count = whole(members(value), "deviceCount")
    limit = whole(members(value), "deviceDataLimit") or DEVICE_LIMIT
    return DeviceData(
        inverters=inverters,
        is_complete=bool(inverters)
        and len(inverters) == len(in_use)
        and (count is None or count < limit),
        production=_records(devices, PRODUCTION_RECORD),
        consumption=_records(devices, CONSUMPTION_RECORD),
    )


def _inverter(device: Members) -> InverterCounter | None:
    channels = objects(device.get("channels"))
    serial = text(device, "sn")
    parts = [(_last_reading(channel), _lifetime_j(channel)) for channel in channels]
    reports = [(end, joules) for end, joules in parts if end is not None and joules is not None]
    if serial is None or not channels or len(reports) != len(channels):
        return None
    return InverterCounter(
        inverter=serial,
        read_at=max(end for end, _ in reports),
        energy_wh=sum(joules for _, joules in reports) / JOULES_PER_WH,
        power_w=_sum_w(channels, "now"),
        max_power_w=_sum_w(channels, "max"),
    )


def _last_reading(channel: Members) -> datetime | None:
    return instant(members(channel.get("lastReading")), "endDate")


def _lifetime_j(channel: Members) -> float | None:
    return counter(members(channel.get("lifetime")), "joulesProduced")


def _sum_w(channels: list[Members], name: str) -> float | None:
    powers = [number(members(channel.get("watts")), name) for channel in channels]
    known = [_signed(power_w) for power_w in powers if power_w is not None]
    return sum(known) if len(known) == len(powers) else None


def _signed(power_w: float) -> float:
    return power_w - UNSIGNED if power_w >= UNSIGNED / 2 else power_w


def _records(devices: list[Members], suffix: str) -> tuple[BoundaryRecord | None, ...]:
    for device in devices:
        serial = text(device, "sn") or ""
        if device.get("devName") == METER_NAME and serial.endswith(suffix):
            return tuple(_boundary(channel) for channel in objects(device.get("channels")))
    return ()


def _boundary(channel: Members) -> BoundaryRecord | None:
    record = members(channel.get("lastReading"))
    end_at, period_s = instant(record, "endDate"), number(record, "duration")
    delivered_wh, received_wh = counter(record, "wh_pos"), counter(record, "wh_neg")
    if end_at is None or not period_s or delivered_wh is None or received_wh is None:
        return None
    return BoundaryRecord(end_at, period_s, delivered_wh, received_wh, number(record, "curr_w"))


def used_phases(
    records: tuple[BoundaryRecord | None, ...], phase_count: int
) -> tuple[BoundaryRecord, ...]:
    """Return the records of the phases in use; none unless all of them end at one instant."""
    used = list(_known(records[:phase_count]))
    is_one_instant = len({record.end_at for record in used}) == 1
    return tuple(used) if len(used) == phase_count and is_one_instant else ()


def _known(records: tuple[BoundaryRecord | None, ...]) -> Iterator[BoundaryRecord]:
    return (record for record in records if record is not None)
