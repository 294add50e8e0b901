"""Asset `enlighten_devices`: what is at a site, and so what can be measured there.

One request per site, and none while what is held is of the same UTC day.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.configuration.sites import Production, Stream
from energy_pipeline.schema import ENLIGHTEN_DEVICES, INSTANT
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.devices import METER, Device, measured_streams, production_by
from energy_pipeline.sources.enlighten.v2.inventory import inventory
from energy_pipeline.sources.enlighten.v4.devices import devices
from energy_pipeline.steps.enlighten_snapshots import (
    Due,
    Row,
    SnapshotReport,
    accessed_sites,
    refresh_snapshot,
)
from energy_pipeline.workbench import Workbench

KNOWN_FOR = timedelta(days=30)
"""What is older says nothing of the present: a device may have been added."""


def fetch_devices(bench: Workbench, *, force: bool = False) -> SnapshotReport:
    """Bring the devices up to date of the workbench's sites that Enlighten knows.

    Args:
        bench: what to work with.
        force: ask although what is held is of today.

    Raises what `refresh_snapshot` raises.
    """
    today = bench.clock.now().date()
    fetched = _fetched_at(bench)
    due = [
        Due(site, access)
        for site, access in accessed_sites(bench)
        if force or site.id not in fetched or fetched[site.id].date() != today
    ]

    async def listed(ask: Ask, wanted: Due) -> Sequence[Row]:
        access = wanted.access
        listing = inventory if access.api == "v2" else devices
        found = await listing(ask, access.system_id)
        known = {"site": wanted.site.id, "system_id": access.system_id}
        fetched_at = bench.clock.now()
        return [{**known, **asdict(device), "fetched_at": fetched_at} for device in found]

    return refresh_snapshot(bench, ENLIGHTEN_DEVICES, due, listed, is_everything=True)


def streams_of_devices(bench: Workbench) -> dict[str, frozenset[Stream]]:
    """Return what the devices of each site can measure, from what is held; no request.

    A site that is absent is one of which nothing is known: everything may be measured there. A
    dialect may know less than the devices measure.
    """
    return {site: measured_streams(found) for site, found in _devices_by_site(bench).items()}


def production_by_devices(bench: Workbench) -> dict[str, frozenset[Production]]:
    """Return by what each site's production can be measured, from what is held; no request.

    A site that is absent is one of which that is not certain: nothing is known of its devices, or
    none of them measures anything, as while a site is being built.
    """
    found = _devices_by_site(bench).items()
    return {site: production_by(devices) for site, devices in found if measured_streams(devices)}


def _devices_by_site(bench: Workbench) -> Mapping[str, Sequence[Device]]:
    of_site: defaultdict[str, list[Device]] = defaultdict(list)
    for row in _kinds_of_devices(bench).to_pylist():
        of_site[row.pop("site")].append(Device(**row))
    return of_site


def _kinds_of_devices(bench: Workbench) -> pa.Table:
    """Return what tells a site's devices apart in what they measure, each once."""
    known_from = pa.scalar(bench.clock.now() - KNOWN_FOR, INSTANT)
    held = _held(bench)
    young = held.filter(pc.greater_equal(held["fetched_at"], known_from))
    is_meter = pc.equal(young["kind"], pa.scalar(METER))
    columns = {name: young[name] for name in ("site", "kind", "is_enabled", "measures")}
    columns["serial"] = pc.if_else(is_meter, young["serial"], pa.scalar(""))
    return pa.Table.from_pydict(columns).group_by(list(columns)).aggregate([])


def _fetched_at(bench: Workbench) -> Mapping[str, datetime]:
    """Return when each site was answered last, be it with no device at all."""
    held = _held(bench)
    latest = held.group_by("site").aggregate([("fetched_at", "max")])
    empty = bench.store.snapshot_coverage(ENLIGHTEN_DEVICES).values()
    return {
        **{row["site"]: row["fetched_at_max"] for row in latest.to_pylist()},
        **{entry.site: entry.written_at for entry in empty},
    }


def _held(bench: Workbench) -> pa.Table:
    sites = [site.id for site in bench.registry.sites]
    return bench.store.read_snapshot(ENLIGHTEN_DEVICES, sites)
