"""Dialect v4: events and alarms; a simulated system knows outages of its gateway, nothing else."""

from typing import Any

from energy_pipeline.simulators.enlighten.faults import Outage
from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Call, Json, View
from energy_pipeline.simulators.enlighten.v4.parameters import instant
from energy_pipeline.simulators.enlighten.v4.windows import Window

_DAY_S = 86_400
_NO_REPORT = 28
_SEVERITY_WARNING = 3
_EVENT_TYPE = {
    "event_type_id": _NO_REPORT,
    "event_type_key": "envoy_no_report",
    "stateful": True,
    "event_name": "Gateway not reporting",
    "event_description": "The gateway does not reach the cloud.",
    "recommended_action": "Check the power and the Internet connection of the gateway.",
}


def event_types(call: Call) -> Json:
    """Return the kinds of events, or the one asked for.

    Raises:
        Refusal: there is no such kind.
    """
    asked = call.params.get("event_type_id")
    if asked and asked != str(_NO_REPORT):
        raise refusals.not_found("Event type", asked)
    return {"event_types": [_EVENT_TYPE]}


def events(view: View) -> Json:
    """Return what happened in a window.

    Raises:
        Refusal: the window is missing, unreadable or too old.
    """
    window = _window(view)
    return {
        "system_id": view.system.system_id,
        "events": [_event(view, each, "Open") for each in _outages(view, window)],
    }


def open_events(view: View) -> Json:
    """Return what is still going on."""
    going_on = [each for each in _outages(view) if _end(view, each) is None]
    return {
        "system_id": view.system.system_id,
        "events": [_event(view, each, "open") for each in going_on],
    }


def alarms(view: View) -> Json:
    """Return the alarms of a window: active ones, or with `cleared=true` those that are over.

    Raises:
        Refusal: the window is missing, unreadable or too old.
    """
    window, cleared = _window(view), view.params.get("cleared") == "true"
    shown = [each for each in _outages(view, window) if (_end(view, each) is not None) == cleared]
    return {
        "system_id": view.system.system_id,
        "alarms": [
            {
                "id": str(1_000_000_000 + _start(each) % 1_000_000_000),
                "cleared": cleared,
                **_alarm(view, each),
                "alarm_end_time": _end(view, each),
            }
            for each in shown
        ],
    }


def open_alarms(view: View) -> Json:
    """Return the active alarms."""
    going_on = [each for each in _outages(view) if _end(view, each) is None]
    system_id = view.system.system_id
    return {
        "system_id": system_id,
        "alarms": [
            {"id": f"{system_id}.8.{1000 * _start(each)}", **_alarm(view, each)}
            for each in going_on
        ],
    }


def _event(view: View, outage: Outage, open_word: str) -> Json:
    end = _end(view, outage)
    return {
        "status": open_word if end is None else "Closed",
        "event_type_id": _NO_REPORT,
        "event_start_time": _start(outage),
        "event_end_time": end,
        "serial_number": view.system.gateway_serial,
    }


def _alarm(view: View, outage: Outage) -> dict[str, Any]:
    start = _start(outage)
    event = {
        "serial_number": view.system.gateway_serial,
        "start_date": start,
        "end_date": _end(view, outage),
    }
    return {
        "severity": _SEVERITY_WARNING,
        "events": [event],
        "event_type_id": _NO_REPORT,
        "alarm_start_time": start,
    }


def _window(view: View) -> Window:
    start = instant(view.params, "start_time")
    if start is None:
        raise refusals.unprocessable("start_time is required")
    if start > view.now:
        raise refusals.in_future()
    if start < view.now - view.switches.events_history_days * _DAY_S:
        raise refusals.outside()
    wanted = instant(view.params, "end_time")
    end = start + _DAY_S if wanted is None else min(wanted, start + 7 * _DAY_S)
    return Window(start, min(end, view.now))


def _outages(view: View, window: Window | None = None) -> list[Outage]:
    """Return the outages that have begun by now and touch the window."""
    begun = [each for each in view.cloud.outages(view.system) if _start(each) <= view.now]
    if window is None:
        return begun
    return [
        each
        for each in begun
        if _start(each) <= window.end and int(each.end.timestamp()) >= window.start
    ]


def _start(outage: Outage) -> int:
    return int(outage.start.timestamp())


def _end(view: View, outage: Outage) -> int | None:
    """Return the end of an outage that is over."""
    end = int(outage.end.timestamp())
    return end if end <= view.now else None
