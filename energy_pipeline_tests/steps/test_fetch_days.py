"""What is asked again and what never: nights, late devices, revisions, holes, silent systems."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from energy_pipeline.calendar import DAY, Days, utc_midnight
from energy_pipeline.schema import ENLIGHTEN_PRODUCTION
from energy_pipeline.simulators.enlighten.faults import Faults, Outage, Revision
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.steps.systems import fetch_systems
from energy_pipeline.store.coverage import Coverage
from energy_pipeline_tests.steps.cloudside import START, Place, days, entry, house, place

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
LATER = datetime(2024, 7, 1, 12, tzinfo=UTC)
TENTH = date(2024, 6, 10)
WEEK = days(date(2024, 6, 4), 7)


def known(here: Place, day: date, site: str = "house-67") -> Coverage:
    return here.bench.store.coverage(ENLIGHTEN_PRODUCTION, Days(day, day))[day][site, ""]


def at(day: int, hour: float) -> datetime:
    return datetime(2024, 6, day, tzinfo=UTC) + timedelta(hours=hour)


def same(found: pd.Series, true: pd.Series) -> bool:
    return list(found.index) == list(true.index) and (found.to_numpy() == true.to_numpy()).all()


def test_a_night_is_asked_for_until_the_totals_have_proven_it(tmp_path: Path) -> None:
    system = house(micros=1)  # no dawn at which devices are missing
    with place(tmp_path, [entry(system)], [system], at(11, 5)) as here:
        around, day = days(date(2024, 6, 8), 4), days(date(2024, 6, 9), 1)
        here.fetch(around)
        assert known(here, day.first).final_s < 86_400
        assert here.hits_of(day) == 1, "its nights are not proven"

        here.fetch_totals()
        assert here.hits_of(day) == 0
        assert known(here, day.first).final_s == 86_400
        assert known(here, day.first).rows < 288


def test_before_sunrise_the_refusal_is_the_vendors_answer(tmp_path: Path) -> None:
    """02:00 in Helsinki: UTC's day has not begun for the vendor's last interval."""
    system = house()
    with place(tmp_path, [entry(system)], [system], at(11, 1)) as here:
        report = here.fetch(days(date(2024, 6, 9), 4))

        assert [r.status for r in here.cloud.requests] == [200, 200, 422, 422]
        assert report.of("failed") == ()
        today, tomorrow = known(here, date(2024, 6, 11)), known(here, date(2024, 6, 12))
        assert (today.answer, today.rows) == ("refused", 0)
        assert today.detail.startswith("Requested date range is invalid for this system; its")
        assert today.last_report_at is not None, "what the other answers told holds here as well"
        assert tomorrow.detail == "Requested date is in the future"
        assert tomorrow.asked_until is None

        here.clock.set(at(11, 9))
        assert here.hits_of(days(date(2024, 6, 11), 1)) == 1
        assert known(here, date(2024, 6, 11)).answer == "data"


def test_every_day_is_asked_for_whatever_our_clock_shows(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], at(10, 12)) as here:
        here.clock.cloud.set(at(14, 12))
        assert here.hits_of(days(date(2024, 6, 12), 2)) == here.endpoints()["stats"] == 2
        assert same(
            here.energy_by_end(), here.truth_by_end("production_micro", days(date(2024, 6, 12), 2))
        )


def test_days_before_the_start_are_not_asked_for(tmp_path: Path) -> None:
    system = house()
    late_start = entry(system, start=date(2024, 6, 8))
    with place(tmp_path, [late_start], [system], LATER) as here:
        assert here.hits_of(WEEK) == 3
        assert here.bench.store.held_days(ENLIGHTEN_PRODUCTION)[0] == date(2024, 6, 8)


def test_intervals_with_missing_devices_are_asked_for_again(tmp_path: Path) -> None:
    system = house()
    faults = Faults(late_share=0.5, late_up_to_s=7200)
    with place(tmp_path, [entry(system)], [system], at(10, 15), faults=faults) as here:
        today = days(TENTH, 1)
        here.fetch(today)
        truth = here.truth_by_end("production_micro", today)
        assert (here.energy_by_end() < truth.loc[here.energy_by_end().index]).any()

        here.clock.set(at(11, 5))
        assert here.hits_of(today) == 1
        assert same(here.energy_by_end(), truth)


def test_missing_devices_are_given_up_after_three_days(tmp_path: Path) -> None:
    """At dawn and dusk some micros are dark: those intervals never have all devices."""
    system = house()
    with place(tmp_path, [entry(system)], [system], at(11, 5)) as here:
        hits: list[int] = []
        for day in range(12, 17):
            here.clock.set(at(day, 5))
            here.fetch(days(date(2024, 6, 9), 1))
            here.fetch(days(date(2024, 6, 11), 1))
            here.fetch_totals()
            hits.append(here.hits_of(days(TENTH, 1)))
    assert hits == [1, 1, 0, 0, 0]


def test_missing_devices_that_nobody_asked_for_in_time_are_asked_for_once(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], at(11, 1)) as here:
        around = days(date(2024, 6, 9), 3)
        here.fetch(around)
        here.clock.set(at(16, 5))
        here.fetch(days(date(2024, 6, 9), 1))
        here.fetch(days(date(2024, 6, 11), 1))
        here.fetch_totals()
        assert here.hits_of(days(TENTH, 1)) == 1
        assert here.hits_of(days(TENTH, 1)) == 0


def test_a_revision_shows_in_the_totals_and_is_fetched(tmp_path: Path) -> None:
    """All quarters are there with all devices; only the vendor's total tells of a revision."""
    system = house()
    end_at = at(9, 9)
    revision = Revision(67, "production_meter", end_at, at(10, 20), before_wh=9999)
    faults = Faults(late_share=0, revisions=(revision,))
    with place(tmp_path, [entry(system, "meter")], [system], at(10, 6), faults=faults) as here:
        day = days(date(2024, 6, 9), 1)
        here.fetch(days(date(2024, 6, 8), 2))
        here.fetch_totals()
        assert known(here, day.first).final_s == 86_400
        assert here.energy_by_end()[end_at] == 9999
        here.clock.set(at(10, 21))
        assert here.hits_of(day) == 0
        here.fetch_totals(force=True)

        assert here.hits_of(day) == 1
        truth = here.truth_by_end("production_meter", days(date(2024, 6, 8), 2))
        assert same(here.energy_by_end(), truth)
        assert here.hits_of(day) == 0


