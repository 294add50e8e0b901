"""Pictures of a facility: the full report and the limited image. How they look is in `pictures`."""

import re
from typing import cast, get_args

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal
from energy_pipeline.simulators.enerkey.calls import Call, Operation
from energy_pipeline.simulators.enerkey.instants import to_datetime
from energy_pipeline.simulators.enerkey.pictures import (
    ImageFormat,
    Style,
    draw_image,
    draw_report,
)
from energy_pipeline.simulators.enerkey.profile import Facility
from energy_pipeline.simulators.enerkey.switches import Switches

MOST_COLORS = 16
MOST_QUANTITIES = 20
CULTURES = ("fi-FI", "en-US", "sv-SE")
_COLORS = {"hex6": r"[0-9A-Fa-f]{6}", "hash_encoded": r"#[0-9A-Fa-f]{6}"}


def operations(_: Switches) -> list[Operation]:
    """Return the reads of images."""
    return [
        Operation(
            id="getFacilityReport",
            method="GET",
            path="Images/FacilityReport/{facilityId}",
            handle=_report,
        ),
        Operation(
            id="getFacilityImage",
            method="GET",
            path="Images/FacilityImage/{facilityId}",
            handle=_image,
        ),
    ]


def image_format(call: Call) -> ImageFormat:
    """Return the format that is asked for, png when none is.

    Raises:
        Refusal: 400, another one.
    """
    text = _one(call, "format", "png")
    if text not in get_args(ImageFormat):
        raise Refusal(400, errors={"format": [f"The value '{text}' is not valid."]})
    return cast(ImageFormat, text)


def _report(call: Call) -> Answer:
    kind, colors = image_format(call), _colors(call)
    _check_quantities(call)
    culture = _one(call, "culture", "en-US")
    if culture not in CULTURES:
        raise Refusal(400, errors={"culture": [f"The value '{culture}' is not valid."]})
    year = _number(call, "year", 2000, 2100, call.now.year)
    facility = _facility(call)
    return draw_report(facility.name, _monthly(call, facility, year), year, Style(kind, colors))


def _image(call: Call) -> Answer:
    kind, colors = image_format(call), _colors(call)
    _check_quantities(call)
    year = _number(call, "year", 2000, 2100, call.now.year)
    width, height = _number(call, "width", 50, 4000, 600), _number(call, "height", 50, 4000, 300)
    facility = _facility(call)
    style = Style(kind, colors, width, height)
    return draw_image(facility.name, _monthly(call, facility, year), style)


def _facility(call: Call) -> Facility:
    id = call.id("facilityId")
    facility = call.profile.facility_by_id.get(id)
    if facility is None:
        raise call.world.no_such_id(f"Facility {id}", "facility_by_id", id)
    return facility


def _monthly(call: Call, facility: Facility, year: int) -> dict[str, list[float]]:
    """Return twelve UTC months of every meter at the top of the facility, by its name."""
    quantities = set(call.ids("quantityIds") or call.profile.quantity_by_id)
    shown: dict[str, list[float]] = {}
    for meter in call.profile.meters:
        is_top = meter.facility_id == facility.id and meter.parent_id is None
        if not is_top or meter.quantity_id not in quantities:
            continue
        months = [0.0] * 12
        with call.world.values.lock:
            for hour, value in call.world.values.readable_hours(meter, call.now).items():
                at = to_datetime(hour)
                if at.year == year:
                    months[at.month - 1] += value
        shown[meter.name] = months
    return shown


def _colors(call: Call) -> tuple[str, ...]:
    texts = call.query.get("colors", [])
    form = re.compile(_COLORS[call.world.switches.color_format])
    if len(texts) > MOST_COLORS or not all(form.fullmatch(text) for text in texts):
        allowed = f"At most {MOST_COLORS} colours of six hex digits are allowed."
        raise Refusal(400, errors={"colors": [allowed]})
    return tuple(f"#{text.removeprefix('#')}" for text in texts)


def _check_quantities(call: Call) -> None:
    if len(call.ids("quantityIds") or ()) > MOST_QUANTITIES:
        raise Refusal(400, errors={"quantityIds": [f"At most {MOST_QUANTITIES} are allowed."]})


def _number(call: Call, name: str, least: int, most: int, default: int) -> int:
    text = _one(call, name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise Refusal(400, errors={name: [f"The value must be from {least} to {most}."]})
    return int(text)


def _one(call: Call, name: str, default: str) -> str:
    texts = call.query.get(name, [default])
    if len(texts) != 1:
        raise Refusal(400, errors={name: ["The field may be given once."]})
    return texts[0]
