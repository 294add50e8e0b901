"""A recording of polls as a gateway's backend: at any instant, the last reading before it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.simulators.envoy.answer import Answer, json_answer
from energy_pipeline.simulators.envoy.answers import identity
from energy_pipeline.simulators.envoy.answers.meters import meter, reading
from energy_pipeline.simulators.envoy.backend import Asked
from energy_pipeline.simulators.envoy.hardware import METER_IDS, Ct, Hardware
from energy_pipeline.simulators.envoy.metering import Channel

_UNUSED = Channel(0.0, 0.0, 0.0)
_METERS: tuple[Ct, ...] = ("production", "net-consumption")


class PollsBackend:
    """Replays the `eim` entries of `/production.json` as they were polled.

    Args:
        polls: one row per reading and meter: `meter` (its measurement type), `activeCount`,
            `readingTime` (epoch seconds), `wNow`, `whLifetime` and any further members.
        hardware: the identity to show; those of its meters are in use that were ever active.

    Raises:
        ValueError: there is no reading.
    """

    def __init__(self, polls: pa.Table, hardware: Hardware) -> None:
        if polls.num_rows == 0:
            raise ValueError("found no reading; allowed: at least one")
        polls = polls.sort_by("readingTime")
        active = set(polls.filter(pc.field("activeCount") > 0)["meter"].to_pylist())
        self._hardware = replace(hardware, cts=tuple(ct for ct in _METERS if ct in active))
        self._times_s = polls["readingTime"].to_numpy()
        self._rows = polls

    @property
    def hardware(self) -> Hardware:
        """The identity, with the meters that the recording shows active."""
        return self._hardware

    @property
    def reading_times_s(self) -> Sequence[int]:
        """Instants of all readings, ascending, each once."""
        return [int(time_s) for time_s in np.unique(self._times_s)]

    def answer(self, asked: Asked) -> Answer | None:
        """Return what the path says, None when there is no such path."""
        now_s = int(asked.now.timestamp())
        match asked.path:
            case "/info" | "/info.xml":
                return identity.info(self._hardware, now_s)
            case "/home" | "/home.json":
                return identity.home(self._hardware, now_s)
            case "/production" | "/production.json":
                return json_answer("ui", _production(self._entries(now_s)))
            case "/ivp/meters":
                listed = [meter(self._hardware, METER_IDS[ct], ct) for ct in _METERS]
                return json_answer("ivp", listed)
            case "/ivp/meters/readings":
                read = [each for each in self._entries(now_s) if each["meter"] in _METERS]
                return json_answer("ivp", [_reading(each) for each in read])
            case _:
                return None

    def _entries(self, now_s: int) -> list[dict[str, Any]]:
        """Return the last entries up to an instant; before the first reading, the first ones."""
        last = max(int(np.searchsorted(self._times_s, now_s, side="right")) - 1, 0)
        reading_s = self._times_s[last]
        begin = int(np.searchsorted(self._times_s, reading_s, side="left"))
        end = int(np.searchsorted(self._times_s, reading_s, side="right"))
        return self._rows.slice(begin, end - begin).to_pylist()


def _production(entries: list[dict[str, Any]]) -> dict[str, object]:
    inverters = {"type": "inverters", "activeCount": 0, "readingTime": 0, "wNow": 0}
    told = [
        {"type": "eim", "measurementType": entry.pop("meter"), **entry}
        for entry in map(dict, entries)
    ]
    produced = [each for each in told if each["measurementType"] == "production"]
    consumed = [each for each in told if each["measurementType"] != "production"]
    consumed.sort(key=lambda each: each["measurementType"], reverse=True)  # total comes first
    production = [{**inverters, "whLifetime": 0}, *produced]
    return {"production": production, "consumption": consumed, "storage": []}


def _reading(entry: dict[str, Any]) -> dict[str, object]:
    ct: Ct = entry["meter"]
    whole = Channel(entry["whLifetime"], 0.0, entry["wNow"])
    return reading(METER_IDS[ct], entry["readingTime"], whole, [whole, _UNUSED, _UNUSED])
