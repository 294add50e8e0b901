"""Whether the older overview counts: some firmware shows the number there at which it once stopped.

It is judged beside the sum of the inverters in the other overview: where that has moved while the
older one shows the same number, the number is no counter. What was seen is kept from poll to poll
in the state database.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Float, String, Table, delete, insert, select

from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.production import inverter_overview
from energy_pipeline.state.database import METADATA, StateDatabase

_MOVED_WH = 10.0
"""Two overviews that are asked one after the other may be a report or two apart."""

_SEEN = Table(
    "envoy_legacy_seen",
    METADATA,
    Column("serial", String, primary_key=True),
    Column("legacy_wh", Float, nullable=False),
    Column("inverters_wh", Float, nullable=False),
    Column("read_at_s", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What both overviews showed when the older one first showed its number.

    Args:
        legacy_wh: the older one.
        inverters_wh: the sum of the inverters in the other one.
        read_at: time of the newest report, aware.
    """

    legacy_wh: float
    inverters_wh: float
    read_at: datetime


def seen_in(found: Measurements) -> Seen | None:
    """Return what both overviews show; None when one shows nothing, or while it is dark."""
    legacy, overview = found.legacy, inverter_overview(found.overviews)
    if not legacy or not legacy.lifetime_wh or not overview:
        return None
    if overview.lifetime_wh is None or overview.read_at is None:
        return None
    return Seen(legacy.lifetime_wh, overview.lifetime_wh, overview.read_at)


def stands_still(before: Seen | None, now: Seen | None) -> bool:
    """Return whether the older overview shows the same number although the inverters counted on."""
    if before is None or now is None or now.legacy_wh != before.legacy_wh:
        return False
    has_moved = abs(now.inverters_wh - before.inverters_wh) > _MOVED_WH
    return has_moved and now.read_at > before.read_at


class Standstills:
    """What the older overview of each gateway shows, and since when.

    Args:
        state: the state database.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def is_one(self, serial: str, found: Measurements) -> bool:
        """Return whether a gateway's older overview stands still, and keep a new number of it."""
        before, now = self._of(serial), seen_in(found)
        if now and (before is None or now.legacy_wh != before.legacy_wh):
            self._keep(serial, now)
        return stands_still(before, now)

    def _of(self, serial: str) -> Seen | None:
        with self._state.read() as connection:
            row = connection.execute(select(_SEEN).where(_SEEN.c.serial == serial)).first()
        if row is None:
            return None
        read_at = datetime.fromtimestamp(row.read_at_s, UTC)
        return Seen(row.legacy_wh, row.inverters_wh, read_at)

    def _keep(self, serial: str, seen: Seen) -> None:
        values = {
            "serial": serial,
            "legacy_wh": seen.legacy_wh,
            "inverters_wh": seen.inverters_wh,
            "read_at_s": int(seen.read_at.timestamp()),
        }
        with self._state.begin(durable=False) as connection:
            connection.execute(delete(_SEEN).where(_SEEN.c.serial == serial))
            connection.execute(insert(_SEEN), [values])
