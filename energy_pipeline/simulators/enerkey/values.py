"""The measured values: what is stored, what of it can be read yet, and how often an hour was taken.

One lock guards it all, so that a test may look while the server's thread works. The rules of
messages are in `repush` and `registers`.
"""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from energy_pipeline.simulators.enerkey.instants import to_datetime
from energy_pipeline.simulators.enerkey.profile import Meter
from energy_pipeline.simulators.enerkey.registers import hourly_consumption
from energy_pipeline.simulators.enerkey.repush import Merge
from energy_pipeline.simulators.enerkey.switches import Switches


class _Change(NamedTuple):
    """New totals or positions of a meter that become readable at an instant."""

    visible_at_s: float
    meter_id: int
    values: dict[int, float]


@dataclass
class _Layer:
    """Totals by hour of a consumption meter, or positions by instant of a cumulative one."""

    values: dict[int, float] = field(default_factory=dict)
    hourly: Mapping[int, float] | None = None
    """What `values` come to by the hour; None means to be computed."""

    def update(self, changes: Mapping[int, float]) -> None:
        self.values.update(changes)
        self.hourly = None


@dataclass
class _State:
    """Everything by meter id."""

    true: defaultdict[int, _Layer] = field(default_factory=lambda: defaultdict(_Layer))
    readable: defaultdict[int, _Layer] = field(default_factory=lambda: defaultdict(_Layer))
    parts: defaultdict[int, dict[int, dict[int, float]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """timestamp_upsert: amounts by hour and exact timestamp."""
    taken: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """How many messages were taken by hour (or instant of a reading)."""
    arrived: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """How many came as far as being stored or refused, by hour (or instant of a reading)."""
    pending: deque[_Change] = field(default_factory=deque)
    """Stored, not yet readable, oldest first."""


class Values:
    """All values of all meters.

    Args:
        switches: read_back_delay_seconds and how registers become hours.

    Attributes:
        lock: to be held by who reads and then changes.
        on_change: called after every change, with the lock held.
    """

    def __init__(self, switches: Switches) -> None:
        self.lock = threading.RLock()
        self.on_change: Callable[[], None] = _nothing
        self._switches = switches
        self._state = _State()

    def stored(self, meter: Meter) -> Mapping[int, float]:
        """Return true totals by hour, or true positions by instant of a cumulative meter."""
        return self._state.true[meter.id].values

    def parts(self, meter: Meter) -> Mapping[int, Mapping[int, float]]:
        """Return the amounts by hour and exact timestamp, which timestamp_upsert keeps."""
        return self._state.parts[meter.id]

    def stored_hours(self, meter: Meter) -> Mapping[int, float]:
        """Return true consumption by start of hour."""
        return self._hourly(self._state.true[meter.id], meter)

    def readable_hours(self, meter: Meter, now: datetime) -> Mapping[int, float]:
        """Return consumption by start of hour as far as it can be read at `now`."""
        pending = self._state.pending
        while pending and pending[0].visible_at_s <= now.timestamp():
            change = pending.popleft()
            self._state.readable[change.meter_id].update(change.values)
        return self._hourly(self._state.readable[meter.id], meter)

    def taken(self, meter: Meter) -> Mapping[int, int]:
        """Return how many messages were taken by hour (or instant of a reading)."""
        return self._state.taken[meter.id]

    def arrived(self, meter: Meter) -> Mapping[int, int]:
        """Return how many messages were taken or refused by hour (or instant of a reading)."""
        return self._state.arrived[meter.id]

    def note_arrival(self, meter: Meter, merge: Merge) -> None:
        """Count a message, before it is known whether it is taken."""
        self._state.arrived[meter.id].update(merge.taken | merge.refused_at)

    def commit(self, meter: Meter, merge: Merge, now: datetime) -> None:
        """Store what a message does; it can be read after the switch's delay."""
        self._state.parts[meter.id].update(merge.parts)
        self._state.taken[meter.id].update(merge.taken)
        self._store(meter.id, merge.changes, now)

    def overwrite(self, meter: Meter, at_s: int, value: float, now: datetime) -> None:
        """Store a value as somebody else would: no message, no count."""
        if at_s in self._state.parts[meter.id]:
            self._state.parts[meter.id][at_s] = {at_s: value}
        self._store(meter.id, {at_s: value}, now)

    def forget(self, meter: Meter) -> None:
        """Drop everything of a meter that was deleted."""
        with self.lock:
            for kept in (self._state.true, self._state.readable):
                kept.pop(meter.id, None)
            self._state.parts.pop(meter.id, None)
            self._state.taken.pop(meter.id, None)
            self._state.arrived.pop(meter.id, None)
            left = [change for change in self._state.pending if change.meter_id != meter.id]
            self._state.pending = deque(left)
            self.on_change()

    def dump(self) -> dict[str, object]:
        """Return everything as JSON; instants are seconds since 1970 UTC."""
        with self.lock:
            state = self._state
            return {
                "values": {str(id): _texts(layer.values) for id, layer in state.true.items()},
                "readable": {str(id): _texts(layer.values) for id, layer in state.readable.items()},
                "parts": {
                    str(id): {str(hour): _texts(parts) for hour, parts in hours.items()}
                    for id, hours in state.parts.items()
                },
                "taken": {str(id): _texts(counts) for id, counts in state.taken.items()},
                "arrived": {str(id): _texts(counts) for id, counts in state.arrived.items()},
                "pending": [
                    [change.visible_at_s, change.meter_id, _texts(change.values)]
                    for change in state.pending
                ],
            }

    def load(self, dump: Mapping[str, Any]) -> None:
        """Replace everything by a dump.

        Raises:
            ValueError: it is not a dump; nothing was replaced.
        """
        try:
            state = _read_state(dump)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is not a dump of the simulator's state: {error!r}") from error
        with self.lock:
            self._state = state

    def _store(self, meter_id: int, changes: dict[int, float], now: datetime) -> None:
        self._state.true[meter_id].update(changes)
        delay_s = self._switches.read_back_delay_seconds
        if delay_s:
            change = _Change(now.timestamp() + delay_s, meter_id, changes)
            self._state.pending.append(change)
        else:
            self._state.readable[meter_id].update(changes)
        self.on_change()

    def _hourly(self, layer: _Layer, meter: Meter) -> Mapping[int, float]:
        if meter.reading_type == "consumption":
            return layer.values
        if layer.hourly is None:
            layer.hourly = hourly_consumption(layer.values, self._switches)
        return layer.hourly


def _nothing() -> None:
    """Nobody listens."""


def by_datetime(values: Mapping[int, float]) -> dict[datetime, float]:
    """Return values in time order under aware UTC datetimes."""
    return {to_datetime(at_s): values[at_s] for at_s in sorted(values)}


def _texts(values: Mapping[int, float]) -> dict[str, float]:
    return {str(at_s): value for at_s, value in values.items()}


def _numbers(values: Mapping[str, Any]) -> dict[int, Any]:
    return {int(at_s): value for at_s, value in values.items()}


def _read_state(dump: Mapping[str, Any]) -> _State:
    state = _State()
    for name, layers in (("values", state.true), ("readable", state.readable)):
        for id, values in dump[name].items():
            layers[int(id)].update(_numbers(values))
    for id, hours in dump["parts"].items():
        state.parts[int(id)].update({int(hour): _numbers(parts) for hour, parts in hours.items()})
    for id, counts in dump["taken"].items():
        state.taken[int(id)].update(_numbers(counts))
    for id, counts in dump.get("arrived", dump["taken"]).items():  # younger than other dumps
        state.arrived[int(id)].update(_numbers(counts))
    for visible_at_s, id, values in dump["pending"]:
        state.pending.append(_Change(visible_at_s, int(id), _numbers(values)))
    return state
