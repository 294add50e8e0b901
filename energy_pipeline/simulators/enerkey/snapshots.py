"""The body of a snapshot: from JSON to objects, and every rule that it can break on its own."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from energy_pipeline.simulators.enerkey.answers import Refusal
from energy_pipeline.simulators.enerkey.switches import Switches

_Form = Literal["text", "code", "id", "reading_type", "properties", "meters"]
_ADDRESS: dict[str, _Form] = dict.fromkeys(
    ("streetAddress", "postalCode", "city", "country"), "text"
)


@dataclass(frozen=True)
class _Shape:
    """An object of a snapshot: members with what they hold, and those that must be there."""

    members: Mapping[str, _Form]
    required: frozenset[str]


_CUSTOMER = _Shape(
    {
        "externalCustomerId": "text",
        "externalCustomerName": "text",
        "productCode": "code",
        "companyOvt": "text",
        **_ADDRESS,
        "email": "text",
        "phoneNumber": "text",
    },
    frozenset({"externalCustomerId", "externalCustomerName", "productCode"}),
)
_FACILITY = _Shape(
    {
        "externalFacilityId": "text",
        "externalCustomerId": "text",
        "name": "text",
        **_ADDRESS,
        "timeZone": "text",
        "properties": "properties",
        "meters": "meters",
    },
    frozenset({"externalFacilityId", "externalCustomerId", "name"}),
)
_METER = _Shape(
    {
        "externalMeterId": "text",
        "name": "text",
        "quantityId": "id",
        "readingType": "reading_type",
        "properties": "properties",
        "subMeters": "meters",
    },
    frozenset({"externalMeterId", "name", "quantityId", "readingType"}),
)
_Mistakes = Iterator[tuple[str, str]]


def read_customers(document: object, switches: Switches) -> list[dict]:
    """Return the customers of a snapshot.

    Raises:
        Refusal: 400, not a list of whole customers.
    """
    member = "customers" if switches.customers_endpoint == "post_object" else None
    items = _listed(document, member)
    if not items and switches.empty_customers_snapshot == "refuse_400":
        raise Refusal(400, errors={"$": ["At least one customer is required."]})
    return _checked(items, _CUSTOMER, "externalCustomerId", switches)


def read_facilities(document: object, switches: Switches) -> list[dict]:
    """Return the facilities of a snapshot.

    Raises:
        Refusal: 400, not a list of whole facilities.
    """
    is_object = switches.facilities_endpoint == "post_object_facilities"
    items = _listed(document, "facilities" if is_object else None)
    return _checked(items, _FACILITY, "externalFacilityId", switches)


def _listed(document: object, member: str | None) -> list[Any]:
    if member is not None:
        if not isinstance(document, dict) or set(document) != {member}:
            raise Refusal(400, errors={"$": [f"An object with {member} alone is required."]})
        document = document[member]
    if not isinstance(document, list):
        raise Refusal(400, errors={member or "$": ["An array is required."]})
    return document


def _checked(items: Sequence[Any], shape: _Shape, key: str, switches: Switches) -> list[dict]:
    mistakes = [each for n, item in enumerate(items) for each in _of(item, shape, f"[{n}]")]
    if mistakes:
        raise Refusal(400, errors={place: [said] for place, said in mistakes})
    if switches.product_code_type == "string":
        wrong = [n for n, item in enumerate(items) if isinstance(item.get("productCode"), int)]
        if wrong:
            place = f"[{wrong[0]}].productCode"
            raise Refusal(400, errors={place: ["The value must be a string."]})
    return _each_once(items, key, switches)


def _each_once(items: Sequence[dict], key: str, switches: Switches) -> list[dict]:
    ids = Counter(str(item[key]) for item in items)
    ids += Counter(_meter_ids(items))
    twice = sorted(id for id, count in ids.items() if count > 1)
    if twice and switches.duplicate_external_ids == "refuse_400":
        raise Refusal(400, errors={key: [f"The id '{twice[0]}' occurs twice."]})
    return list({str(item[key]): item for item in items}.values())


def _meter_ids(items: Sequence[dict]) -> Iterator[str]:
    for item in items:
        for meter in (*item.get("meters", ()), *item.get("subMeters", ())):
            yield f"meter {meter['externalMeterId']}"
            yield from _meter_ids([{"subMeters": meter.get("subMeters", ())}])


def _of(item: object, shape: _Shape, place: str) -> _Mistakes:
    if not isinstance(item, dict):
        yield place, "An object is required."
        return
    for name in sorted(shape.required - item.keys()):
        yield f"{place}.{name}", f"The {name} field is required."
    for name, value in item.items():
        form = shape.members.get(name)
        if form is None:
            yield f"{place}.{name}", "The field is not known."
        else:
            is_required = name in shape.required
            yield from _of_value(value, form, f"{place}.{name}", is_required=is_required)


def _of_value(value: object, form: _Form, place: str, *, is_required: bool) -> _Mistakes:
    if not _is_good(value, form) or (is_required and str(value).strip() == ""):
        yield place, "The value is not valid."
    elif form == "meters" and isinstance(value, list):
        for n, meter in enumerate(value):
            yield from _of(meter, _METER, f"{place}[{n}]")


def _is_good(value: object, form: _Form) -> bool:
    match form:
        case "text":
            return isinstance(value, str)
        case "code":
            return isinstance(value, str) or type(value) is int
        case "id":
            return type(value) is int and value >= 1
        case "reading_type":
            return value in ("consumption", "cumulative")
        case "properties":
            return isinstance(value, list) and all(_is_property(each) for each in value)
        case "meters":
            return isinstance(value, list)


def _is_property(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    name, held, unit = (value.get(each) for each in ("name", "value", "unit"))
    is_plain = isinstance(held, str | int | float | bool | None)
    return isinstance(name, str) and name != "" and is_plain and isinstance(unit, str | None)
