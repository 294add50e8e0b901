"""Current transformers: which are in use, and what they have counted.

Delivered counts positive power: produced, imported, discharged, or consumed by the load; received
counts the other way. Channels are never summed: unused ones hold noise, and on split-phase gateways
one of them belongs to another meter.
"""

from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.sources.envoy.json_values import (
    Members,
    counter,
    instant,
    number,
    objects,
    text,
    texts,
    whole,
)
from energy_pipeline.sources.envoy.wire import ENABLED, NORMAL, NOT_METERING


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter that the gateway knows.

    Args:
        eid: its id within the gateway.
        measures: `production`, `net-consumption`, `total-consumption`, `storage`, and others.
        is_enabled: whether its transformers are in use; a disabled one shows noise.
        phase_count: phases that are in use, at least 1.
        complaints: what the gateway finds wrong with the wiring.
    """

    eid: int
    measures: str
    is_enabled: bool
    phase_count: int
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What a meter showed, all phases together.

    Args:
        eid: the meter's id.
        read_at: the gateway's own time; None for a meter that was never read.
        delivered_wh: lifetime energy of positive power; None when not given or negative.
        received_wh: lifetime energy of negative power; None when not given or negative.
        power_w: signed; None when not given.
    """

    eid: int
    read_at: datetime | None
    delivered_wh: float | None
    received_wh: float | None
    power_w: float | None


def parse_meters(value: object) -> tuple[Meter, ...]:
    """Read `/ivp/meters`; anything else than a list of meters is none."""
    return tuple(
        Meter(
            eid=eid,
            measures=measures,
            is_enabled=entry.get("state") == ENABLED,
            phase_count=max(1, whole(entry, "phaseCount") or 1),
            complaints=_complaints(entry),
        )
        for entry in objects(value)
        if (eid := whole(entry, "eid")) is not None
        and (measures := text(entry, "measurementType")) is not None
    )


def _complaints(entry: Members) -> tuple[str, ...]:
    status, flags = text(entry, "meteringStatus"), texts(entry, "statusFlags")
    is_unused = status == NOT_METERING and entry.get("state") != ENABLED
    return flags if status in (None, NORMAL) or is_unused else (status, *flags)


def enabled_meter(meters: tuple[Meter, ...], measures: str) -> Meter | None:
    """Return the meter of that kind that is in use, wherever in the list it stands."""
    return next((m for m in meters if m.measures == measures and m.is_enabled), None)


def parse_readings(value: object) -> dict[int, MeterReading]:
    """Read `/ivp/meters/readings`: by meter id, since the list follows no other one's order."""
    return {
        eid: MeterReading(
            eid=eid,
            read_at=instant(entry, "timestamp"),
            delivered_wh=counter(entry, "actEnergyDlvd"),
            received_wh=counter(entry, "actEnergyRcvd"),
            power_w=number(entry, "activePower"),
        )
        for entry in objects(value)
        if (eid := whole(entry, "eid")) is not None
    }