def test_a_refetched_day_loses_what_the_vendor_has_withdrawn(tmp_path: Path) -> None:
    system = house()
    ghost = Revision(67, "production_micro", at(10, 22), at(12, 0), before_wh=500)
    faults = Faults(late_share=0, revisions=(ghost,))
    with place(tmp_path, [entry(system)], [system], at(11, 5), faults=faults) as here:
        day = days(TENTH, 1)
        here.fetch(day)
        assert here.energy_by_end()[at(10, 22)] == 500
        here.clock.set(at(12, 5))
        here.fetch(day)

        assert same(here.energy_by_end(), here.truth_by_end("production_micro", day))


def test_an_hour_that_was_asked_for_alone_leaves_the_rest_of_its_day(tmp_path: Path) -> None:
    """The meter's day is whole but for one quarter, which comes later."""
    system = house()
    late = Revision(67, "production_meter", at(9, 9), at(11, 0), before_wh=None)
    faults = Faults(late_share=0, revisions=(late,))
    with place(tmp_path, [entry(system, "meter")], [system], at(10, 6), faults=faults) as here:
        day = days(date(2024, 6, 9), 1)
        here.fetch(day)
        assert known(here, day.first).covered_s == 86_400 - 900
        here.clock.set(at(11, 6))
        here.fetch(day)

        asked = dict(here.cloud.requests[-1].params)
        assert int(asked["end_at"]) - int(asked["start_at"]) == 900
        assert known(here, day.first).final_s == 86_400
        assert same(here.energy_by_end(), here.truth_by_end("production_meter", day))
        assert here.hits_of(day) == 0


@pytest.mark.parametrize(
    ("begin", "end", "hits"),
    [(at(9, 10), at(9, 14), 1), (at(8, 22), at(9, 2), 1), (at(4, 10), at(9, 14), 1)],
)
def test_a_hole_of_a_meter_is_closed_with_the_fewest_hits(
    tmp_path: Path, begin: datetime, end: datetime, hits: int
) -> None:
    system = house()
    quarters = int((end - begin) / timedelta(minutes=15))
    missing = tuple(
        Revision(67, "production_meter", begin + n * timedelta(minutes=15), at(11, 0), None)
        for n in range(1, quarters + 1)
    )
    faults = Faults(late_share=0, revisions=missing)
    around = days(date(2024, 6, 3), 7)
    with place(tmp_path, [entry(system, "meter")], [system], at(10, 6), faults=faults) as here:
        here.fetch(around)
        here.clock.set(at(11, 6))

        assert here.hits_of(around) == hits
        asked = dict(here.cloud.requests[-1].params)
        assert asked["start_at"] == str(int(begin.timestamp()))
        assert asked["end_at"] == str(int(end.timestamp()))
        assert same(here.energy_by_end(), here.truth_by_end("production_meter", around))


def test_what_micros_sent_after_an_outage_is_fetched_with_the_fewest_hits(tmp_path: Path) -> None:
    """Silent from 08:00 on; the night before is not proven: 27 hours are open, two windows."""
    system = house(micros=1)
    silent = Outage(at(9, 8), at(10, 20), filled=True)
    faults = Faults(late_share=0, outages=(silent,))
    around = days(date(2024, 6, 5), 5)
    with place(tmp_path, [entry(system)], [system], at(10, 6), faults=faults) as here:
        here.fetch(days(date(2024, 6, 4), 6))
        here.fetch_totals()
        here.clock.set(at(11, 6))

        assert here.hits_of(around) == 2
        truth = here.truth_by_end("production_micro", days(date(2024, 6, 4), 6))
        assert same(here.energy_by_end(), truth)
        here.fetch_totals()
        assert here.hits_of(days(date(2024, 6, 5), 4)) == 0


