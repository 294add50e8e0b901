"""What the houses measured: the data set under every dialect.

Whole Wh on a dense grid of interval ends. It is the final truth; when the cloud learns of it, and
what it shows until then, is in `cloud.py`.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from energy_pipeline.simulators.enlighten.accounts import (
    DEMO_API_KEY,
    DEMO_APPLICATION,
    DEMO_EMAIL,
    DEMO_PASSWORD,
    Application,
    Owner,
)
from energy_pipeline.simulators.enlighten.battery import Battery, charge_percent
from energy_pipeline.simulators.enlighten.noise import Int64s, whole

Stream = Literal[
    "production_micro",
    "production_meter",
    "consumption",
    "grid_import",
    "grid_export",
    "battery_charge",
    "battery_discharge",
]
ConnectionType = Literal["ethernet", "wifi", "cellular"]

MICRO_INTERVAL_S = 300
METER_INTERVAL_S = 900
UPLOAD_EVERY_S: Mapping[ConnectionType, int] = MappingProxyType(
    {"ethernet": 900, "wifi": 900, "cellular": 6 * 3600}
)


def user_id_of(number: int) -> str:
    """Return the id that the cloud shows for a user number (page cursors look the same)."""
    return (base64.b64encode(str(number).encode()) + b"\n").hex()


def number_of(user_id: str) -> int:
    """Return the number behind a user id or a page cursor.

    Raises:
        ValueError: the text is not such an id.
    """
    return int(base64.b64decode(bytes.fromhex(user_id)))


DEMO_USER_ID = user_id_of(310606)
DEMO_OWNER = Owner(DEMO_EMAIL, DEMO_PASSWORD, DEMO_USER_ID)


@dataclass(frozen=True, eq=False)
class Series:
    """One stream of a system: one value per interval end, without holes in the grid.

    Attributes:
        interval_s: length of an interval in seconds.
        first_end_at: end of the first interval, epoch seconds.
        energy_wh: energy of every interval.
        devices: how many devices measured it; 0 means that there is no such interval.
    """

    interval_s: int
    first_end_at: int
    energy_wh: npt.NDArray[np.int32]
    devices: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.energy_wh)

    @property
    def start_at(self) -> int:
        """Start of the first interval, epoch seconds."""
        return self.first_end_at - self.interval_s

    def after(self, instant: int) -> int:
        """Return the index of the first interval that ends later than `instant`."""
        return min(max((instant - self.first_end_at) // self.interval_s + 1, 0), len(self))

    def end_at(self, low: int = 0, high: int | None = None) -> Int64s:
        """Return the interval ends from index `low` up to, not including, `high`."""
        stop = len(self) if high is None else high
        return self.first_end_at + self.interval_s * np.arange(low, stop, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class System:
    """One system as its owner sees it, with everything that it ever measured."""

    system_id: int
    name: str
    timezone: str
    size_w: int
    micros: int
    series: Mapping[Stream, Series]
    public_name: str = "Residential System"
    country: str = "FI"
    state: str = ""
    city: str = ""
    postal_code: str = ""
    connection_type: ConnectionType = "ethernet"
    reference: str | None = None
    installer: str | None = None
    battery: Battery | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The system's time zone: it decides what a day is."""
        return ZoneInfo(self.timezone)

    @cached_property
    def operational_at(self) -> int:
        """Start of operation, epoch seconds; inside the first interval, seldom on a mark."""
        first = min(self.series.values(), key=lambda series: series.start_at)
        return first.start_at + whole(first.interval_s, self.system_id)

    @property
    def has_meter(self) -> bool:
        """Whether a revenue-grade meter measures production."""
        return "production_meter" in self.series

    @cached_property
    def charge_percent(self) -> Int64s:
        """How full the battery is after every interval of its streams; empty without a battery."""
        if self.battery is None:
            return np.zeros(0, np.int64)
        charged, discharged = self.series["battery_charge"], self.series["battery_discharge"]
        return charge_percent(charged.energy_wh, discharged.energy_wh, self.battery)

    @property
    def production(self) -> Stream:
        """The stream that the summary speaks of."""
        return "production_meter" if self.has_meter else "production_micro"

    @property
    def upload_every_s(self) -> int:
        """Seconds between two uploads of the gateway."""
        return UPLOAD_EVERY_S[self.connection_type]

    @cached_property
    def upload_phase_s(self) -> int:
        """Offset of the uploads from the full quarters of an hour; not all houses at once."""
        return whole(900, self.system_id, 1)

    @property
    def gateway_serial(self) -> str:
        """Serial number of the gateway."""
        return f"1220{self.system_id:08d}"


@dataclass(frozen=True)
class Grant:
    """What a user has allowed the application to see.

    Attributes:
        system_ids: systems of that user; None means every system of the fleet.
        consumption: whether consumption is part of it.
    """

    system_ids: frozenset[int] | None = None
    consumption: bool = True

    def covers(self, system_id: int) -> bool:
        """Tell whether the user owns the system."""
        return self.system_ids is None or system_id in self.system_ids


@dataclass(frozen=True)
class Fleet:
    """Every system of the simulated cloud, and who may ask for what.

    Attributes:
        systems: the systems by id.
        grants: what users have allowed, by user id.
        api_keys: keys that v2 knows.
        applications: applications of v4 and of the consent pages.
        owners: who can sign in on the consent pages.
    """

    systems: Mapping[int, System]
    grants: Mapping[str, Grant] = field(default_factory=lambda: {DEMO_USER_ID: Grant()})
    api_keys: frozenset[str] = frozenset({DEMO_API_KEY})
    applications: tuple[Application, ...] = (DEMO_APPLICATION,)
    owners: tuple[Owner, ...] = (DEMO_OWNER,)

    @classmethod
    def of(cls, systems: Iterable[System]) -> "Fleet":
        """Return a fleet that the demo user sees in full with the demo key."""
        return cls({system.system_id: system for system in systems})

    def with_gateway(self, serial: str) -> System | None:
        """Return the system of a gateway, None when there is no such gateway."""
        return next((s for s in self.systems.values() if s.gateway_serial == serial), None)
