"""What a refusal of either dialect can say: nothing to give, nothing more to ask; in which words.

Which answer says so is decided in `v2/problems.py` and `v4/problems.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from energy_pipeline.sources.enlighten import wire
from energy_pipeline.sources.enlighten.bodies import LAST_SECOND, shown
from energy_pipeline.state.limits import Period

SHOWN = 200  # characters of the vendor's words


@dataclass(frozen=True, slots=True)
class Refusal:
    """Enlighten has nothing to give for the time that was asked for; no error.

    Args:
        reason: the vendor's words, with the end of the system's intervals where it names it.
        is_ahead: the time has not come yet by the vendor's clock.
    """

    reason: str
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class OverQuota:
    """The plan allows nothing more until `ends_at`, by the vendor's clock; None: not said."""

    period: Period
    ends_at: datetime | None
    limit: int | None


def over_quota(response: httpx.Response) -> OverQuota:
    """Return what a refusal by quota says; what it leaves out is taken for a minute."""
    members = members_of(response.content)
    period = members.get("period")
    limit = members.get("limit")
    return OverQuota(
        period if period in wire.PERIODS else "minute",
        instant_of(members.get("period_end")),
        limit if isinstance(limit, int) and limit > 0 else None,
    )


def said(content: bytes, names: Iterable[str]) -> str:
    """Return the vendor's own words, which the members of these names hold."""
    return "; ".join(dict.fromkeys(_texts(members_of(content), names)))


def members_of(content: bytes) -> Mapping[str, Any]:
    """Return the members of a JSON object; none of anything else."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def instant_of(epoch_s: object) -> datetime | None:
    """Return the instant of epoch seconds, None of anything else."""
    if isinstance(epoch_s, int) and 0 <= epoch_s < LAST_SECOND:
        return datetime.fromtimestamp(epoch_s, UTC)
    return None


def _texts(members: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        found = members.get(name)
        texts = found if isinstance(found, list) else [found]
        for text in texts:
            if isinstance(text, str) and not text.isdecimal():
                yield shown(text.encode(), SHOWN)
