"""How a life of killed runs must end: as an undisturbed run, hour by hour and row by row.

What kills them is in `doors`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.enlighten.model import House as ModelledHouse
from energy_pipeline.simulators.enlighten.model import modelled_system
from energy_pipeline_tests.end_to_end.doors import Stage
from energy_pipeline_tests.end_to_end.town import House, Town

DAYS = Days(date(2024, 3, 28), date(2024, 4, 3))
AFTER = datetime(2024, 4, 10, tzinfo=UTC)
CONSUMPTION_METERS = (670, 671, 680, 681)
CUMULATIVE_METERS = (672, 682)
KEYS = ["site", "stream", "meter_id", "at"]
WAITS_FOR_A_PERSON = "look in EnerKey before it is sent again"
DECIMALS = 6  # a value is sent with so many
BEHIND_ONE_THAT_WAITS = "reading"

Values = dict[int, dict[datetime, float]]


def houses(api: str) -> list[House]:
    def house(number: int, zone: str, measured: str) -> House:
        modelled = ModelledHouse(system_id=number, timezone=zone, latitude=51.5, seed=3)
        system = modelled_system(
            modelled, DAYS.first - timedelta(days=2), DAYS.last + timedelta(days=2)
        )
        uploads = (
            ("production", "consumption"),
            ("consumption", "consumption"),
            ("consumption", "cumulative"),
        )
        return House(f"house-{number}", system, DAYS.first, measured, uploads, api=api)

    return [house(67, "Europe/London", "meter"), house(68, "Atlantic/Reykjavik", "micro")]


@dataclass(frozen=True)
class End:
    """How an undisturbed run ends.

    Attributes:
        computed: hours and readings before EnerKey.
        rows: outcome of every hour and reading, by `KEYS`.
        stored: in EnerKey, by meter: hours, or readings of a cumulative one.
        asked: requests that it took, by stage.
    """

    computed: dict[str, object]
    rows: pd.DataFrame
    stored: Values
    asked: Counter[Stage]


def end_of(place: Town, asked: Counter[Stage]) -> End:
    """Return how an undisturbed run has ended."""
    end = End(computed(place), outcomes(place), stored(place), asked)
    assert (end.rows["status"] == "verified").all()
    return end


def computed(place: Town) -> dict[str, object]:
    """Return what the user ends up with before EnerKey."""
    hours, readings = place.read("hourly_energy"), place.read("cumulative_readings")
    return {"hours": hours.to_dict("list"), "readings": readings.to_dict("list")}


def outcomes(place: Town) -> pd.DataFrame:
    """Return value, status and reason of every hour and reading."""
    kinds = ("consumption", "cumulative")
    rows = pd.concat(place.read(f"enerkey_{kind}_upload") for kind in kinds)
    return rows.set_index(KEYS)[["value", "status", "reason"]].sort_index()


def stored(place: Town) -> Values:
    """Return what is in EnerKey, whoever knows of it."""
    values = {meter: place.enerkey.stored_hours(meter) for meter in CONSUMPTION_METERS}
    values |= {meter: place.enerkey.stored_readings(meter) for meter in CUMULATIVE_METERS}
    return {meter: _rounded(held) for meter, held in values.items()}


def _rounded(values: Mapping[datetime, float]) -> dict[datetime, float]:
    return {at: round(value, DECIMALS) for at, value in values.items()}


def assert_ends_as(undisturbed: End, place: Town) -> bool:
    """Hold a life against an undisturbed run; return whether all of it is verified.

    What is verified is in EnerKey with its value, and nothing else is: an hour that is held for a
    person never got there. No hour came to EnerKey twice.
    """
    assert computed(place) == undisturbed.computed
    rows, there = outcomes(place), stored(place)
    assert rows.index.equals(undisturbed.rows.index), "an hour has no row, or two"
    assert rows["value"].equals(undisturbed.rows["value"]), "a row says another value"
    verified = rows[rows["status"] == "verified"]
    seen: Values = {meter: {} for meter in there}
    for (_, _, meter, at), value in verified["value"].items():
        seen[meter][at.to_pydatetime()] = round(value, DECIMALS)
    assert seen == there, "what is verified and what is stored differ"
    for meter, values in there.items():
        assert values.items() <= undisturbed.stored[meter].items(), "an hour is wrong"
        arrivals = place.enerkey.arrivals_per_hour(meter)
        assert arrivals == dict.fromkeys(values, 1), "an hour came to EnerKey twice"
    held = rows[rows["status"] != "verified"]
    assert set(held["status"]) <= {"held"}
    assert held["reason"].str.contains(f"{WAITS_FOR_A_PERSON}|{BEHIND_ONE_THAT_WAITS}").all()
    if held.empty:
        assert there == undisturbed.stored
        assert rows.equals(undisturbed.rows)
    return held.empty