@pytest.mark.parametrize("cut_days", [28, 30])
def test_a_month_that_the_vendor_cuts_short_loses_nothing(tmp_path: Path, cut_days: int) -> None:
    system = house()
    switches = Switches(history_days=None, consumption_max_days=cut_days)
    with place(tmp_path, [entry(system)], [system], LATER, switches=switches) as here:
        month = days(date(2024, 5, 2), 50)
        assert here.hits_of(month, "consumption") == 2 + 1
        truth = here.truth_by_end("consumption", month)
        assert same(here.energy_by_end("consumption"), truth)
        assert here.hits_of(month, "consumption") == 0


def test_an_outage_at_the_end_of_a_month_is_no_cut(tmp_path: Path) -> None:
    system = house()
    hole = Outage(utc_midnight(date(2024, 5, 20)), utc_midnight(date(2024, 6, 3)), filled=False)
    faults = Faults(late_share=0, outages=(hole,))
    with place(tmp_path, [entry(system)], [system], LATER, faults=faults) as here:
        assert here.hits_of(days(date(2024, 5, 2), 31), "consumption") == 1


def test_a_silent_system_is_given_up_and_asked_again_when_it_has_reported(tmp_path: Path) -> None:
    system = house()
    silent = Outage(at(5, 0), at(20, 0), filled=True)
    faults = Faults(late_share=0, outages=(silent,))
    gone = days(date(2024, 6, 6), 3)
    with place(tmp_path, [entry(system, "meter")], [system], at(8, 12), faults=faults) as here:
        assert here.hits_of(gone) == 1
        here.clock.set(at(9, 12))
        assert here.hits_of(gone) == 1, "not given up yet"
        here.clock.set(at(17, 12))
        assert here.hits_of(gone) == 1
        here.clock.set(at(18, 12))
        fetch_systems(here.bench, force=True)
        assert here.hits_of(gone) == 0, "given up, and nothing new was heard"

        here.clock.set(at(20, 12))
        fetch_systems(here.bench, force=True)
        assert here.hits_of(gone) == 1
        assert same(here.energy_by_end(), here.truth_by_end("production_meter", gone))
        assert here.hits_of(gone) == 0


def test_a_hole_for_ever_is_given_up(tmp_path: Path) -> None:
    system = house()
    hole = Outage(at(6, 6), at(6, 12), filled=False)
    faults = Faults(late_share=0, outages=(hole,))
    day = days(date(2024, 6, 6), 1)
    with place(tmp_path, [entry(system, "meter")], [system], at(7, 12), faults=faults) as here:
        here.fetch(day)
        here.clock.set(at(13, 23))
        assert here.hits_of(day) == 1
        here.clock.set(at(14, 1))
        report = here.fetch(day)
        assert (report.hits_spent, report.of("complete")[0].days_settled) == (1, 1)
        assert here.hits_of(day) == 0
        assert here.hits_of(day, force=True) == 1


def test_what_the_vendor_forgets_is_kept(tmp_path: Path) -> None:
    """It keeps intervals for a year and answers with an empty list then."""
    system = house()
    with place(tmp_path, [entry(system)], [system], LATER) as here:
        here.fetch(WEEK)
        before = here.energy_by_end()
        here.cloud.switches = Switches(history_days=10)

        assert here.hits_of(WEEK, force=True) == 7
        assert same(here.energy_by_end(), before)
        assert known(here, TENTH).answer == "data"


def test_a_site_that_changes_its_meter_leaves_no_two_grids_in_a_day(tmp_path: Path) -> None:
    system = house()
    day = days(TENTH, 1)
    with place(tmp_path, [entry(system, "meter")], [system], at(10, 12)) as here:
        here.fetch(day)
    with place(tmp_path, [entry(system, "micro")], [system], at(11, 12)) as here:
        here.fetch(day)
        assert set(here.rows()["interval_s"]) == {300}
        assert same(here.energy_by_end(), here.truth_by_end("production_micro", day))


def test_rows_are_as_the_interface_has_them(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], at(11, 12)) as here:
        here.fetch(days(TENTH, 1))
        row: dict[str, Any] = here.rows().iloc[100].to_dict()

    assert (row["site"], row["system_id"], row["interval_s"]) == ("house-67", 67, 300)
    assert (row["devices_reporting"], row["devices_total"]) == (16, 16)
    assert row["power_w"] == pytest.approx(12 * row["energy_wh"], abs=6)
    assert row["fetched_at"] == pd.Timestamp(at(11, 12))
    assert row["end_at"].date() == START + (TENTH - START)


def test_an_interval_belongs_to_the_day_in_which_it_starts(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system, "meter")], [system], at(11, 12)) as here:
        here.fetch(days(TENTH, 1))
        (file,) = (tmp_path / "data" / "enlighten_production" / "date=2024-06-10").iterdir()
        rows = pd.read_parquet(file)

    assert rows["end_at"].min() == pd.Timestamp(utc_midnight(TENTH)) + pd.Timedelta(900, "s")
    assert rows["end_at"].max() == pd.Timestamp(utc_midnight(TENTH + DAY))
