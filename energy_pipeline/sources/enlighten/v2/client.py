"""Questions of dialect v2: one method per endpoint.

How windows are chosen is in `planner.py`, how answers are read in `answers.py`, `day_totals.py` and
`bodies.py`, how one request is made in `connection.py`.
"""

from datetime import date

from pydantic import SecretStr

from energy_pipeline.calendar import Span
from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.bodies import (
    ListedSystem,
    Summary,
    SystemsPage,
    read_body,
)
from energy_pipeline.sources.enlighten.day_totals import DayTotals, no_totals, parse_day_totals
from energy_pipeline.sources.enlighten.dialect import Grant, RefusedWindow
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v2 import wire
from energy_pipeline.sources.enlighten.v2.connection import Connection


class EnlightenV2:
    """The Enlighten cloud in dialect v2; `dialect.py` says what each question gives.

    Args:
        connection: how one request is made.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def intervals(
        self, series: IntervalSeries, access: EnlightenAccess, window: Span
    ) -> IntervalAnswer | RefusedWindow:
        """Ask for a window by its ends."""
        path = f"{wire.SYSTEMS}/{access.system_id}/{series.endpoint}"
        bounds = {wire.START_AT: window.start, wire.END_AT: window.end}
        params = {name: str(int(at.timestamp())) for name, at in bounds.items()}
        found = await self.connection.get_or_refusal(path, _user(access), params)
        received_at = self.connection.clock.now()
        if isinstance(found, Refusal):
            return RefusedWindow(window, found, received_at)
        return IntervalAnswer(f"GET {path}", access.system_id, window, found.content, received_at)

    async def day_totals(self, series: IntervalSeries, access: EnlightenAccess) -> DayTotals:
        """Ask for the whole life."""
        path = f"{wire.SYSTEMS}/{access.system_id}/{series.lifetime}"
        params = shared.PRODUCTION_PARTS if "production" in series.streams else {}
        found = await self.connection.get_or_refusal(path, _user(access), params)
        received_at = self.connection.clock.now()
        if isinstance(found, Refusal):
            return no_totals(found.reason, received_at)
        return parse_day_totals(found.content, series, f"GET {path}", received_at)

    async def systems(self, grant: Grant) -> list[ListedSystem]:
        """Follow the cursor; one request per 1,000 systems."""
        params = {wire.LIMIT: str(wire.LONGEST_PAGE)}
        found: list[ListedSystem] = []
        while True:
            response = await self.connection.get(wire.SYSTEMS, _user(grant), params)
            page = read_body(SystemsPage, response.content, f"GET {wire.SYSTEMS}")
            found += page.systems
            if not page.next:
                return found
            if page.next == params.get(wire.NEXT):
                message = "next: found the cursor of this very page"
                raise SchemaSurprise(message, request=f"GET {wire.SYSTEMS}", status=200)
            params = {**params, wire.NEXT: page.next}

    async def summary(self, access: EnlightenAccess, day: date | None = None) -> Summary:
        """Ask for one day."""
        path = f"{wire.SYSTEMS}/{access.system_id}/{wire.SUMMARY}"
        params = {} if day is None else {wire.SUMMARY_DATE: day.isoformat()}
        response = await self.connection.get(path, _user(access), params)
        return read_body(Summary, response.content, f"GET {path}")


def _user(grant: Grant) -> SecretStr:
    """Return the user who granted access; the rules of sites.yaml see to it that there is one."""
    return grant.user_id or SecretStr("")
