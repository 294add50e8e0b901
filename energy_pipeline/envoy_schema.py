"""The datasets of the gateways; all others are in `schema.py`, which lists these too."""

import pyarrow as pa

from energy_pipeline.columns import INSTANT, SITE, STREAM, column, energy_wh, power_w
from energy_pipeline.dataset import Dataset

_SERIAL = column("serial", pa.string(), "serial number of the gateway")
_POLLED_AT = column("polled_at", INSTANT, "when the answer was received")


ENVOY_READINGS = Dataset(
    "envoy_readings",
    "Counters of a gateway as polls showed them; one row per counter and poll.",
    pa.schema(
        [
            SITE,
            _SERIAL,
            column("counter", pa.string(), "source of the value; another source counts anew"),
            STREAM,
            column("read_at", INSTANT, "time of the value by the gateway's own clock"),
            energy_wh("the counter"),
            power_w("power of the stream, positive in its direction; null where none is given"),
            _POLLED_AT,
        ]
    ),
    ("site", "stream", "read_at", "counter", "polled_at"),
    "read_at",
    "instant",
)

ENVOY_INVERTERS = Dataset(
    "envoy_inverters",
    "Reports of single inverters; one row per inverter and report.",
    pa.schema(
        [
            SITE,
            _SERIAL,
            column("inverter", pa.string(), "serial number of the inverter"),
            column("reported_at", INSTANT, "time of the report by the gateway's own clock"),
            power_w("power at the report; null where none is given"),
            column(
                "max_power_w",
                pa.float64(),
                "highest power that the gateway has seen; null where none is given",
                unit="W",
                nullable=True,
            ),
            column(
                "energy_wh",
                pa.float64(),
                "lifetime energy; null where the gateway gives none",
                unit="Wh",
                nullable=True,
            ),
            _POLLED_AT,
        ]
    ),
    ("site", "inverter", "reported_at"),
    "reported_at",
    "instant",
)

ENVOY_INVENTORY = Dataset(
    "envoy_inventory",
    "What the gateways are and what they have around them; one row per device.",
    pa.schema(
        [
            SITE,
            _SERIAL,
            column("kind", pa.string(), "gateway, meter, pcu (inverter), encharge (battery), ..."),
            column("device", pa.string(), "serial number; a meter's kind"),
            column("part_number", pa.string(), "of the hardware", nullable=True),
            column("software", pa.string(), "version that runs in it", nullable=True),
            column("phase", pa.string(), "phase it is connected to", nullable=True),
            column("is_producing", pa.bool_(), "it delivers energy", nullable=True),
            column("is_communicating", pa.bool_(), "the gateway hears it", nullable=True),
            column("is_operating", pa.bool_(), "it works; of a meter: in use", nullable=True),
            column("capacity_wh", pa.float64(), "of a battery", unit="Wh", nullable=True),
            column("charge_percent", pa.float64(), "of a battery", unit="%", nullable=True),
            power_w("of a battery, positive when it discharges"),
            column("last_report_at", INSTANT, "last report, gateway's own clock", nullable=True),
            column("installed_at", INSTANT, "when it was added", nullable=True),
            column("status", pa.string(), "the gateway's words about it", nullable=True),
            column("timezone", pa.string(), "of a gateway, IANA zone", nullable=True),
            _POLLED_AT,
        ]
    ),
    ("site", "kind", "device"),
    "",
    "whole",
)
