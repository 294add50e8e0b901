"""Answers wait here until their day is answered; then it is written, once if possible.

An answer is a window of a site, a partition is a day of every site: so a day is written when no
request is left that touches it. What is read from answers is in `answer_rows.py`, how a day is
written in `day_writer.py`, who asks in `fetch_run.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energy_pipeline.calendar import DAY, Days, utc_midnight
from energy_pipeline.steps.answer_rows import Answered, Ask, Part, ReadAnswers, read_answers
from energy_pipeline.steps.day_writer import AnsweredDay, DayWriter
from energy_pipeline.transform.instants import day_number

_WRITERS = 2
"""A day is a file of its own and some milliseconds of work: more writers delay the requests."""

_PartsBySite = defaultdict[str, list[Part]]


class AnsweredDays:
    """Rows and words of answers, by day, until they are written; for one thread.

    Args:
        writer: writes a day.
        asks: every request of the run, by begin of its window; the windows of a plan in order.
    """

    def __init__(self, writer: DayWriter, asks: Sequence[Ask]) -> None:
        self._writer = writer
        self._asks = asks
        self._number = {ask: number for number, ask in enumerate(asks)}
        self._is_closed = bytearray(len(asks))
        self._first_open = 0
        self._of_site: defaultdict[str, list[int]] = defaultdict(list)
        for number, ask in enumerate(asks):
            self._of_site[ask.site_id].append(number)
        self._rows: list[pa.Table] = []
        self._parts: defaultdict[date, _PartsBySite] = defaultdict(lambda: defaultdict(list))
        self._newest_report: dict[str, datetime] = {
            ask.site_id: ask.plan.newest_report for ask in asks if ask.plan.newest_report
        }

    @property
    def rows_waiting(self) -> int:
        """Rows that are not written yet."""
        return sum(table.num_rows for table in self._rows)

    def take(self, answered: Sequence[Answered]) -> ReadAnswers:
        """Read answers and keep what they hold."""
        read = read_answers(answered, self._writer.stream)
        self._rows.append(read.rows)
        for site, day, part in read.parts:
            self._parts[day][site].append(part)
            if part.last_report_at is not None:
                known = self._newest_report.get(site, part.last_report_at)
                self._newest_report[site] = max(known, part.last_report_at)
        for ask, _ in answered:
            self._is_closed[self._number[ask]] = True
        return read

    def write_complete(self) -> None:
        """Write the days that no open request of any site touches."""
        self._first_open = self._is_closed.find(0, self._first_open)
        if self._first_open < 0:
            self._first_open = len(self._asks)
            return self.write_all()
        until = self._asks[self._first_open].window.start
        return self._write(lambda day, _: utc_midnight(day) + DAY <= until)

    def write_answered(self) -> None:
        """Write the site-days that no open request touches, whatever becomes of other sites."""
        self._write(lambda day, site: not self._is_open(day, site))

    def write_all(self) -> None:
        """Write everything that waits."""
        self._write(lambda *_: True)

    def _is_open(self, day: date, site: str) -> bool:
        numbers = self._of_site[site]
        plan = self._asks[numbers[0]].plan
        touching = plan.windows_in(Days(day, day).span)
        return not all(self._is_closed[numbers[index]] for index in touching)

    def _write(self, is_due: Callable[[date, str], bool]) -> None:
        due = {
            day: sites
            for day, parts in sorted(self._parts.items())
            if (sites := [site for site in parts if is_due(day, site)])
        }
        if not due:
            return
        rows = self._rows_of(due)
        answered: dict[date, dict[str, AnsweredDay]] = {}
        for day, sites in due.items():
            parts = self._parts[day]
            answered[day] = {site: self._answered(site, parts.pop(site)) for site in sites}
            if not parts:
                del self._parts[day]
        with ThreadPoolExecutor(min(_WRITERS, len(due))) as pool:
            list(pool.map(lambda day: self._writer.write(day, rows[day], answered[day]), due))

    def _answered(self, site: str, parts: Sequence[Part]) -> AnsweredDay:
        plan = self._asks[self._of_site[site][0]].plan
        return AnsweredDay(plan, parts, self._newest_report.get(site))

    def _rows_of(self, due: Mapping[date, Sequence[str]]) -> dict[date, pa.Table]:
        """Take the rows of the due site-days out of those that wait."""
        waiting = pa.concat_tables(self._rows)
        waiting = waiting.take(pc.sort_indices(waiting["day"]))
        numbers = waiting["day"].cast(pa.int32()).to_numpy()
        is_taken = np.zeros(numbers.size, np.bool_)
        found: dict[date, pa.Table] = {}
        for day, sites in due.items():
            first, last = np.searchsorted(numbers, [day_number(day), day_number(day) + 1])
            rows = waiting.slice(first, last - first)
            if len(sites) < len(self._parts[day]):
                of_sites = pc.is_in(rows["site"], pa.array(sites, pa.string()))
                is_taken[first:last] = of_sites.to_numpy()
                rows = rows.filter(of_sites)
            else:
                is_taken[first:last] = True
            found[day] = rows.drop_columns("day")
        self._rows = [waiting.filter(pa.array(~is_taken))]
        return found
