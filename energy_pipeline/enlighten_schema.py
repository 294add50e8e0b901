"""The datasets of Enlighten: intervals, totals of days and months, systems, devices, events.

Hours and everything else that is computed is in `schema.py`, which lists these too.
"""

import pyarrow as pa

from energy_pipeline.columns import FETCHED_AT, INSTANT, SITE, STREAM, column, energy_wh
from energy_pipeline.dataset import Dataset

_SYSTEM_ID = column("system_id", pa.int64(), "Enlighten's id of the site")


def _intervals(name: str, what: str) -> Dataset:
    columns = [
        SITE,
        _SYSTEM_ID,
        column("end_at", INSTANT, "end of the interval"),
        column("interval_s", pa.int32(), "length of the interval", unit="s"),
        energy_wh("energy of the interval"),
        column(
            "power_w",
            pa.float64(),
            "mean power of the interval; null where the API gives none",
            unit="W",
            nullable=True,
        ),
        column(
            "devices_reporting",
            pa.int32(),
            "devices whose data had arrived when the API answered",
            nullable=True,
        ),
        column(
            "devices_total",
            pa.int32(),
            "active devices of the system, as the answer gave it",
            nullable=True,
        ),
        FETCHED_AT,
    ]
    return Dataset(
        name,
        f"{what} intervals as Enlighten gives them; one row per site and interval.",
        pa.schema(columns),
        ("site", "end_at"),
        "end_at",
        "start_of_interval",
    )


ENLIGHTEN_PRODUCTION = _intervals("enlighten_production", "Production")
ENLIGHTEN_CONSUMPTION = _intervals("enlighten_consumption", "Consumption")
ENLIGHTEN_GRID_IMPORT = _intervals("enlighten_grid_import", "Grid import")
ENLIGHTEN_GRID_EXPORT = _intervals("enlighten_grid_export", "Grid export")
ENLIGHTEN_BATTERY_CHARGE = _intervals("enlighten_battery_charge", "Battery charge")
ENLIGHTEN_BATTERY_DISCHARGE = _intervals("enlighten_battery_discharge", "Battery discharge")

ENLIGHTEN_SYSTEMS = Dataset(
    "enlighten_systems",
    "Systems that the Enlighten account can see; one row per system.",
    pa.schema(
        [
            column("site", pa.string(), "site id; null when sites.yaml lacks it", nullable=True),
            _SYSTEM_ID,
            column("system_name", pa.string(), "name in Enlighten", nullable=True),
            column("timezone", pa.string(), "IANA zone in Enlighten", nullable=True),
            column("status", pa.string(), "status at the time of the answer", nullable=True),
            column("last_report_at", INSTANT, "last upload of a gateway", nullable=True),
            column("last_energy_at", INSTANT, "last report of energy", nullable=True),
            column("operational_at", INSTANT, "begin of operation", nullable=True),
            FETCHED_AT,
        ]
    ),
    ("site", "system_id"),
    "",
    "whole",
)

ENLIGHTEN_DAILY_ENERGY = Dataset(
    "enlighten_daily_energy",
    "Enlighten's own totals, the independent check; one row per site, stream and site-local day.",
    pa.schema(
        [
            SITE,
            STREAM,
            column("day", pa.date32(), "site-local calendar day"),
            energy_wh("the vendor's total of the day"),
            FETCHED_AT,
            column(
                "last_report_at",
                INSTANT,
                "last upload of a gateway when the total was fetched",
                nullable=True,
            ),
        ]
    ),
    ("site", "stream", "day"),
    "day",
    "whole",
)

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
