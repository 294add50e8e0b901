import io
import struct
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from matplotlib.image import imread

from energy_pipeline.calendar import Days
from energy_pipeline.report.pictures import (
    CURVE_DAYS,
    coverage_picture,
    hours_picture,
    register_picture,
    totals_picture,
)

FIRST = date(2024, 5, 1)


def hours_of(days: Days, streams: tuple[str, ...]) -> pa.Table:
    hours = pd.date_range(days.span.start, days.span.end, freq="h", inclusive="left")
    frames = [pd.DataFrame({"stream": s, "hour": hours, "energy_wh": 500.0}) for s in streams]
    return pa.Table.from_pandas(pd.concat(frames), preserve_index=False)


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("length", [1, CURVE_DAYS, CURVE_DAYS + 1, 366])
def test_each_stream_gets_a_panel_whatever_the_range(length: int) -> None:
    days = Days(FIRST, FIRST + timedelta(days=length - 1))

    one = size_of(hours_picture(hours_of(days, ("production",)), days))
    two = size_of(hours_picture(hours_of(days, ("production", "consumption")), days))

    assert one[0] == two[0]
    assert two[1] > one[1] * 1.5


def test_no_hours_at_all_is_still_a_picture() -> None:
    days = Days(FIRST, FIRST)

    assert size_of(hours_picture(hours_of(days, ("production",)).slice(0, 0), days))


def test_a_hole_is_drawn_as_a_hole() -> None:
    days = Days(FIRST, FIRST)
    hours = hours_of(days, ("production",))
    zero = hours.set_column(
        2, "energy_wh", pa.array([500.0] * 12 + [0.0] + [500.0] * 11, pa.float64())
    )
    hole = pa.concat_tables([hours.slice(0, 12), hours.slice(13)])

    assert hours_picture(hole, days) != hours_picture(zero, days)


def test_pictures_stay_small_enough_to_be_inlined() -> None:
    days = Days(FIRST, FIRST + timedelta(days=365))
    covered = pd.DataFrame(0.5, index=[f"site-{n}" for n in range(500)], columns=range(len(days)))

    assert len(hours_picture(hours_of(days, ("production", "consumption")), days)) < 100_000
    assert len(coverage_picture(covered, days, "share")) < 100_000


def test_registers_are_drawn_in_order_of_time() -> None:
    days = Days(FIRST, FIRST)
    hours = pd.date_range(days.span.start, days.span.end, freq="h", inclusive="right")
    rows = pd.DataFrame(
        {"stream": "production", "read_at": hours, "reading_wh": range(1000, 1000 + len(hours))}
    )
    mixed = pa.Table.from_pandas(rows.sample(frac=1, random_state=1), preserve_index=False)
    ordered = pa.Table.from_pandas(rows, preserve_index=False)

    assert register_picture(mixed, days) == register_picture(ordered, days)


def line_pixels(png: bytes) -> int:
    """How much of the picture is in the colour of production: red far above blue."""
    pixels = imread(io.BytesIO(png))
    return int((pixels[..., 0] - pixels[..., 2] > 0.5).sum())


def test_a_day_without_a_total_is_a_hole() -> None:
    days = [FIRST + timedelta(days=n) for n in range(5)]
    whole = pa.table({"stream": ["production"] * 5, "day": days, "energy_wh": [9e3] * 5})
    hole = pa.concat_tables([whole.slice(0, 2), whole.slice(3)])
    zero = whole.set_column(2, "energy_wh", pa.array([9e3, 9e3, 0.0, 9e3, 9e3]))
    shuffled = whole.take(pa.array([3, 0, 4, 1, 2]))

    assert totals_picture(zero) != totals_picture(hole)
    assert line_pixels(totals_picture(hole)) < 0.75 * line_pixels(totals_picture(whole))
    assert totals_picture(shuffled) == totals_picture(whole)
    assert size_of(totals_picture(whole.slice(0, 0)))


def test_a_coverage_picture_of_nobody_is_still_a_picture() -> None:
    days = Days(FIRST, FIRST + timedelta(days=7))

    assert size_of(coverage_picture(pd.DataFrame(columns=range(len(days))), days, "share"))


def test_a_day_of_which_nothing_is_known_is_not_drawn_as_a_day_without_energy() -> None:
    days = Days(FIRST, FIRST + timedelta(days=1))
    zero = pd.DataFrame([[1.0, 0.0]], index=["house"])
    unknown = pd.DataFrame([[1.0, float("nan")]], index=["house"])

    assert coverage_picture(unknown, days, "share") != coverage_picture(zero, days, "share")


def test_production_is_the_first_panel() -> None:
    days = Days(FIRST, FIRST)
    hours = hours_of(days, ("consumption", "production"))
    is_production = pc.equal(hours["stream"], "production")
    more = pc.add(hours["energy_wh"], pc.if_else(is_production, 0.0, pc.random(len(hours))))
    other = hours.set_column(2, "energy_wh", more)

    first, second = (imread(io.BytesIO(hours_picture(each, days))) for each in (hours, other))

    half = len(first) // 2
    assert (first[:half] == second[:half]).all()
    assert (first[half:] != second[half:]).any()
