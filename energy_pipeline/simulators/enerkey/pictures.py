"""The pictures of the simulated service: plain and valid, png or pdf."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from energy_pipeline.simulators.enerkey.answers import Answer

if TYPE_CHECKING:  # slow to import, and few simulations draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ImageFormat = Literal["png", "pdf"]
_MEDIA_TYPES: dict[ImageFormat, str] = {"png": "image/png", "pdf": "application/pdf"}
_DPI = 100
_COLORS = ("#4C78A8", "#F58518", "#54A24B", "#B279A2")


@dataclass(frozen=True, slots=True)
class Style:
    """How a picture is to look; sizes are in pixels, colours go to the series in order."""

    format: ImageFormat
    colors: tuple[str, ...] = ()
    width: int = 900
    height: int = 1_200

    def figure(self) -> "Figure":
        """Return an empty picture of the size."""
        from matplotlib.figure import Figure

        return Figure(figsize=(self.width / _DPI, self.height / _DPI), dpi=_DPI)

    def color(self, number: int) -> str:
        """Return the colour of a series."""
        colors = self.colors or _COLORS
        return colors[number % len(colors)]


def draw_report(
    name: str, months: Mapping[str, Sequence[float]], year: int, style: Style
) -> Answer:
    """Draw the full picture: the name, a graph and a table of the months of each meter."""
    figure = style.figure()
    figure.suptitle(f"{name}, {year}")
    above, below = figure.subplots(2, 1)
    _bars(above, months, style)
    below.axis("off")
    cells = [[f"{value:,.1f}" for value in values] for values in months.values()]
    if cells:
        columns = [str(month) for month in range(1, 13)]
        below.table(cells, rowLabels=list(months), colLabels=columns, loc="center")
    return _answer(figure, style.format)


def draw_image(name: str, months: Mapping[str, Sequence[float]], style: Style) -> Answer:
    """Draw the limited picture: a graph alone."""
    figure = style.figure()
    axes = figure.subplots()
    axes.set_title(name)
    _bars(axes, months, style)
    return _answer(figure, style.format)


def draw_alarm(title: str, value: object, threshold: object, format: ImageFormat) -> Answer:
    """Draw what set an alarm off, beside its threshold."""
    style = Style(format, width=600, height=300)
    figure = style.figure()
    axes = figure.subplots()
    axes.set_title(title)
    heights = [float(each) if isinstance(each, int | float) else 0.0 for each in (value, threshold)]
    axes.bar(["value", "threshold"], heights, color=[style.color(0), style.color(1)])
    return _answer(figure, format)


def _bars(axes: "Axes", months: Mapping[str, Sequence[float]], style: Style) -> None:
    floor = [0.0] * 12
    for number, values in enumerate(months.values()):
        axes.bar(range(1, 13), values, bottom=floor, color=style.color(number))
        floor = [low + value for low, value in zip(floor, values, strict=True)]


def _answer(figure: "Figure", format: ImageFormat) -> Answer:
    drawn = io.BytesIO()
    figure.savefig(drawn, format=format)
    return Answer(content=drawn.getvalue(), media_type=_MEDIA_TYPES[format], rows=1)
