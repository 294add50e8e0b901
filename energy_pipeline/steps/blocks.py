"""Blocks of days and sites: long ranges and large fleets are worked in pieces of bounded size."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from energy_pipeline.calendar import Days

SITES_PER_BLOCK = 1_000
SITE_DAYS_PER_BLOCK = 3_000
"""Five minute intervals of these days and sites take about 60 MB, copies in between some more."""
DAYS_PER_BLOCK = 100
"""A bound for single sites: progress is seen, and the rows of a day are found quickly."""

_Each = TypeVar("_Each")


def site_blocks(sites: Sequence[_Each]) -> Iterator[Sequence[_Each]]:
    """Cut the sites into consecutive groups that are worked one after the other."""
    for first in range(0, len(sites), SITES_PER_BLOCK):
        yield sites[first : first + SITES_PER_BLOCK]


def day_blocks(days: Days, sites: int) -> Iterator[Days]:
    """Cut a range of days so that no block has too many days of `sites` sites."""
    return days.blocks(min(DAYS_PER_BLOCK, max(1, SITE_DAYS_PER_BLOCK // max(1, sites))))
