"""What a snapshot would change, compared with what EnerKey has or may have of us.

Pure. Personal values are never shown, not even that a street became another one: only that the
member changes. Whether a plan may be carried out is decided in `guards`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind, Snapshot

PERSONAL = frozenset({"streetAddress", "postalCode", "city", "country", "email", "phoneNumber"})
NOT_SHOWN = "(not shown)"
NOTHING = "nothing"
_HASH_DIGITS = 16
_IDS = {
    "customer": "externalCustomerId",
    "facility": "externalFacilityId",
    "meter": "externalMeterId",
}

What = Literal["customer", "facility", "meter"]
Key = tuple[What, str]


@dataclass(frozen=True, slots=True)
class Thing:
    """A customer, facility or meter of a snapshot.

    Args:
        what: which of them.
        id: its external id.
        name: its name.
        members: all others as texts, with what a meter is a part of.
    """

    what: What
    id: str
    name: str
    members: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A member that gets another value; personal values are not shown."""

    member: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a snapshot would do.

    Args:
        kind: of the snapshot.
        is_first: EnerKey never took one of this kind from us.
        before: things that EnerKey has or may have of us.
        after: things of the snapshot.
        added: made.
        changed: with the members that change; a changed name is among them.
        deleted: in no snapshot any more.
        loses_half: of what one of the earlier snapshots has, half or more is deleted.
        moved: a deleted one's id with the id of an added one that has its name or company number.
        hash: names exactly this plan.
    """

    kind: Kind
    is_first: bool
    before: int
    after: int
    added: tuple[Thing, ...]
    changed: tuple[tuple[Thing, tuple[Change, ...]], ...]
    deleted: tuple[Thing, ...]
    loses_half: bool
    moved: Mapping[str, str]
    hash: str

    @property
    def renamed(self) -> dict[str, Change]:
        """The changed names, by external id."""
        return {
            thing.id: change
            for thing, changes in self.changed
            for change in changes
            if change.member == "name"
        }

    @property
    def is_empty(self) -> bool:
        """Whether EnerKey has it all already."""
        return not (self.added or self.changed or self.deleted)

    def rows(self) -> list[dict[str, str]]:
        """Return the plan as a table: change, what, id, name, member, before, after."""
        return [
            *(_row(self._fate(thing), thing) for thing in self.deleted),
            *(
                _row("renamed" if change.member == "name" else "changed", thing, change)
                for thing, changes in self.changed
                for change in changes
            ),
            *(_row("added", thing) for thing in self.added),
        ]

    def _fate(self, thing: Thing) -> str:
        new_id = self.moved.get(thing.id)
        return f"deleted, its id became {new_id}" if new_id else "deleted"


def plan_of(snapshot: Snapshot, bases: Sequence[Snapshot]) -> Plan:
    """Compare a snapshot with those that EnerKey took or may have taken.

    Args:
        snapshot: the new one.
        bases: the last that EnerKey surely took, then every later one that it may have taken,
            oldest first. What is in any of them may exist.
    """
    new = _things(snapshot)
    earlier = [_things(base) for base in bases]
    old = {key: thing for things in earlier for key, thing in things.items()}
    added = tuple(thing for key, thing in new.items() if key not in old)
    deleted = tuple(thing for key, thing in old.items() if key not in new)
    changed = ((new[key], _changes(old[key], new[key])) for key in new if key in old)
    return Plan(
        kind=snapshot.kind,
        is_first=not bases,
        before=len(old),
        after=len(new),
        added=added,
        changed=tuple((thing, changes) for thing, changes in changed if changes),
        deleted=deleted,
        loses_half=any(_loses_half(things, new) for things in earlier),
        moved=_moved(deleted, added),
        hash=_hash(snapshot, bases),
    )


def personal_values(snapshot: Snapshot) -> set[str]:
    """Return every address, e-mail and phone number of a snapshot."""
    objects = snapshot.objects()
    return {str(each[name]) for each in objects for name in PERSONAL if name in each}


def _loses_half(things: Mapping[Key, Thing], new: Mapping[Key, Thing]) -> bool:
    lost = things.keys() - new.keys()
    return bool(lost) and 2 * len(lost) >= len(things)


def _things(snapshot: Snapshot) -> dict[Key, Thing]:
    if snapshot.kind == "customers":
        found = (_thing("customer", each, {}) for each in snapshot.objects())
    else:
        found = (thing for each in snapshot.objects() for thing in _of_facility(each))
    return {(thing.what, thing.id): thing for thing in found}


def _of_facility(facility: dict[str, Any]) -> Iterator[Thing]:
    own = {name: value for name, value in facility.items() if name != "meters"}
    yield _thing("facility", own, {})
    place = {"facility": str(facility[_IDS["facility"]])}
    for meter in facility.get("meters", ()):
        yield from _of_meter(meter, place)


def _of_meter(meter: dict[str, Any], place: Mapping[str, str]) -> Iterator[Thing]:
    own = {name: value for name, value in meter.items() if name != "subMeters"}
    yield _thing("meter", own, place)
    for sub in meter.get("subMeters", ()):
        yield from _of_meter(sub, {**place, "part of": str(meter[_IDS["meter"]])})


def _thing(what: What, members: dict[str, Any], place: Mapping[str, str]) -> Thing:
    id_name = _IDS[what]
    name_name = "externalCustomerName" if what == "customer" else "name"
    others = {
        name: text
        for member, value in members.items()
        if member not in (id_name, name_name)
        for name, text in _texts(member, value)
    }
    return Thing(what, str(members[id_name]), str(members[name_name]), {**others, **place})


def _texts(member: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if member != "properties":
        yield member, str(value)
        return
    for each in value:
        shown = f"{each.get('value', NOTHING)} {each.get('unit', '')}".strip()
        yield f"property {each['name']}", shown


def _changes(old: Thing, new: Thing) -> tuple[Change, ...]:
    before, after = ({"name": each.name, **each.members} for each in (old, new))
    names = [*after, *(name for name in before if name not in after)]
    return tuple(
        Change(name, _shown(name, before.get(name)), _shown(name, after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    )


def _shown(member: str, value: str | None) -> str:
    if value is None:
        return NOTHING
    return NOT_SHOWN if member in PERSONAL else value


def _moved(deleted: Sequence[Thing], added: Sequence[Thing]) -> dict[str, str]:
    """Return old and new ids of what looks like the same thing under another id."""
    moved: dict[str, str] = {}
    for old in deleted:
        for new in added:
            number = old.members.get("companyOvt")
            is_same_company = number is not None and number == new.members.get("companyOvt")
            if old.what == new.what and (old.name == new.name or is_same_company):
                moved[old.id] = new.id
    return moved


def _hash(snapshot: Snapshot, bases: Sequence[Snapshot]) -> str:
    parts = [snapshot.kind, *(base.fingerprint for base in bases), snapshot.fingerprint]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_HASH_DIGITS]


def _row(change: str, thing: Thing, member: Change | None = None) -> dict[str, str]:
    row = {"change": change, "what": thing.what, "id": thing.id, "name": thing.name}
    if member is None:
        return {**row, "member": "", "before": "", "after": ""}
    return {**row, "member": member.member, "before": member.before, "after": member.after}
