"""What an interval endpoint is: its grid, its widest window, and the streams that it measures.

Which endpoints there are is in `v2/series.py` and `v4/series.py`, how windows are chosen in
`planner.py`.
"""

from dataclasses import dataclass
from datetime import timedelta

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.sources.enlighten.bodies import Body


@dataclass(frozen=True)
class Measured:
    """A stream that a series measures.

    Args:
        stream: the stream.
        energy: members on the way to an interval's energy in Wh.
        totals: members of the answer with a total per day, the best one first.
        devices: members on the way to the number of devices that reported; empty: never told.
    """

    stream: Stream
    energy: tuple[str, ...]
    totals: tuple[str, ...]
    devices: tuple[str, ...] = ("devices_reporting",)


@dataclass(frozen=True)
class IntervalSeries:
    """One interval endpoint, and the endpoint with the totals of the same streams.

    Args:
        endpoint: last parts of the path.
        lifetime: last part of the path that answers with a total per day.
        measures: the streams; one answer holds all of them.
        interval_s: length of every interval in seconds; ends lie on multiples of it.
        widest: longest window that one request answers.
        body: shape of the answer.
        nights_absent: dark hours may have no intervals.
        may_be_cut_after: answers to a longer window may end after this length, without a word;
            None: the endpoint keeps to `widest`, or tells what it answers.
        history: how long the vendor keeps intervals; a window that begins earlier is refused.
            None: it is answered.
        tells_window: the answer names the window that it is about.
        counts_devices: the answer's number of devices can be believed.
        is_nested: intervals are lists in a list.
    """

    endpoint: str
    lifetime: str
    measures: tuple[Measured, ...]
    interval_s: int
    widest: timedelta
    body: type[Body]
    nights_absent: bool = False
    may_be_cut_after: timedelta | None = None
    history: timedelta | None = None
    tells_window: bool = False
    counts_devices: bool = True
    is_nested: bool = False

    def measured(self, stream: Stream) -> Measured:
        """Return how the series measures one of its streams."""
        return next(each for each in self.measures if each.stream == stream)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams."""
        return tuple(each.stream for each in self.measures)


def production_by(energy: str, totals: str) -> tuple[Measured, ...]:
    """Return production; the merged totals stand in where those by the same devices are not given.

    Micros and meters differ by about a percent, and the merged totals change from the ones to the
    others when a meter is installed.
    """
    return (Measured("production", (energy,), (totals, "production")),)
