"""Questions of dialect v2: one method per endpoint.

How windows are chosen is in `planner.py`, how answers are read in `answers.py`, `day_totals.py` and
`bodies.py`, how one request is made in `connection.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import SecretStr

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.bodies import (
    ListedSystem,
    Summary,
    SystemsPage,
    read_body,
)
from energy_pipeline.sources.enlighten.day_totals import DayTotals, parse_day_totals
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.series import CONSUMPTION, IntervalSeries
from energy_pipeline.sources.enlighten.v2 import wire
from energy_pipeline.sources.enlighten.v2.connection import Connection
from energy_pipeline.state.quota import Quota


@dataclass(frozen=True, slots=True)
class SystemAccess:
    """A system, and the user who granted access to it."""

    system_id: int
    user_id: SecretStr


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


class EnlightenV2:
    """The Enlighten cloud for one application; every method raises what `Connection.get` raises.

    Args:
        connection: how one request is made.

    Every method also raises:
        SchemaSurprise: an answer of another shape than promised.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def quota(self) -> Quota:
        """The plan's requests."""
        return self._connection.quota

    async def intervals(
        self, series: IntervalSeries, system: SystemAccess, window: Span
    ) -> IntervalAnswer | RefusedWindow:
        """Ask for the intervals of a window, at most `series.widest` long, on its grid."""
        path = f"{wire.SYSTEMS}/{system.system_id}/{series.endpoint}"
        bounds = {wire.START_AT: window.start, wire.END_AT: window.end}
        params = {name: str(int(at.timestamp())) for name, at in bounds.items()}
        found = await self._connection.get_or_refusal(path, system.user_id, params)
        received_at = self._connection.clock.now()
        if isinstance(found, Refusal):
            return RefusedWindow(window, found, received_at)
        return IntervalAnswer(f"GET {path}", system.system_id, window, found.content, received_at)

    async def day_totals(self, series: IntervalSeries, system: SystemAccess) -> DayTotals:
        """Ask for the vendor's total of every local day of the system's life, in one request."""
        is_consumption = series is CONSUMPTION
        endpoint = wire.CONSUMPTION_LIFETIME if is_consumption else wire.ENERGY_LIFETIME
        path = f"{wire.SYSTEMS}/{system.system_id}/{endpoint}"
        params = {} if is_consumption else wire.PRODUCTION_PARTS
        found = await self._connection.get_or_refusal(path, system.user_id, params)
        received_at = self._connection.clock.now()
        if isinstance(found, Refusal):
            return DayTotals(None, (), None, received_at, found.reason)
        return parse_day_totals(found.content, series, f"GET {path}", received_at)

    async def systems(self, user_id: SecretStr) -> list[ListedSystem]:
        """Return every system that the user can see; one request per 1,000."""
        params = {wire.LIMIT: str(wire.LONGEST_PAGE)}
        found: list[ListedSystem] = []
        while True:
            response = await self._connection.get(wire.SYSTEMS, user_id, params)
            page = read_body(SystemsPage, response.content, f"GET {wire.SYSTEMS}")
            found += page.systems
            if not page.next:
                return found
            if page.next == params.get(wire.NEXT):
                message = "next: found the cursor of this very page"
                raise SchemaSurprise(message, request=f"GET {wire.SYSTEMS}", status=200)
            params = {**params, wire.NEXT: page.next}

    async def summary(self, system: SystemAccess, day: date | None = None) -> Summary:
        """Return the figures of a local day; None: of today."""
        path = f"{wire.SYSTEMS}/{system.system_id}/{wire.SUMMARY}"
        params = {} if day is None else {wire.SUMMARY_DATE: day.isoformat()}
        response = await self._connection.get(path, system.user_id, params)
        return read_body(Summary, response.content, f"GET {path}")

    def ask_of(self, access: EnlightenAccess) -> Ask:
        """Return what asks as the user who granted access to a system."""
        return self._connection.as_user(access.user_id or SecretStr(""))
