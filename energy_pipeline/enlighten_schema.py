"""Datasets of what Enlighten says besides energy: devices, events, totals of months.

Intervals, totals of days and the list of systems are in `schema.py`.
"""

import pyarrow as pa

from energy_pipeline.columns import FETCHED_AT, INSTANT, SITE, column, energy_wh
from energy_pipeline.dataset import Dataset

_SYSTEM_ID = column("system_id", pa.int64(), "Enlighten's id of the site")

ENLIGHTEN_DEVICES = Dataset(
    "enlighten_devices",
    "Devices in service as Enlighten lists them; one row per device.",
    pa.schema(
        [
            SITE,
            _SYSTEM_ID,
            column("kind", pa.string(), "gateway, inverter, meter, battery, ..."),
            column("serial", pa.string(), "serial number; the name of a device without one"),
            column("name", pa.string(), "name in Enlighten", nullable=True),
            column("model", pa.string(), "type of device", nullable=True),
            column("part_number", pa.string(), "the vendor's part", nullable=True),
            column("sku", pa.string(), "the vendor's article", nullable=True),
            column("status", pa.string(), "state at the time of the answer", nullable=True),
            column(
                "is_enabled",
                pa.bool_(),
                "switched on in Enlighten; null where it is not told",
                nullable=True,
            ),
            column(
                "measures",
                pa.string(),
                "of a meter: production, net (at the grid) or total (at the house); v4 alone",
                nullable=True,
            ),
            column("last_report_at", INSTANT, "last report of the device", nullable=True),
            FETCHED_AT,
        ]
    ),
    ("site", "kind", "serial"),
    "",
    "whole",
)

ENLIGHTEN_EVENTS = Dataset(
    "enlighten_events",
    "What happened at a site: its status over time, events and alarms; one row for each.",
    pa.schema(
        [
            SITE,
            _SYSTEM_ID,
            column("kind", pa.string(), "status (of the system), event or alarm (v4 alone)"),
            column("id", pa.string(), "begin, type and device: names it within its kind"),
            column("status", pa.string(), "the system's status; info, open or closed"),
            column("event_type_id", pa.int64(), "the vendor's type of event", nullable=True),
            column("event_name", pa.string(), "its name", nullable=True),
            column(
                "severity",
                pa.int32(),
                "of an alarm: 1 fatal, 2 error, 3 warning, 4 info, 5 debug, 6 none",
                nullable=True,
            ),
            column("serial", pa.string(), "the device it is about", nullable=True),
            column(
                "started_at",
                INSTANT,
                "begin; of a status: when it was first seen",
                nullable=True,
            ),
            column(
                "ended_at",
                INSTANT,
                "end; null while it goes on, and when nobody was told of the end",
                nullable=True,
            ),
            FETCHED_AT,
        ]
    ),
    ("site", "kind", "id"),
    "",
    "whole",
)

ENLIGHTEN_MONTHLY_PRODUCTION = Dataset(
    "enlighten_monthly_production",
    "Enlighten's own totals of months, a check of its totals of days; one row per site and month.",
    pa.schema(
        [
            SITE,
            _SYSTEM_ID,
            column("first_day", pa.date32(), "first site-local day of the month"),
            column("last_day", pa.date32(), "last site-local day of the month"),
            energy_wh("the vendor's total of the month"),
            column(
                "metered_wh",
                pa.float64(),
                "what production meters counted in the month; null without a meter",
                unit="Wh",
                nullable=True,
            ),
            FETCHED_AT,
        ]
    ),
    ("site", "first_day"),
    "",
    "whole",
)
