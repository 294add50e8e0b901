"""Alarms by id: details and a picture. Needs a partner key, which opens those of every profile."""

from collections.abc import Mapping

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, json_answer
from energy_pipeline.simulators.enerkey.calls import Call, Operation
from energy_pipeline.simulators.enerkey.images import image_format
from energy_pipeline.simulators.enerkey.pictures import draw_alarm
from energy_pipeline.simulators.enerkey.switches import Switches


def operations(switches: Switches) -> list[Operation]:
    """Return the reads of alarms, with the id where the switch puts it."""
    position = "/{alarmId}" if switches.alarm_endpoints == "resource_paths" else ""
    return [
        Operation(
            id="getAlarm",
            method="GET",
            path=f"Alarms{position}",
            handle=_details,
            scope="partner",
        ),
        Operation(
            id="getAlarmImage",
            method="GET",
            path=f"Alarms{position}/Image",
            handle=_image,
            scope="partner",
        ),
    ]


def _details(call: Call) -> Answer:
    return json_answer(_alarm(call), call.world.switches, rows=1)


def _image(call: Call) -> Answer:
    kind = image_format(call)
    alarm = _alarm(call)
    title = f"Alarm {alarm['id']}: {alarm.get('name') or ''}"
    return draw_alarm(title, alarm.get("value"), alarm.get("threshold"), kind)


def _alarm(call: Call) -> Mapping[str, object]:
    id = call.id("alarmId")
    for profile in call.world.profiles:
        if id in profile.alarm_by_id:
            return profile.alarm_by_id[id]
    raise Refusal(404, f"Alarm {id} does not exist.")
