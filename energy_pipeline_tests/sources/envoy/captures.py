"""Captured replies of real gateways, and the figures that stand in them.

`captured_figures.json` was read from the captures' JSON with nothing but a JSON reader; the streams
below were read by eye.
"""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from energy_pipeline.sources.envoy.replies import Absent, Document, Reply, read_reply
from energy_pipeline.sources.envoy.wire import Endpoint

POLLED_AT = datetime(2026, 8, 1, 12, tzinfo=UTC)
"""When the tests pretend to have received every answer."""

_DLVD = "ivp/meters/readings/{}/actEnergyDlvd"
_RCVD = "ivp/meters/readings/{}/actEnergyRcvd"
PRODUCTION_CT, NET_CT, STORAGE_CT = 704643328, 704643584, 704643840
_OVERVIEW = "production.json/eim/whLifetime"
_WRAPPING = "production.json/inverters/whLifetime"
_LEGACY = "api/v1/production/wattHoursLifetime"
_AT_RECEIPT = int(POLLED_AT.timestamp())

_EUROPEAN = {
    "production": (_DLVD.format(PRODUCTION_CT), 1693745133, 3183793.885, 488.925),
    "grid_import": (_DLVD.format(NET_CT), 1693745133, 3738205.282, 0),
    "grid_export": (_RCVD.format(NET_CT), 1693745133, 1776768.769, 36.162),
}
_BATTERIES = {"production": (_OVERVIEW, 1692818014, 19230313.461, 4556.139)}

STREAMS: dict[str, dict[str, tuple[str, int, float, float]]] = {
    "3.17.3": {"production": (_LEGACY, 1618082966, 93706280, 5463)},
    "3.9.36": {"production": (_LEGACY, 1618083969, 6012540, 1271)},
    "3.9.36_bad_auth": {"production": (_LEGACY, _AT_RECEIPT, 14578520, 0)},
    "4.10.35": {
        "production": (_DLVD.format(PRODUCTION_CT), 1695301419, 26785327.449, 166.489),
        "grid_import": (_DLVD.format(NET_CT), 1695301419, 16908208.78, 566.864),
        "grid_export": (_RCVD.format(NET_CT), 1695301419, 17357690.272, 0),
    },
    "5.0.49": {"production": (_LEGACY, 1618084193, 88742152, 4859)},
    "5.0.62": {"production": (_LEGACY, 1694554896, 133798553, 7907)},
    "7.3.130_no_consumption": {
        "production": (_DLVD.format(PRODUCTION_CT), 1694549733, 4545929.53, 3624.573)
    },
    "7.3.466_metered_disabled_cts": {"production": (_WRAPPING, 1693745066, 702919, 751)},
    "7.3.466_with_cts_3phase": _EUROPEAN,
    "7.3.517": _BATTERIES,
    "7.3.517_legacy_savings_mode": _BATTERIES,
    "7.6.175_standard": {"production": (_LEGACY, 1691416513, 6139406, 5740)},
    "7.6.175_with_cts": _EUROPEAN,
    "7.6.175_with_cts_3phase": _EUROPEAN,
    "8.2.4264_metered_noct": {"production": (_WRAPPING, 1746702889, 32465106, 5521)},
    "8.2.4286_with_3cts_and_battery_split": {
        "production": (_DLVD.format(PRODUCTION_CT), 1722967007, 13431336.968, 7131.017),
        "grid_import": (_DLVD.format(NET_CT), 1722967007, 5855939.23, 1749.504),
        "grid_export": (_RCVD.format(NET_CT), 1722967007, 4173334.272, 0),
        "battery_discharge": (_DLVD.format(STORAGE_CT), 1722967007, 4073871.031, 0),
        "battery_charge": (_RCVD.format(STORAGE_CT), 1722967007, 5409935.465, 7083.656),
    },
    "8.2.4345_with_device_data": {
        "production": (_DLVD.format(PRODUCTION_CT), 1748577049, 1243812.228, 807.326),
        "grid_import": (_DLVD.format(NET_CT), 1748577049, 648203.353, 199.234),
        "grid_export": (_RCVD.format(NET_CT), 1748577049, 883899.646, 0),
    },
    "8.3.5289_modGone": {
        "production": (_DLVD.format(PRODUCTION_CT), 1782367960, 10251324.057, 1634.739)
    },
    "8.3.5433_tot_is_net_cons": {
        "production": (_DLVD.format(PRODUCTION_CT), 1785332858, 14405465.57, 352.751),
        "consumption": (_DLVD.format(NET_CT), 1785332858, 20055053.325, 786.513),
    },
}
"""Counter, time, energy and power of every stream of every capture; what is not here is absent."""

BOUNDARIES: dict[str, dict[str, tuple[str, int, float, float | None]]] = {
    "8.2.4345_with_device_data": {
        "production": ("ivp/pdm/device_data/EIM1/wh_pos", 1748576700, 1243605, 2675),
        "grid_import": ("ivp/pdm/device_data/EIM2/wh_pos", 1748576700, 648196, None),
        "grid_export": ("ivp/pdm/device_data/EIM2/wh_neg", 1748576700, 883785, None),
    },
    "8.3.5289_modGone": {
        "production": ("ivp/pdm/device_data/EIM1/wh_pos", 1782367200, 10250989, 1524)
    },
}
"""Likewise of the counters at the end of an interval; elsewhere there is none, or a stale one."""


@cache
def figures() -> dict[str, dict[str, Any]]:
    """Return the figures of every capture."""
    path = Path(__file__).with_name("captured_figures.json")
    return json.loads(path.read_text("utf-8"))


def instant(second: int) -> datetime | None:
    """Return an epoch second as an instant; 0 is none."""
    return datetime.fromtimestamp(second, UTC) if second else None


def captured(folder: Path, endpoint: Endpoint) -> tuple[int, bytes]:
    """Return status and body of an endpoint; one that was not captured answers 404."""
    name = endpoint.value.removeprefix("/")
    for character in "/?=&":
        name = name.replace(character, "_")
    body, log = folder / name, folder / f"{name}_log.json"
    if not body.exists():
        return 404, b"<html>\n<head><title>404 Not Found</title></head></html>"
    return json.loads(log.read_text())["code"] if log.exists() else 200, body.read_bytes()


def captured_replies(folder: Path) -> dict[Endpoint, Reply]:
    """Return what a capture answers to everything."""
    return {
        endpoint: read_reply(*captured(folder, endpoint), received_at=POLLED_AT)
        for endpoint in Endpoint
        if endpoint is not Endpoint.INFO
    }


def value_of(reply: Reply) -> object:
    """Return the document of a reply, None without one."""
    assert isinstance(reply, Document | Absent)
    return reply.value if isinstance(reply, Document) else None
