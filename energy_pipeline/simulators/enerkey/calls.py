"""A request that passed the gate, as the handlers see it: caller, ids, parameters, document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import parse_qsl

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey.action_store import Actions
from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, wire_name
from energy_pipeline.simulators.enerkey.directory import Directory
from energy_pipeline.simulators.enerkey.faults import Fault
from energy_pipeline.simulators.enerkey.instants import WireInstant, parse_instant
from energy_pipeline.simulators.enerkey.keys import foreign_id_code
from energy_pipeline.simulators.enerkey.profile import Meter, Profile, Scope
from energy_pipeline.simulators.enerkey.runs import Runs
from energy_pipeline.simulators.enerkey.switches import Switches
from energy_pipeline.simulators.enerkey.values import Values

MOST_IDS = 100
"""Ids that a list parameter takes at most (A22)."""
_LARGEST_ID = {"int32": 2**31 - 1, "int64": 2**63 - 1}


@dataclass(frozen=True)
class World:
    """What all requests share."""

    directory: Directory
    values: Values
    switches: Switches
    clock: VirtualClock
    runs: Runs
    actions: Actions

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The profiles that there are now."""
        return self.directory.profiles

    def meter(self, profile: Profile, meter_id: int) -> Meter:
        """Return a meter of the profile.

        Raises:
            Refusal: 404, or what the denial switch says for another profile's meter.
        """
        meter = profile.meter_by_id.get(meter_id)
        if meter is None:
            raise self.no_such_id(f"Meter {meter_id}", "meter_by_id", meter_id)
        return meter

    def no_such_id(self, what: str, index: str, id: int) -> Refusal:
        """Return the refusal for an id that the caller's profile does not have."""
        is_foreign = any(id in getattr(other, index) for other in self.profiles)
        code = foreign_id_code(self.switches) if is_foreign else 404
        return Refusal(code, f"{what} does not exist.")


@dataclass(frozen=True)
class Call:
    """One request to one operation."""

    world: World
    profile: Profile
    now: datetime
    path_ids: Mapping[str, str]
    query: Mapping[str, list[str]]
    document: object = None
    """The parsed JSON body; None without one."""
    body: bytes = b""
    """The body as it came."""
    fault: Fault | None = None
    """What goes wrong on purpose with this request."""
    if_match: str | None = None
    """The version that the request is to change."""

    def id(self, name: str) -> int:
        """Return the id that stands in the path, or in the query where the switch puts it there.

        Raises:
            Refusal: 404, what stands in the path is no id; 400, what the query holds is missing or
                none.
        """
        try:
            return self._id(name, self.text(name))
        except Refusal:
            if name in self.path_ids:
                raise Refusal(404, "There is nothing of that id.") from None
            raise

    def text(self, name: str) -> str:
        """Return a text that stands in the path or in the query.

        Raises:
            Refusal: 400, missing, blank or repeated.
        """
        texts = [self.path_ids[name]] if name in self.path_ids else self.query.get(name, [])
        if len(texts) != 1 or not texts[0].strip():
            raise Refusal(400, errors={name: [f"The {name} field is required."]})
        return texts[0]

    def ids(self, name: str) -> list[int] | None:
        """Return the ids of a list parameter, each once, in order; None when it is absent.

        Raises:
            Refusal: 400, something that is not an id, or more than a request may have.
        """
        style = self.world.switches.list_parameters
        if style == "post_body":
            texts = self._body_list(name)
        elif style == "comma":
            texts = [part for text in self.query.get(name, []) for part in text.split(",")]
        else:
            texts = self.query.get(name, [])
        if not texts:
            return None
        ids = list(dict.fromkeys(self._id(name, text) for text in texts))
        if self.world.switches.get_range_max != "none" and len(ids) > MOST_IDS:
            raise Refusal(400, errors={name: [f"At most {MOST_IDS} ids are allowed."]})
        return ids

    def instant(self, name: str, local: tzinfo = UTC) -> WireInstant:
        """Return a timestamp of the query.

        Raises:
            Refusal: 400, missing, repeated or not in the grammar.
        """
        texts = self.query.get(name, [])
        if len(texts) != 1:
            raise Refusal(400, errors={name: [f"The {name} field is required."]})
        try:
            return parse_instant(texts[0], self.world.switches.timestamp_grammar, local)
        except ValueError as error:
            raise Refusal(400, errors={name: [str(error)]}) from None

    def _body_list(self, name: str) -> list[str]:
        member = wire_name(name, self.world.switches)
        document = self.document
        listed = document.get(member, []) if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise Refusal(400, errors={member: ["An array of ids is required."]})
        return [str(item) for item in listed]

    def _id(self, name: str, text: str) -> int:
        largest = _LARGEST_ID[self.world.switches.id_type]
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
            raise Refusal(400, errors={name: [f"The value '{text}' is not valid."]})
        return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the contract."""

    id: str
    method: str
    path: str
    """Below the prefix, e.g. `Meters/{meterId}`."""
    handle: Callable[[Call], Answer]
    scope: Scope = "profile"
    needs_values: bool = False
    """Whether the service desk must have switched on the values service."""

    @property
    def has_body(self) -> bool:
        """Whether the request carries a JSON document."""
        return self.method in ("POST", "PUT")


def read_method(switches: Switches) -> str:
    """Return the method of reads that take lists of ids."""
    return "POST" if switches.list_parameters == "post_body" else "GET"


def parse_query(raw: bytes) -> dict[str, list[str]]:
    """Return the parameters of a query.

    Raises:
        Refusal: 400, a raw `+`, which decodes to a space.
    """
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    if b"+" in raw:
        spaced = [name for name, values in query.items() if any(" " in value for value in values)]
        names = spaced or ["query"]
        message = "The value contains a space; encode '+' as %2B."
        raise Refusal(400, errors={name: [message] for name in names})
    return query
