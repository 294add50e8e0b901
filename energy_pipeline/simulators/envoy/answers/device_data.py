"""`/ivp/pdm/device_data`: inverters' lifetimes in joules, meters at the last full interval."""

from collections.abc import Mapping
from typing import NamedTuple

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.answers.balance import balance
from energy_pipeline.simulators.envoy.hardware import METER_IDS, Ct
from energy_pipeline.simulators.envoy.inverters import Report
from energy_pipeline.simulators.envoy.metering import Channel
from energy_pipeline.simulators.envoy.view import View

_FIRST_INVERTER_ID, _FIRST_INVERTER_CHANNEL_ID = 553_648_384, 1_627_390_225
_FIRST_METER_CHANNEL_ID = 1_778_385_169
_STRIDE = 256
_METER_CHANNELS = 3
_UNSIGNED = 2**32
_METERS: dict[str, tuple[Ct, ...]] = {
    "EIM1": ("production",),
    "EIM2": ("net-consumption", "total-consumption"),
}


def device_data(view: View) -> Answer:
    """Return as many devices as the gateway lists at most, and how many that are."""
    gone, there = view.removed(), view.inverters()
    devices: list[tuple[int, object]] = [
        (_FIRST_INVERTER_ID + _STRIDE * n, _inverter(view, n, report))
        for n, report in enumerate((*gone, *there))
    ]
    for suffix, cts in _METERS.items():
        enabled: list[Ct] = [ct for ct in cts if ct in view.hardware.cts]
        devices.extend((METER_IDS[ct], _meter(view, ct, suffix)) for ct in enabled)
    limit = view.switches.device_data_limit
    listed = {str(device_id): device for device_id, device in devices[:limit]}
    counts = {"deviceCount": len(listed), "deviceDataLimit": limit}
    return json_answer("ivp", {**listed, **counts})


def _inverter(view: View, number: int, report: Report) -> dict[str, object]:
    is_there = number >= view.faults.removed_inverters
    channel_id = _FIRST_INVERTER_CHANNEL_ID + _STRIDE * number
    channel = _reported(channel_id, report) if is_there else _channel(channel_id)
    return {
        "devName": "pcu",
        "sn": report.serial,
        "active": is_there,
        "modGone": not is_there,
        "channels": [channel],
    }


def _reported(channel_id: int, report: Report) -> dict[str, object]:
    reading = {
        "eid": channel_id,
        "interval_type": 0,
        "endDate": report.end_s,
        "duration": report.duration_s,
        "flags": 0,
        "flags_hex": "0x0000000000000000",
        "joulesProduced": report.joules,
        "acVoltageINmV": 230_412,
        "acFrequencyINmHz": 50_011,
        "dcVoltageINmV": 32_363,
        "dcCurrentINmA": round(report.power_w / 0.0324),
        "channelTemp": 31,
        "joulesUsed": 0,
        "acCurrentInmA": round(report.power_w / 0.2304),
    }
    lifetime = {"createdTime": 1_744_834_453, "joulesProduced": report.lifetime_j}
    watts = {"now": report.power_w, "nowUsed": 0, "max": report.seen_max_w}
    return _channel(channel_id, report.end_s, watts, reading, lifetime)


def _channel(
    channel_id: int,
    created_s: int = 0,
    watts: Mapping[str, int] | None = None,
    reading: Mapping[str, object] | None = None,
    lifetime: Mapping[str, object] | None = None,
) -> dict[str, object]:
    return {
        "chanEid": channel_id,
        "created": created_s,
        "wattHours": {"today": 0, "yesterday": 0, "week": 0},
        "watts": watts or {"now": 0, "nowUsed": 0, "max": 0},
        "lastReading": reading or {},
        "lifetime": lifetime or {},
    }


class _Interval(NamedTuple):
    """One phase of a meter over a stored interval."""

    end_s: int
    duration_s: int
    begin: Channel
    end: Channel
    cumulated_wh: float

    @property
    def power_w(self) -> int:
        """Return the mean power; export counts as negative."""
        delivered_wh = self.end.delivered_wh - self.begin.delivered_wh
        received_wh = self.end.received_wh - self.begin.received_wh
        return round((delivered_wh - received_wh) * 3600 / self.duration_s)


def _meter(view: View, ct: Ct, suffix: str) -> dict[str, object]:
    first_id = _FIRST_METER_CHANNEL_ID + _STRIDE * (suffix == "EIM2")
    stored = [_stored(first_id + n, each) for n, each in enumerate(_intervals(view, ct))]
    unused = [_channel(first_id + n) for n in range(len(stored), _METER_CHANNELS)]
    return {
        "devName": "eim",
        "sn": f"{view.hardware.serial}{suffix}",
        "active": True,
        "modGone": True,
        "channels": [*stored, *unused],
    }


def _intervals(view: View, ct: Ct) -> list[_Interval]:
    """Return the last stored interval of each phase."""
    end_s, duration_s = view.boundary_s(), view.hardware.store_period_s
    begin, end = (view.stored(ct, at_s).channels for at_s in (end_s - duration_s, end_s))
    sums = balance(view.readings(end_s))
    totals = sums.production if ct == "production" else sums.total
    cumulated = [wh for _, wh in totals.lines] if totals else [each.delivered_wh for each in end]
    return [
        _Interval(end_s, duration_s, *phase) for phase in zip(begin, end, cumulated, strict=True)
    ]


def _stored(channel_id: int, interval: _Interval) -> dict[str, object]:
    power_w = interval.power_w
    reading = {
        "eid": channel_id,
        "interval_type": 0,
        "endDate": interval.end_s,
        "duration": interval.duration_s,
        "curr_w": power_w,
        "wh_dlvd_cum": int(interval.cumulated_wh),
        "rms_mvolt": 230_400,
        "freq_mhz": 50_000,
        "wh_pos": int(interval.end.delivered_wh),
        "wh_neg": int(interval.end.received_wh),
    }
    lifetime = {"createdTime": 1_744_817_400, "wh_dlvd_cum": int(interval.cumulated_wh)}
    watts = {"now": power_w % _UNSIGNED, "nowUsed": 0, "max": max(power_w, 0)}
    return _channel(channel_id, interval.end_s, watts, reading, lifetime)
