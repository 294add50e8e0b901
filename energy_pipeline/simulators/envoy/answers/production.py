"""`/production.json`: live totals of inverters and meters, and the balance of the two."""

from typing import Literal

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.answers.balance import Balance, Totals, balance
from energy_pipeline.simulators.envoy.view import View

_Kind = Literal["production", "total-consumption", "net-consumption"]
_VOLTAGE = 230.0
_WEEK_DAYS = 7
_NOISE = Totals(3.659, 1586.658, [(3.659, 1586.658)])
_RENEWED_AFTER_S = 3600
_NEVER_RENEWED = Totals(0.0, 4321.0, [])


def production(view: View, *, details: bool) -> Answer:
    """Return the three lists of the path.

    Args:
        view: the gateway at an instant.
        details: the phases are listed as well.
    """
    document: dict[str, list[dict[str, object]]] = {"production": [_inverters(view)]}
    if view.hardware.is_metered:
        produced, total, net = _entries(view, details=details)
        document["production"].append(produced)
        document["consumption"] = [total, net]
    acb = {"type": "acb", "activeCount": 0, "readingTime": 0, "wNow": 0, "whNow": 0}
    document["storage"] = [{**acb, "state": "idle"}]
    return json_answer("ui", document)


def _inverters(view: View) -> dict[str, object]:
    reports = view.inverters()
    heard = [report for report in reports if view.is_reporting(report)]
    return {
        "type": "inverters",
        "activeCount": len(reports),
        "readingTime": max((report.end_s for report in heard), default=0),
        "wNow": sum(report.power_w for report in heard),
        "whLifetime": view.inverters_wh(),
    }


def _entries(view: View, *, details: bool) -> list[dict[str, object]]:
    """Return the entries of production, total and net consumption."""
    now = _balance(view)
    midnight = _balance(view, view.midnight_s(_days_late(view)))
    week = _balance(view, view.midnight_s(_WEEK_DAYS))
    kinds: list[_Kind] = ["production", "total-consumption", "net-consumption"]
    entries: list[dict[str, object]] = []
    for kind, totals, *baselines in zip(kinds, now, midnight, week, strict=True):
        is_active = totals is not None and not (view.is_inactive and kind == "production")
        shown = totals if is_active and totals else _nonsense(view, kind, now.production)
        today_wh, week_wh = (_since(view, kind, shown, baseline) for baseline in baselines)
        entry = {
            "type": "eim",
            "activeCount": int(is_active),
            "measurementType": kind,
            "readingTime": _reading_time(view),
            **_measures(shown.power_w, shown.lifetime_wh, view.hardware.phases),
            **_days(today_wh, week_wh),
        }
        entries.append({**entry, "lines": _lines(view, shown)} if details else entry)
    return entries


def _balance(view: View, stored_at_s: int | None = None) -> Balance:
    return balance(view.readings(stored_at_s), total_is_net=view.switches.total_is_net)


def _reading_time(view: View) -> int:
    return next((each.timestamp for each in view.readings().values()), view.shown_s)


def _nonsense(view: View, kind: _Kind, produced: Totals | None) -> Totals:
    """Return what an entry shows that is not active: other numbers, the production, or noise."""
    if produced is None:
        return _NOISE
    if kind == "production":
        return Totals(0.0, float(view.inverters_wh()), [])
    return produced._replace(lines=[]) if kind == "total-consumption" else Totals(0.0, 0.0, [])


def _days_late(view: View) -> int:
    """Return by how many days the baseline of `whToday` is too old."""
    is_fresh = view.shown_s - view.midnight_s() < _RENEWED_AFTER_S
    return int(view.switches.today == "late" and is_fresh)


def _since(view: View, kind: _Kind, now: Totals, baseline: Totals | None) -> float:
    """Return the energy since a baseline, which the gateway keeps in whole Wh."""
    if kind == "net-consumption":
        return 0.0
    if view.switches.today == "frozen":
        baseline = _NEVER_RENEWED
    if view.switches.today == "lifetime" or baseline is None:
        return now.lifetime_wh
    return round(now.lifetime_wh - int(baseline.lifetime_wh), 3)


def _lines(view: View, totals: Totals) -> list[dict[str, object]]:
    lines = [{**_measures(*line, 1), **_days(0.0, 0.0)} for line in totals.lines]
    if view.switches.pads_lines:
        zeros: dict[str, object] = dict.fromkeys({**_measures(0.0, 0.0, 1), **_days(0.0, 0.0)}, 0.0)
        lines.extend([zeros] * (3 - len(lines)))
    return lines


def _measures(power_w: float, lifetime_wh: float, phases: int) -> dict[str, object]:
    return {
        "wNow": power_w,
        "whLifetime": lifetime_wh,
        "varhLeadLifetime": 0.107,
        "varhLagLifetime": round(abs(lifetime_wh) * 0.21, 3),
        "vahLifetime": round(abs(lifetime_wh) * 1.08, 3),
        "rmsCurrent": round(abs(power_w) / _VOLTAGE, 3),
        "rmsVoltage": _VOLTAGE * phases,
        "reactPwr": round(power_w * 0.05, 3),
        "apprntPwr": round(abs(power_w) * 1.02, 3),
        "pwrFactor": 0.98,
    }


def _days(today_wh: float, week_wh: float) -> dict[str, object]:
    return {
        "whToday": today_wh,
        "whLastSevenDays": week_wh,
        "vahToday": round(abs(today_wh) * 1.08, 3),
        "varhLeadToday": 0.0,
        "varhLagToday": round(abs(today_wh) * 0.21, 3),
    }
