"""A snapshot: the whole wanted state of a tenant's customers, or of its facilities and meters.

The body depends on nothing but what it says: sorted by external id, fixed order of members, absent
in place of null. So the same state gives the same bytes, which EnerKey answers with 208.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from pydantic import SecretStr

from energy_pipeline.configuration.file_objects import Members
from energy_pipeline.configuration.provisioning import Provisioning
from energy_pipeline.sinks.enerkey import wire

Kind = Literal["customers", "facilities"]
# A facility names its customer as well: its own id comes first.
_SORTED_BY = ("externalMeterId", "externalFacilityId", "externalCustomerId", "name")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One body.

    Args:
        kind: what it lists.
        body: JSON; holds personal data.
    """

    kind: Kind
    body: bytes

    def __repr__(self) -> str:
        return f"Snapshot({self.kind}, {self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()

    def objects(self) -> list[dict[str, Any]]:
        """Return the customers, or the facilities with their meters."""
        document = orjson.loads(self.body)
        return document if self.kind == "customers" else document[wire.FACILITIES_MEMBER]


def customers_snapshot(provisioning: Provisioning) -> Snapshot:
    """Return the snapshot of all customers."""
    return Snapshot("customers", orjson.dumps(_sorted(provisioning.customers)))


def facilities_snapshot(provisioning: Provisioning) -> Snapshot:
    """Return the snapshot of all facilities with their meters."""
    document = {wire.FACILITIES_MEMBER: _sorted(provisioning.facilities)}
    return Snapshot("facilities", orjson.dumps(document))


def snapshot_of(kind: Kind, provisioning: Provisioning) -> Snapshot:
    """Return the snapshot of a kind."""
    build = customers_snapshot if kind == "customers" else facilities_snapshot
    return build(provisioning)


def _sorted(things: Iterable[Members]) -> list[dict[str, Any]]:
    documents = [_document(thing) for thing in things]
    return sorted(documents, key=lambda each: str(next(each[n] for n in _SORTED_BY if n in each)))


def _document(thing: Members) -> dict[str, Any]:
    members = ((name, getattr(thing, name)) for name in type(thing).model_fields)
    return {name: _value(value) for name, value in members if value not in (None, ())}


def _value(value: Any) -> Any:  # noqa: ANN401 - whatever a member holds
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return _sorted(value) if isinstance(value, tuple) else value
