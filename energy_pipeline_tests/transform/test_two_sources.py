"""Which source an hour is taken from, and how far two of them differ."""

from datetime import datetime, timedelta

import pyarrow as pa
import pytest

from energy_pipeline.calendar import HOUR
from energy_pipeline.schema import HOURLY_ENERGY
from energy_pipeline.transform.two_sources import best_hours, compare_sources, outside_hours
from energy_pipeline_tests.transform.tables import (
    DAY_ZERO,
    MUCH_LATER,
    interval_table,
    row_of_intervals,
)

BOTH = {("a", "production")}
SOON = DAY_ZERO + timedelta(days=2)


def hour(
    source: str,
    energy_wh: float,
    covered_s: int = 3_600,
    *,
    at: datetime = DAY_ZERO,
    site: str = "a",
    final: bool = True,
) -> pa.Table:
    row = {
        "site": site,
        "stream": "production",
        "hour": at,
        "energy_wh": energy_wh,
        "covered_s": covered_s,
        "source": source,
        "final": final,
    }
    return pa.Table.from_pylist([row], schema=HOURLY_ENERGY.schema)


def best(*hours: pa.Table, now: datetime = MUCH_LATER) -> list[tuple[str, float, bool]]:
    rows = best_hours(pa.concat_tables(hours), BOTH, now).to_pylist()
    return [(row["source"], row["energy_wh"], row["final"]) for row in rows]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (("enlighten", "envoy"), "envoy"),
        (("enlighten", "envoy-inverters"), "enlighten"),
        (("enlighten", "envoy+bridged"), "enlighten"),
        (("envoy-inverters+bridged", "enlighten"), "enlighten"),
        (("envoy+bridged", "envoy-inverters"), "envoy-inverters"),
    ],
)
def test_the_better_source_is_taken_of_those_that_know_the_whole_hour(
    sources: tuple[str, str], expected: str
) -> None:
    one, other = sources
    for hours in ([one, other], [other, one]):
        found = best(*(hour(source, 1.0) for source in hours))
        assert found == [(expected, 1.0, True)]


def test_a_source_that_knows_more_of_the_hour_comes_first() -> None:
    assert best(hour("envoy", 1.0, 3_599), hour("enlighten", 2.0)) == [("enlighten", 2.0, True)]
    assert best(hour("envoy", 1.0, 10), hour("enlighten", 2.0, 900))[0][:2] == ("enlighten", 2.0)
    assert best(hour("envoy", 1.0, 900), hour("enlighten", 2.0, 900))[0][:2] == ("envoy", 1.0)


def test_every_hour_is_chosen_for_itself() -> None:
    found = best_hours(
        pa.concat_tables(
            [
                hour("enlighten", 4.0, at=DAY_ZERO + HOUR),
                hour("envoy", 3.0, at=DAY_ZERO + 2 * HOUR),
                hour("enlighten", 2.0),
                hour("envoy", 1.0),
                hour("envoy", 5.0, site="b"),
            ]
        ),
        BOTH,
        MUCH_LATER,
    )
    assert found["energy_wh"].to_pylist() == [1.0, 4.0, 3.0, 5.0]
    assert found["site"].to_pylist() == ["a", "a", "a", "b"]


def test_an_hour_behind_enlighten_waits_for_it() -> None:
    """Three days after it, what is still missing in Enlighten does not come any more."""
    until = DAY_ZERO + HOUR + timedelta(days=3)
    for source in ("envoy+bridged", "envoy-inverters"):
        assert best(hour(source, 1.0), now=until - timedelta(seconds=1)) == [(source, 1.0, False)]
        assert best(hour(source, 1.0), now=until) == [(source, 1.0, True)]
    assert best(hour("envoy", 1.0), now=SOON) == [("envoy", 1.0, True)]
    assert best(hour("enlighten", 1.0), now=SOON) == [("enlighten", 1.0, True)]
    assert best(hour("envoy+bridged", 1.0, site="b"), now=SOON)[0][2]
    assert not best(hour("envoy", 1.0, final=False))[0][2]


def test_no_hours_are_no_hours() -> None:
    assert best_hours(HOURLY_ENERGY.empty(), BOTH, MUCH_LATER).num_rows == 0


def test_sources_are_compared_where_both_know_the_whole_hour() -> None:
    days = [DAY_ZERO, DAY_ZERO + HOUR, DAY_ZERO + timedelta(days=1)]
    theirs_wh, ours_wh = [90.0, 10.0, 0.0], [91.0, 11.0, 3.0]
    enlighten = [hour("enlighten", wh, at=at) for wh, at in zip(theirs_wh, days, strict=True)]
    gateway = [hour("envoy", wh, at=at) for wh, at in zip(ours_wh, days, strict=True)]
    half = [hour("envoy", 50.0, 1_800, site="b"), hour("envoy", 7.0, at=DAY_ZERO + 3 * HOUR)]
    found = compare_sources(
        pa.concat_tables([*enlighten, hour("enlighten", 9.0, site="b")]),
        pa.concat_tables([*gateway, *half]),
    ).to_pylist()
    first, second = found
    assert (first["hours"], first["enlighten_wh"], first["gateway_wh"]) == (2, 100.0, 102.0)
    assert first["difference_percent"] == pytest.approx(2.0)
    assert (second["day"], second["difference_percent"]) == (days[2].date(), None)


def test_parts_of_intervals_outside_of_hours_are_left() -> None:
    start = DAY_ZERO - timedelta(minutes=30)
    table = interval_table(row_of_intervals(start, [70.0, 20.0], 7_000))
    taken = pa.concat_tables([hour("envoy", 0.0), hour("envoy", 0.0, site="b", at=start)])
    left = outside_hours(table, taken).sort_by("end_at").to_pylist()
    assert [row["interval_s"] for row in left] == [1_800, 1_600, 2_000, 3_600, 1_400]
    assert [row["energy_wh"] for row in left] == pytest.approx([18, 16, 20 / 3.5, 72 / 7, 4])
