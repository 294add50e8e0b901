"""What exists at the simulated service: profiles with their keys, facilities, meters, quantities.

The measured values are not here but in `values`. What provisioning makes of the profiles while a
simulator runs is in `directory`, what the tenant of all of them has in `tenant`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

ReadingType = Literal["consumption", "cumulative"]
Scope = Literal["profile", "tenant", "partner"]

SIMULATED_KEY_A = "simulated-enerkey-key-a"
SIMULATED_KEY_B = "simulated-enerkey-key-b"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A type of consumption."""

    id: int
    name: str
    unit: str
    is_heating: bool = False
    """Whether its monthly values are normalized by degree days."""


@dataclass(frozen=True, slots=True)
class Facility:
    """A building or site; `time_zone` (IANA) decides its calendar months."""

    id: int
    name: str
    time_zone: str = "Europe/Helsinki"
    properties: tuple[Mapping[str, object], ...] = ()
    address: Mapping[str, str] = field(default_factory=dict)
    """Any of streetAddress, postalCode, city, country, externalFacilityId."""

    @property
    def external_id(self) -> str | None:
        """The id by which snapshots name it; None for one that was made by hand."""
        return self.address.get("externalFacilityId")


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter; values pushed to it are in `unit`, else in the unit of its quantity."""

    id: int
    facility_id: int
    name: str
    unit: str | None = "kWh"
    reading_type: ReadingType = "consumption"
    quantity_id: int = 1
    parent_id: int | None = None
    """The meter that this one is a submeter of, in the same facility."""
    external_id: str | None = None
    """The id by which snapshots name it; None for one that was made by hand."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key; `name` is what logs show, `secret` is what the Authorization header carries."""

    name: str
    secret: str = field(repr=False)
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    scopes: frozenset[Scope] = frozenset({"profile"})


DEFAULT_QUANTITIES = (
    Quantity(1, "Electricity", "kWh"),
    Quantity(2, "District heating", "MWh", is_heating=True),
    Quantity(3, "District cooling", "MWh"),
    Quantity(4, "Water", "m3"),
)
DEFAULT_KEYS = (Key("A", SIMULATED_KEY_A), Key("B", SIMULATED_KEY_B))


@dataclass(frozen=True)
class Profile:
    """One customer's working space.

    Raises:
        ValueError: duplicate ids, or a meter whose facility, quantity or parent does not exist.
    """

    meters: tuple[Meter, ...]
    facilities: tuple[Facility, ...]
    quantities: tuple[Quantity, ...] = DEFAULT_QUANTITIES
    keys: tuple[Key, ...] = DEFAULT_KEYS
    values_enabled: bool = True
    """Whether the service desk switched on reading and pushing of values."""
    actions: tuple[Mapping[str, object], ...] = ()
    """Energy management actions as they are at the start, each with its `id`."""
    alarms: tuple[Mapping[str, object], ...] = ()
    """Alarms that have gone off, each with its `id`."""
    customer: str | None = None
    """externalCustomerId of the tenant's customer whose profile it is; None: no snapshot's."""

    def __post_init__(self) -> None:
        for things in (self.meters, self.facilities, self.quantities):
            ids = [thing.id for thing in things]
            if len(ids) != len(set(ids)):
                raise ValueError(f"an id occurs twice: {sorted(ids)}")
        for meter in self.meters:
            self._check(meter)

    def _check(self, meter: Meter) -> None:
        if meter.facility_id not in self.facility_by_id:
            raise ValueError(f"meter {meter.id}: there is no facility {meter.facility_id}")
        if meter.quantity_id not in {quantity.id for quantity in self.quantities}:
            raise ValueError(f"meter {meter.id}: there is no quantity {meter.quantity_id}")
        if meter.parent_id is None:
            return
        parent = self.meter_by_id.get(meter.parent_id)
        if parent is None or parent.facility_id != meter.facility_id:
            raise ValueError(f"meter {meter.id}: facility has no meter {meter.parent_id}")

    @cached_property
    def meter_by_id(self) -> Mapping[int, Meter]:
        """The meters by their id."""
        return {meter.id: meter for meter in self.meters}

    @cached_property
    def facility_by_id(self) -> Mapping[int, Facility]:
        """The facilities by their id."""
        return {facility.id: facility for facility in self.facilities}

    @cached_property
    def alarm_by_id(self) -> Mapping[int, Mapping[str, object]]:
        """The alarms by their id."""
        return {int(str(alarm["id"])): alarm for alarm in self.alarms}

    @cached_property
    def quantity_by_id(self) -> Mapping[int, Quantity]:
        """The quantities by their id."""
        return {quantity.id: quantity for quantity in self.quantities}

    @cached_property
    def submeters(self) -> Mapping[int, list[Meter]]:
        """The direct submeters by the id of their parent."""
        below: dict[int, list[Meter]] = {}
        for meter in self.meters:
            if meter.parent_id is not None:
                below.setdefault(meter.parent_id, []).append(meter)
        return below

    def zone_of(self, meter: Meter) -> ZoneInfo:
        """Return the time zone of the meter's facility."""
        return ZoneInfo(self.facility_by_id[meter.facility_id].time_zone)


def profile(
    meters: Sequence[Meter],
    *,
    facilities: Sequence[Facility] = (),
    quantities: Sequence[Quantity] = DEFAULT_QUANTITIES,
    keys: Sequence[Key] = DEFAULT_KEYS,
    time_zone: str = "Europe/Helsinki",
    values_enabled: bool = True,
    actions: Sequence[Mapping[str, object]] = (),
    alarms: Sequence[Mapping[str, object]] = (),
    customer: str | None = None,
) -> Profile:
    """Build a profile around `meters`; facilities that are not given are made, in `time_zone`."""
    named = {facility.id for facility in facilities}
    made = [
        Facility(id, f"Facility {id}", time_zone)
        for id in dict.fromkeys(meter.facility_id for meter in meters)
        if id not in named
    ]
    return Profile(
        meters=tuple(meters),
        facilities=(*facilities, *made),
        quantities=tuple(quantities),
        keys=tuple(keys),
        values_enabled=values_enabled,
        actions=tuple(actions),
        alarms=tuple(alarms),
        customer=customer,
    )
