"""What all assets of the house have in common; a module of assets says only what is its own.

The key is the dataset's name. Partitions follow from the dataset, and a range of days is one run.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import dagster as dg

from energy_pipeline.dataset import Dataset
from energy_pipeline.defs.failures import RETRY
from energy_pipeline.defs.metadata import column_schema
from energy_pipeline.defs.partitions import FLEET_DAYS, ONE_RUN

OWNERS = ["team:energy"]
CODE_VERSION = "1"
ASKS = frozenset({"api", "parquet"})
COMPUTES = frozenset({"parquet", "pyarrow"})

Decorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]
Deps = Iterable[dg.AssetsDefinition | dg.AssetKey | str]


def fetched_asset(
    dataset: Dataset, group: str, deps: Deps = (), *, may_be_rehearsed: bool = False
) -> Decorator:
    """Return a decorator for what talks to a service: the step is tried again where it can help.

    One that may be rehearsed yields its result; a run that yields none has made nothing.
    """
    return dg.asset(
        output_required=not may_be_rehearsed,
        key=dataset.name,
        kinds=set(ASKS),
        deps=list(deps),
        retry_policy=RETRY,
        group_name=group,
        **_of_the_house(dataset),
    )


def computed_asset(
    dataset: Dataset, group: str, deps: Deps = (), checks: Sequence[dg.AssetCheckSpec] = ()
) -> Decorator:
    """Return a decorator for what is made of other assets: what fails once fails again."""
    return dg.asset(
        key=dataset.name,
        kinds=set(COMPUTES),
        deps=list(deps),
        check_specs=checks,
        group_name=group,
        **_of_the_house(dataset),
    )


def _of_the_house(dataset: Dataset) -> dict[str, Any]:
    return {
        "owners": OWNERS,
        "code_version": CODE_VERSION,
        "partitions_def": FLEET_DAYS if dataset.partitioned else None,
        "backfill_policy": ONE_RUN,
        "description": dataset.description,
        "metadata": column_schema(dataset),
    }
