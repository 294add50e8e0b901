"""Pictures of hours: a curve for a few days, a calendar of hours for a long range.

Input is `hourly_energy` in UTC, registers, or totals of local days; the output is PNG bytes, small
enough to be inlined in a Dagster event (about 20 to 60 kB). Holes are drawn as holes: absent is not
zero.
"""

import io
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from energy_pipeline.calendar import Days

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVE_DAYS = 10  # beyond that, single hours of a curve cannot be told apart
MAX_SITES = 12  # rows of a coverage picture that stay readable
_WIDTH_INCH, _DPI = 9.0, 90
_COLOURS = {
    "production": "#e0a100",
    "consumption": "#2563a8",
    "grid_import": "#a33b3b",
    "grid_export": "#3b8f5a",
    "battery_charge": "#7a4fa3",
    "battery_discharge": "#b06fc4",
}
"""In the order of the panels."""
_NEVER_ASKED = "#d9d9d9"


def hours_picture(hourly: pa.Table, days: Days) -> bytes:
    """Draw energy per hour, all sites added up: one panel for each stream."""
    frame: pd.DataFrame = hourly.select(["stream", "hour", "energy_wh"]).to_pandas()
    kwh_by_stream = frame.pivot_table(
        index="hour", columns="stream", values="energy_wh", aggfunc="sum"
    ).div(1000)
    hours = pd.date_range(days.span.start, days.span.end, freq="h", inclusive="left")
    streams = _in_order(kwh_by_stream.columns)
    kwh_by_stream = kwh_by_stream.reindex(index=hours, columns=streams)
    with _figure(streams) as (axes, png):
        for axis, stream in zip(axes, streams, strict=True):
            kwh = pd.Series(kwh_by_stream[stream])
            if len(days) <= CURVE_DAYS:
                _curve(axis, kwh, stream)
            else:
                _calendar(axis, kwh, days)
            axis.set_title(f"{stream}, {days} UTC: {kwh.sum():,.1f} kWh", fontsize=9, loc="left")
    return png.getvalue()


def register_picture(readings: pa.Table, days: Days) -> bytes:
    """Draw register positions, all sites added up: one panel for each stream."""
    frame: pd.DataFrame = readings.select(["stream", "read_at", "reading_wh"]).to_pandas()
    streams = _in_order(frame["stream"].unique())
    with _figure(streams) as (axes, png):
        for axis, stream in zip(axes, streams, strict=True):
            rows = frame[frame["stream"] == stream].sort_values("read_at")
            axis.plot(rows["read_at"], rows["reading_wh"] / 1000, color=_COLOURS[stream])
            axis.set_ylabel("kWh", fontsize=8)
            axis.tick_params(labelsize=7)
            axis.grid(alpha=0.3)
            axis.set_title(f"register of {stream}, {days} UTC", fontsize=9, loc="left")
    return png.getvalue()


def totals_picture(totals: pa.Table) -> bytes:
    """Draw energy per local day, all sites added up: one panel for each stream.

    Args:
        totals: columns stream, day, energy_wh; one row per stream and day.
    """
    frame: pd.DataFrame = totals.select(["stream", "day", "energy_wh"]).to_pandas()
    streams = _in_order(frame["stream"].unique())
    with _figure(streams) as (axes, png):
        for axis, stream in zip(axes, streams, strict=True):
            rows = frame[frame["stream"] == stream].set_index("day")["energy_wh"].sort_index()
            days = pd.date_range(rows.index.min(), rows.index.max()) if len(rows) else []
            kwh = rows.set_axis(pd.to_datetime(rows.index)).reindex(days) / 1000
            axis.plot(kwh.index, kwh.to_numpy(), marker=".", markersize=3, color=_COLOURS[stream])
            axis.set_ylabel("kWh per day", fontsize=8)
            axis.grid(alpha=0.3)
            axis.tick_params(labelsize=7)
            axis.set_title(f"{stream}, local days: {kwh.sum():,.1f} kWh", fontsize=9, loc="left")
    return png.getvalue()


def coverage_picture(covered: pd.DataFrame, days: Days, what: str) -> bytes:
    """Draw a share of each row's day, the least covered rows first.

    Args:
        covered: one row per site or meter (index), one column per day, share from 0 to 1; NaN
            where nothing was ever asked.
        days: the days of the columns.
        what: what the share is of, for the title.
    """
    shown = covered.loc[covered.mean(axis=1).sort_values(kind="stable").index[:MAX_SITES]]
    left_out = len(covered) - len(shown)
    note = f", the least {MAX_SITES} of {len(covered)}" if left_out else ""
    note += "; grey: nothing known" if shown.isna().to_numpy().any() else ""
    note += "; nothing to show" if shown.empty else ""
    with _figure(["coverage"], 0.9 + 0.25 * len(shown)) as ([axis], png):
        axis.set_title(f"{what}, {days} UTC{note}", fontsize=9, loc="left")
        if shown.empty:
            axis.set_axis_off()
        else:
            _shares(axis, shown)
            _day_ticks(axis, days)
    return png.getvalue()


def _shares(axis: "Axes", shown: pd.DataFrame) -> None:
    axis.set_facecolor(_NEVER_ASKED)
    image = axis.imshow(shown.to_numpy(float), aspect="auto", cmap="Blues", vmin=0, vmax=1)
    scale = axis.figure.colorbar(image, ax=axis, ticks=[0, 1], format="{x:.0%}")
    scale.ax.tick_params(labelsize=7)
    axis.set_yticks(range(len(shown)), list(shown.index), fontsize=7)


def _in_order(streams: Iterable[str]) -> list[str]:
    """Return the streams in the order of the panels; one panel when there is none."""
    return sorted(streams, key=list(_COLOURS).index) or ["production"]


def _curve(axis: "Axes", kwh: pd.Series, stream: str) -> None:
    axis.step(kwh.index, kwh.to_numpy(), where="post", color=_COLOURS[stream])
    axis.fill_between(kwh.index, kwh.to_numpy(), step="post", alpha=0.2, color=_COLOURS[stream])
    axis.set_ylabel("kWh per hour", fontsize=8)
    axis.tick_params(labelsize=7)
    axis.grid(alpha=0.3)


def _calendar(axis: "Axes", kwh: pd.Series, days: Days) -> None:
    grid = kwh.to_numpy(float).reshape(len(days), 24).T
    image = axis.imshow(grid, aspect="auto", origin="lower", cmap="viridis")
    scale = axis.figure.colorbar(image, ax=axis)
    scale.set_label("kWh per hour", fontsize=8)
    scale.ax.tick_params(labelsize=7)
    axis.set_ylabel("hour, UTC", fontsize=8)
    axis.set_yticks([0, 6, 12, 18], ["00", "06", "12", "18"], fontsize=7)
    _day_ticks(axis, days)


def _day_ticks(axis: "Axes", days: Days) -> None:
    every = max(1, len(days) // 8)
    at = range(0, len(days), every)
    axis.set_xticks(list(at), [str(day) for n, day in enumerate(days) if n in at], fontsize=7)


@contextmanager
def _figure(
    panels: list[str], panel_inch: float = 2.2
) -> Generator[tuple["list[Axes]", io.BytesIO]]:
    """Yield one axis per panel and the buffer that holds the PNG afterwards."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, panel_inch * len(panels) + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    png = io.BytesIO()
    yield [figure.add_subplot(len(panels), 1, n + 1) for n in range(len(panels))], png
    figure.savefig(png, format="png", dpi=_DPI)
