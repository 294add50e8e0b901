"""Sites of which the store holds the intervals of another system than `sites.yaml` names now.

A settled day is never asked for again, so that a site whose `system_id` was changed would be one
house until a day and another one after it, in one register. It is not asked until a person says,
by `force`, from which day on it is the new system's.
"""

from collections.abc import Sequence

from energy_pipeline.calendar import Days
from energy_pipeline.dataset import Dataset
from energy_pipeline.steps.fetch_plan import SitePlan
from energy_pipeline.store.parquet import ParquetStore

_LOOKED_AT = 10
"""Newest days that are looked through; snow and outages leave days without an interval."""


def other_systems(
    store: ParquetStore, dataset: Dataset, plans: Sequence[SitePlan]
) -> dict[str, str]:
    """Return, by site, why it is not asked: its newest intervals are another system's.

    Args:
        store: where the intervals are.
        dataset: intervals of one stream.
        plans: what is to be asked of whom.

    Raises:
        StoreError: a stored file is damaged.
    """
    unknown = {plan.site.id: plan.access.system_id for plan in plans if plan.windows}
    found: dict[str, str] = {}
    for day in reversed(store.held_days(dataset)[-_LOOKED_AT:]):
        if not unknown:
            break
        held = store.read(dataset, Days(day, day), sorted(unknown), ["site", "system_id"])
        systems: dict[str, set[int]] = {}
        for row in held.group_by(["site", "system_id"]).aggregate([]).to_pylist():
            systems.setdefault(row["site"], set()).add(row["system_id"])
        for site, ids in systems.items():
            wanted = unknown.pop(site)
            if wanted not in ids:
                found[site] = _reason(min(ids), wanted)
    return found


def _reason(held: int, wanted: int) -> str:
    return (
        f"the newest intervals in the store are of system {held}, and sites.yaml names {wanted}: "
        f"two systems in one site would be mixed. Give {wanted} a site of its own; or, where it "
        f"takes the place of {held}, run this asset once with `force` over the days that are its"
    )
