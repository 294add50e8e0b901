"""Asset `enerkey_meters`: the profile's inventory, and which uploads it does not agree with.

Uploads bring it up to date themselves. What is compared is in `sinks/enerkey/inventory`.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.configuration.sites import Upload
from energy_pipeline.errors import StoreError
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.sinks.enerkey.inventory import fetch_meters, refusals
from energy_pipeline.sinks.enerkey.session import EnerKeySession, open_enerkey
from energy_pipeline.workbench import Workbench

LONGEST_KEPT = timedelta(days=1)
_JUST_NOW = timedelta(minutes=5)


@dataclass(frozen=True)
class MetersReport:
    """What the inventory says.

    Args:
        meters: meters in the profile.
        facilities: facilities in the profile that have a meter.
        refused: by meter, why nothing would be sent to it.
        fetched_at: when EnerKey was asked; None when it never was.
        requests_spent: requests of this run.
        requests_left: requests left today; None without a key.
        key_warning: what to tell about the end of the keys.
    """

    meters: int
    facilities: int
    refused: dict[int, str]
    fetched_at: datetime | None
    requests_spent: int
    requests_left: int | None
    key_warning: str | None


def refresh_meters(bench: Workbench, *, force: bool = True) -> MetersReport:
    """Fetch the inventory and store it; nothing where no site uploads and no key is given.

    Args:
        bench: settings, sites, store, state, clock.
        force: fetch although the stored one is younger than a day.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """
    if not _uploads(bench) and not bench.settings.has_profile_key:
        return MetersReport(0, 0, {}, None, 0, None, None)

    async def refreshed() -> MetersReport:
        async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
            longest = timedelta(0) if force else LONGEST_KEPT
            meters = await kept_meters(bench, session, longest)
            return MetersReport(
                len(meters),
                len(meters["facility_id"].unique()),
                refusals(_uploads(bench), meters, bench.settings.enerkey_facilities),
                _fetched_at(meters),
                session.requests_spent,
                session.requests_left,
                session.keys.warning(bench.clock.now()),
            )

    return asyncio.run(refreshed())


async def refused_meters(
    bench: Workbench, session: EnerKeySession, uploads: Iterable[Upload]
) -> dict[int, str]:
    """Return, by meter, why nothing may be sent to it.

    The stored inventory serves for a day; before a meter is refused, it is fetched again.
    """
    asked, facilities = list(uploads), bench.settings.enerkey_facilities
    found = refusals(asked, await kept_meters(bench, session, LONGEST_KEPT), facilities)
    if not found:
        return {}
    return refusals(asked, await kept_meters(bench, session, _JUST_NOW), facilities)


async def kept_meters(bench: Workbench, session: EnerKeySession, longest: timedelta) -> pa.Table:
    """Return the stored inventory, fetched anew when it is damaged or as old as `longest`."""
    now = bench.clock.now()
    with contextlib.suppress(StoreError):
        meters = bench.store.read_snapshot(ENERKEY_METERS)
        fetched_at = _fetched_at(meters)
        if fetched_at is not None and now - longest < fetched_at <= now:
            return meters
    meters = await fetch_meters(session.client, now)
    bench.store.write_snapshot(ENERKEY_METERS, meters)
    return meters


def _fetched_at(meters: pa.Table) -> datetime | None:
    return pc.min(meters["fetched_at"]).as_py()


def _uploads(bench: Workbench) -> list[Upload]:
    return [upload for site in bench.registry.sites for upload in site.uploads]
