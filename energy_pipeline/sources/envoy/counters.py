"""Names of counters: where in the gateway a lifetime value stands.

A counter is known by the gateway's serial and this name, `<path>/<device>/<member>`; two names are
two counters, whatever they measure, and their values are never mixed. A *boundary* counter repeats
a meter's counter at the ends of intervals, in whole Wh; everything that counts by itself is in the
name of its stream once.
"""

from typing import Literal

CounterKind = Literal["meter", "boundary", "inverters"]
"""`meter`: continuous, 0.001 Wh, seconds old; `boundary`: a meter's counter at the exact end of an
interval, 1 Wh; `inverters`: a sum over inverters that report in turn, and that may wrap."""

_READINGS = "ivp/meters/readings"
_DEVICE_DATA = "ivp/pdm/device_data"

PRODUCTION_METER_OVERVIEW = "production.json/eim/whLifetime"
INVERTER_SUM = f"{_DEVICE_DATA}/pcu/joulesProduced"
LEGACY_INVERTER_SUM = "api/v1/production/wattHoursLifetime"
WRAPPING_INVERTER_SUM = "production.json/inverters/whLifetime"
"""Wraps at 2^32 J, as a whole or each inverter's share, depending on the firmware."""


def delivered(eid: int) -> str:
    """Return the counter of positive power of a meter."""
    return f"{_READINGS}/{eid}/actEnergyDlvd"


def received(eid: int) -> str:
    """Return the counter of negative power of a meter."""
    return f"{_READINGS}/{eid}/actEnergyRcvd"


def delivered_at_boundary(record: str) -> str:
    """Return the boundary counter of positive power of a record, `EIM1` or `EIM2`."""
    return f"{_DEVICE_DATA}/{record}/wh_pos"


def received_at_boundary(record: str) -> str:
    """Return the boundary counter of negative power of a record, `EIM1` or `EIM2`."""
    return f"{_DEVICE_DATA}/{record}/wh_neg"


def counter_kind(counter: str) -> CounterKind:
    """Return how a counter counts.

    Raises:
        ValueError: a name that no gateway has.
    """
    if counter.startswith(f"{_READINGS}/") or counter == PRODUCTION_METER_OVERVIEW:
        return "meter"
    if counter.startswith(f"{_DEVICE_DATA}/EIM"):
        return "boundary"
    if counter in (INVERTER_SUM, LEGACY_INVERTER_SUM, WRAPPING_INVERTER_SUM):
        return "inverters"
    raise ValueError(f"no counter of a gateway: {counter!r}")
