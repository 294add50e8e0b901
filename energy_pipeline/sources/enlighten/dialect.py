"""What the steps ask Enlighten, in whichever dialect a site's account speaks.

The dialects themselves are `v2/client.py` and `v4/client.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol

from pydantic import SecretStr

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.configuration.sites import EnlightenAccess, Stream
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.bodies import ListedSystem, Summary
from energy_pipeline.sources.enlighten.day_totals import DayTotals
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v2 import series as v2
from energy_pipeline.sources.enlighten.v4 import series as v4


@dataclass(frozen=True, slots=True)
class RefusedWindow:
    """Enlighten has no intervals to give for a window.

    Args:
        window: the time that was asked for.
        refusal: why.
        received_at: when it was received, aware.
    """

    window: Span
    refusal: Refusal
    received_at: datetime


class Grant(Protocol):
    """Who granted access, and in which dialect it is used; an `EnlightenAccess` is one."""

    @property
    def api(self) -> EnlightenApi:
        """The dialect."""
        ...

    @property
    def user_id(self) -> SecretStr | None:
        """The user who granted access; v2 only."""
        ...

    @property
    def owner(self) -> str | None:
        """Name of the owner's authorization, where there are several; v4 only."""
        ...


class Enlighten(Protocol):
    """The Enlighten cloud for one application.

    Every method raises:
        AccessRefused: key, token, grant or plan do not allow it.
        NotFound: the system or the path is not known.
        RequestRefused: anything else that will be refused again.
        QuotaSpent: the plan's requests are used up for longer than a minute.
        ServiceUnavailable: no usable answer after every sensible try.
        SchemaSurprise: an answer of another shape than promised.
    """

    async def intervals(
        self, series: IntervalSeries, access: EnlightenAccess, window: Span
    ) -> IntervalAnswer | RefusedWindow:
        """Ask for the intervals of a window, at most `series.widest` long, on its grid."""
        ...

    async def day_totals(self, series: IntervalSeries, access: EnlightenAccess) -> DayTotals:
        """Ask for the vendor's totals of every local day of the system's life, in one request."""
        ...

    async def systems(self, grant: Grant) -> list[ListedSystem]:
        """Return every system that is seen by the user who granted access."""
        ...

    async def summary(self, access: EnlightenAccess, day: date | None = None) -> Summary:
        """Return the figures of a local day; None: of today."""
        ...


_V2: Mapping[Stream, IntervalSeries] = MappingProxyType(
    {"production": v2.MICRO_PRODUCTION, "consumption": v2.CONSUMPTION}
)
_V4: Mapping[Stream, IntervalSeries] = MappingProxyType(
    {
        "production": v4.MICRO_PRODUCTION,
        "consumption": v4.CONSUMPTION,
        "grid_import": v4.GRID_IMPORT,
        "grid_export": v4.GRID_EXPORT,
        "battery_charge": v4.BATTERY,
        "battery_discharge": v4.BATTERY,
    }
)
_SERIES: Mapping[EnlightenApi, Mapping[Stream, IntervalSeries]] = {"v2": _V2, "v4": _V4}
_METERS = {"v2": v2.METER_PRODUCTION, "v4": v4.METER_PRODUCTION}


def measured_in(api: EnlightenApi, stream: Stream) -> bool:
    """Whether a dialect has intervals of a stream."""
    return stream in _SERIES[api]


def measured_together(stream: Stream) -> tuple[Stream, ...]:
    """Return the streams that come in one answer with a stream, itself among them."""
    return _V4[stream].streams


def series_of(access: EnlightenAccess, stream: Stream) -> IntervalSeries:
    """Return the series that measures a stream of a site; the dialect has one."""
    if stream == "production" and access.production == "meter":
        return _METERS[access.api]
    return _SERIES[access.api][stream]
