"""Questions of dialect v4: one method per endpoint.

How windows are chosen is in `planner.py`, how answers are read in `answers.py`, `day_totals.py` and
`bodies.py`, how one request is made in `connection.py`.
"""

from datetime import date, timedelta

from energy_pipeline.calendar import DAY, Span
from energy_pipeline.configuration.sites import EnlightenAccess
from energy_pipeline.sources.enlighten import wire as shared
from energy_pipeline.sources.enlighten.answers import IntervalAnswer
from energy_pipeline.sources.enlighten.bodies import ListedSystem, Summary, read_body
from energy_pipeline.sources.enlighten.day_totals import DayTotals, no_totals, parse_day_totals
from energy_pipeline.sources.enlighten.dialect import Grant, RefusedWindow
from energy_pipeline.sources.enlighten.refusals import Refusal
from energy_pipeline.sources.enlighten.series import IntervalSeries
from energy_pipeline.sources.enlighten.v4 import wire
from energy_pipeline.sources.enlighten.v4.bodies import SystemsPage
from energy_pipeline.sources.enlighten.v4.connection import Connection


class EnlightenV4:
    """The Enlighten cloud in dialect v4; `dialect.py` says what each question gives.

    Args:
        connection: how one request is made.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def intervals(
        self, series: IntervalSeries, access: EnlightenAccess, window: Span
    ) -> IntervalAnswer | RefusedWindow:
        """Ask for a day or a week from an instant on; what it gives beyond the window is left.

        An instant says the same in every time zone; a date would be the site's local day.
        """
        path = f"{wire.SYSTEMS}/{access.system_id}/{series.endpoint}"
        granularity, length = _granularity(window.end - window.start)
        params = {
            wire.START_AT: str(int(window.start.timestamp())),
            wire.GRANULARITY: granularity,
        }
        found = await self.connection.get_or_refusal(path, params)
        received_at = self.connection.clock.now()
        if isinstance(found, Refusal):
            return RefusedWindow(window, found, received_at)
        return IntervalAnswer(
            f"GET {path}",
            access.system_id,
            window,
            found.content,
            received_at,
            reaches=window.start + length,
        )

    async def day_totals(self, series: IntervalSeries, access: EnlightenAccess) -> DayTotals:
        """Ask for the whole life."""
        path = f"{wire.SYSTEMS}/{access.system_id}/{series.lifetime}"
        params = shared.PRODUCTION_PARTS if "production" in series.streams else {}
        found = await self.connection.get_or_refusal(path, params)
        received_at = self.connection.clock.now()
        if isinstance(found, Refusal):
            return no_totals(found.reason, received_at)
        return parse_day_totals(found.content, series, f"GET {path}", received_at)

    async def systems(self, grant: Grant) -> list[ListedSystem]:  # noqa: ARG002
        """Ask page by page, 100 systems each; the token says whose systems they are."""
        found: list[ListedSystem] = []
        page = 0
        while True:
            page += 1
            params = {wire.PAGE: str(page), wire.SIZE: str(wire.LONGEST_PAGE)}
            response = await self.connection.get(wire.SYSTEMS, params)
            body = read_body(SystemsPage, response.content, f"GET {wire.SYSTEMS}")
            found += [system.listed() for system in body.systems]
            if not body.systems or page * wire.LONGEST_PAGE >= body.total:
                return found

    async def summary(self, access: EnlightenAccess, day: date | None = None) -> Summary:
        """Ask for one day."""
        path = f"{wire.SYSTEMS}/{access.system_id}/{wire.SUMMARY}"
        params = {} if day is None else {wire.SUMMARY_DATE: day.isoformat()}
        response = await self.connection.get(path, params)
        return read_body(Summary, response.content, f"GET {path}")


def _granularity(length: timedelta) -> tuple[str, timedelta]:
    """Return the shortest window that holds a length: its name, and how long it is."""
    return (wire.DAY_WINDOW, DAY) if length <= DAY else (wire.WEEK_WINDOW, wire.TELEMETRY_WIDEST)
