"""`/api/v1/production`: whole numbers without a time, as of the last stored interval."""

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.view import View

_WEEK_DAYS = 7
_FROZEN_WH = 1583  # what a meter without transformers once gathered


def production_v1(view: View) -> Answer:
    """Return lifetime energy, two differences of it, and the mean power of the interval."""
    match view.switches.v1:
        case "zero":
            return _answer(0, 0, 0, 0)
        case "frozen":
            return _answer(_FROZEN_WH, _FROZEN_WH, 0, 4)
        case "interval":
            by_meter = "production" in view.hardware.cts
            return _by_meter(view) if by_meter else _by_inverters(view)


def inverters(view: View) -> Answer:
    """Return the last power of every inverter; no energy."""
    listed = [
        {
            "serialNumber": report.serial,
            "lastReportDate": report.end_s,
            "devType": 1,
            "lastReportWatts": report.power_w,
            "maxReportWatts": report.seen_max_w,
        }
        for report in view.inverters()
    ]
    return json_answer("api", listed)


def _by_meter(view: View) -> Answer:
    boundary_s, period_s = view.boundary_s(), view.hardware.store_period_s
    lifetime_wh = _stored_wh(view, boundary_s)
    power_w = round((lifetime_wh - _stored_wh(view, boundary_s - period_s)) * 3600 / period_s)
    week_wh = lifetime_wh - _stored_wh(view, view.midnight_s(_WEEK_DAYS))
    today_wh = lifetime_wh - _stored_wh(view, view.midnight_s())
    return _answer(lifetime_wh, week_wh, today_wh, power_w)


def _by_inverters(view: View) -> Answer:
    """Return sums over the inverters; this lifetime never wraps."""
    heard = filter(view.is_reporting, view.inverters())
    now_w = sum(report.power_w for report in heard)
    since = view.site.inverters.energy_wh
    end_s = max((report.end_s for report in view.inverters()), default=0)
    today_wh = max(int(since(view.midnight_s(), end_s)), 0)
    week_wh = max(int(since(view.midnight_s(_WEEK_DAYS), end_s)), 0)
    return _answer(view.inverters_wh(wraps=False), week_wh, today_wh, now_w)


def _stored_wh(view: View, boundary_s: int) -> int:
    return sum(int(phase.delivered_wh) for phase in view.stored("production", boundary_s).channels)


def _answer(lifetime_wh: int, week_wh: int, today_wh: int, power_w: int) -> Answer:
    document = {
        "wattHoursToday": today_wh,
        "wattHoursSevenDays": week_wh,
        "wattHoursLifetime": lifetime_wh,
        "wattsNow": power_w,
    }
    return json_answer("api", document)
