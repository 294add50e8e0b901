"""`/ivp/meters` and `/ivp/meters/readings`: the current transformers, about a second old."""

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.hardware import METER_IDS, Ct, Hardware
from energy_pipeline.simulators.envoy.metering import Channel
from energy_pipeline.simulators.envoy.view import View

_FIRST_CHANNEL_ID = 1_778_385_169
_SPARE_METERS = {
    "backfeed": 704644352,
    "load": 704644608,
    "evse": 704644864,
    "pv3p": 704645120,
}
_UNLISTED_METER = 1_023_410_688
_LISTED: tuple[Ct, ...] = ("production", "net-consumption", "total-consumption", "storage")
# What a channel gathers that has no transformer; nobody may add it to the others.
_NOISE = Channel(6495.361, 48_696.194, -0.0)


def meters(view: View) -> Answer:
    """Return which meters there are, and whether they are in use."""
    if not view.hardware.is_metered:
        return json_answer("ivp", [])
    listed = [meter(view.hardware, METER_IDS[ct], ct) for ct in _listed(view)]
    if view.switches.has_spare_meters:
        listed.extend(meter(view.hardware, eid, kind) for kind, eid in _SPARE_METERS.items())
    return json_answer("ivp", listed)


def readings(view: View) -> Answer:
    """Return counters and power of the meters; the type is only in `/ivp/meters`."""
    if not view.hardware.is_metered:
        return json_answer("ivp", [])
    told = [_reading(view, ct) for ct in _listed(view)]
    if view.switches.has_spare_meters:
        unused = [Channel(0.0, 0.0, 0.0)] * 3
        spare_ids = (*_SPARE_METERS.values(), _UNLISTED_METER)
        told.extend(reading(eid, 0, unused[0], unused) for eid in spare_ids)
    return json_answer("ivp", told)


def _listed(view: View) -> list[Ct]:
    """Return the meters of the list: a consumption meter always, the battery's if it is there."""
    cts = view.hardware.cts
    absent = "net-consumption" if "total-consumption" in cts else "total-consumption"
    optional = {"storage"} - set(cts) if not view.switches.has_spare_meters else set[str]()
    return [ct for ct in _LISTED if ct != absent and ct not in optional]


def meter(hardware: Hardware, eid: int, kind: str) -> dict[str, object]:
    """Return the entry of one meter in `/ivp/meters`."""
    is_enabled = kind in hardware.cts
    return {
        "eid": eid,
        "state": "enabled" if is_enabled else "disabled",
        "measurementType": kind,
        "phaseMode": hardware.phase_mode,
        "phaseCount": hardware.phases,
        "meteringStatus": "normal" if is_enabled else "not-metering",
        "statusFlags": [],
    }


def _reading(view: View, ct: Ct) -> dict[str, object]:
    eid = METER_IDS[ct]
    if ct not in view.hardware.cts:
        return reading(eid, view.shown_s, _NOISE, [_NOISE] * 3)
    read = view.reading(ct)
    whole = Channel(read.delivered_wh, read.received_wh, read.power_w)
    unused = [_NOISE] * (3 - len(read.channels))
    return reading(eid, read.timestamp, whole, [*read.channels, *unused])


def reading(eid: int, timestamp: int, whole: Channel, channels: list[Channel]) -> dict[str, object]:
    """Return the entry of one meter in `/ivp/meters/readings`.

    Args:
        eid: number of the meter.
        timestamp: epoch seconds; 0 means never read.
        whole: the sum over the phases in use.
        channels: three, of which those beyond the phases in use are noise.
    """
    first = _FIRST_CHANNEL_ID + (eid - METER_IDS["production"])
    listed = [_measures(first + n, timestamp, each) for n, each in enumerate(channels)]
    return {**_measures(eid, timestamp, whole), "channels": listed}


def _measures(eid: int, timestamp: int, channel: Channel) -> dict[str, object]:
    power_w = channel.power_w
    return {
        "eid": eid,
        "timestamp": timestamp,
        "actEnergyDlvd": channel.delivered_wh,
        "actEnergyRcvd": channel.received_wh,
        "apparentEnergy": round(1.08 * (channel.delivered_wh + channel.received_wh), 3),
        "reactEnergyLagg": round(0.21 * channel.delivered_wh, 3),
        "reactEnergyLead": 0.107,
        "instantaneousDemand": power_w,
        "activePower": power_w,
        "apparentPower": round(abs(power_w) * 1.02, 3),
        "reactivePower": round(power_w * 0.05, 3),
        "pwrFactor": 0.98 if power_w else 0.0,
        "voltage": 230.4,
        "current": round(abs(power_w) / 230.4, 3),
        "freq": 50.0,
    }
