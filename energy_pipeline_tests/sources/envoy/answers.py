"""Answers of gateways that tests make up, small and to the point."""

from datetime import UTC, datetime, timedelta
from typing import Any

from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.replies import Absent, Document, Reply, Unavailable
from energy_pipeline.sources.envoy.wire import Endpoint

NOW = datetime(2026, 6, 11, 12, 0, tzinfo=UTC)
READ_AT = NOW - timedelta(seconds=1)
PRODUCTION_EID, CONSUMPTION_EID, STORAGE_EID = 704643328, 704643584, 704643840
EIDS = {
    "production": PRODUCTION_EID,
    "net-consumption": CONSUMPTION_EID,
    "total-consumption": CONSUMPTION_EID,
    "storage": STORAGE_EID,
}
ABSENT, UNAVAILABLE = Absent("status 404"), Unavailable("status 503")


def second(instant: datetime) -> int:
    return int(instant.timestamp())


def meter(measures: str, **members: Any) -> dict[str, Any]:
    return {
        "eid": EIDS[measures],
        "state": "enabled",
        "measurementType": measures,
        "phaseMode": "split",
        "phaseCount": 2,
        "meteringStatus": "normal",
        "statusFlags": [],
        **members,
    }


def reading(measures: str, delivered_wh: float, received_wh: float, power_w: float, **members: Any):
    channel = {"actEnergyDlvd": 7e6, "actEnergyRcvd": 8e6, "activePower": 900.0}
    return {
        "eid": EIDS[measures],
        "timestamp": second(READ_AT),
        "actEnergyDlvd": delivered_wh,
        "actEnergyRcvd": received_wh,
        "activePower": power_w,
        "channels": [channel] * 3,
        **members,
    }


def eim(active_count: int, lifetime_wh: float, power_w: float = 500.0, **members: Any):
    return {
        "type": "eim",
        "activeCount": active_count,
        "measurementType": "production",
        "readingTime": second(READ_AT),
        "wNow": power_w,
        "whLifetime": lifetime_wh,
        **members,
    }


def inverters(lifetime_wh: int, read_at: datetime | None = READ_AT) -> dict[str, Any]:
    return {
        "type": "inverters",
        "activeCount": 12,
        "readingTime": second(read_at) if read_at else 0,
        "wNow": 1200,
        "whLifetime": lifetime_wh,
    }


def production(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"production": list(entries), "storage": []}


def legacy(lifetime_wh: int) -> dict[str, int]:
    return {"wattHoursToday": 1, "wattHoursLifetime": lifetime_wh, "wattsNow": 1100}


def inverter_device(serial: str, joules: int, end: datetime = READ_AT, **members: Any):
    channel = {
        "watts": {"now": 100, "nowUsed": 0, "max": 300},
        "lastReading": {"endDate": second(end), "duration": 900},
        "lifetime": {"joulesProduced": joules},
    }
    return {"devName": "pcu", "sn": serial, "active": True, "channels": [channel], **members}


def record_device(record: str, *phases: tuple[int, int], end: datetime, period_s: int = 900):
    channels = [
        {
            "lastReading": {
                "endDate": second(end),
                "duration": period_s,
                "curr_w": 250,
                "wh_pos": delivered,
                "wh_neg": received,
            }
        }
        for delivered, received in phases
    ]
    unused = {"lastReading": {}, "lifetime": {}}
    return {"devName": "eim", "sn": f"122000000001{record}", "channels": [*channels, unused]}


def device_data(*devices: dict[str, Any], **members: Any) -> dict[str, Any]:
    listed = {str(553648384 + n): device for n, device in enumerate(devices)}
    return {**listed, "deviceCount": len(devices), "deviceDataLimit": 50, **members}


def measured(
    replies: dict[Endpoint, Any], *, has_meter: bool | None = None, others: Reply = ABSENT
) -> Measurements:
    """Return what a poll found; endpoints that are not named give `others`."""
    known = {
        endpoint: value
        if isinstance(value, Absent | Unavailable)
        else Document(value, received_at=NOW)
        for endpoint, value in replies.items()
    }
    rest = {e: others for e in Endpoint if e not in known}
    return Measurements({**rest, **known}, has_meter=has_meter)
