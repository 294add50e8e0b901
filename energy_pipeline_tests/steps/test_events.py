"""What happened at the sites: looked at seldom, kept for ever."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.steps.events import fetch_events, going_on
from energy_pipeline.steps.systems import fetch_systems
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def held(here: Place) -> pd.DataFrame:
    return pd.read_parquet(here.folder / "data" / "enlighten_events")


def test_statuses_cost_nothing_and_are_kept_over_time(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        for status in ({}, {}, {67: "micro"}, {}):
            here.cloud.faults = Faults(late_share=0, status=status)
            fetch_systems(here.bench)
            hits = here.cloud.hits
            assert fetch_events(here.bench).hits_spent == 0
            assert here.cloud.hits == hits
            assert [row["status"] for row in going_on(here.bench)] == list(status.values())
            here.clock.advance(86_400)

        rows = held(here)
    assert list(rows["status"]) == ["normal", "micro", "normal"]
    assert set(rows["kind"]) == {"status"}
    days = [(at - pd.Timestamp(NOON)) / timedelta(days=1) for at in rows["started_at"]]
    assert days == [0, 2, 3]
    assert list(rows["ended_at"].isna()) == [False, False, True]
    assert list(rows["ended_at"][:2]) == list(rows["started_at"][1:])


def test_a_site_whose_status_nobody_told_has_no_rows(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        report = fetch_events(here.bench)
        assert (report.rows, report.asked, report.hits_spent) == (0, 1, 0)
        assert going_on(here.bench) == []


def rows_of(here: Place, kind: str) -> pd.DataFrame:
    rows = held(here)
    return rows[rows["kind"] == kind].reset_index(drop=True)


def test_an_outage_is_an_event_and_an_alarm_until_it_is_over(tmp_path: Path) -> None:
    system, begin, end = house(), NOON - 30 * HOUR, NOON + 30 * HOUR
    faults = Faults(late_share=0, outages=(Outage(start=begin, end=end),))
    with place(tmp_path, [entry(system, api="v4")], [system], NOON, faults=faults) as here:
        fetch_systems(here.bench)
        first = fetch_events(here.bench)
        (event,) = rows_of(here, "event").to_dict("records")
        (alarm,) = rows_of(here, "alarm").to_dict("records")
        assert {row["kind"] for row in going_on(here.bench)} == {"status", "event", "alarm"}
        here.clock.advance(86_400)
        again = fetch_events(here.bench)
        here.clock.advance(86_400)
        last = fetch_events(here.bench)
        assert [row["kind"] for row in going_on(here.bench)] == ["status"]
        (over,) = rows_of(here, "event").to_dict("records")
        (cleared,) = rows_of(here, "alarm").to_dict("records")

    assert (first.hits_spent, again.hits_spent, last.hits_spent) == (3, 2, 2)
    assert (event["status"], event["event_name"]) == ("open", "Gateway not reporting")
    assert (event["started_at"], event["ended_at"]) == (pd.Timestamp(begin), pd.NaT)
    assert (alarm["status"], alarm["severity"]) == ("open", 3)
    assert (over["id"], over["status"], over["ended_at"]) == (
        event["id"],
        "closed",
        pd.Timestamp(end),
    )
    assert (cleared["id"], cleared["status"], cleared["ended_at"]) == (
        alarm["id"],
        "closed",
        pd.Timestamp(end),
    )


def test_an_event_that_ended_while_nobody_looked_is_closed(tmp_path: Path) -> None:
    system, end = house(last=date(2024, 9, 1)), NOON + 2 * HOUR
    faults = Faults(late_share=0, outages=(Outage(start=NOON - HOUR, end=end),))
    with place(tmp_path, [entry(system, api="v4")], [system], NOON, faults=faults) as here:
        fetch_events(here.bench)
        here.cloud.faults = Faults(late_share=0)  # a cloud that has forgotten it
        here.clock.advance(29 * 86_400)
        report = fetch_events(here.bench)

        assert report.hits_spent == 4 + 1 + 1
        # Before it was the first look, with one week of events and no open one to look for.
        assert here.endpoints()["open_alarms"] == 2
        assert here.endpoints()["open_events"] == 1
        assert set(rows_of(here, "event")["status"]) == {"closed"}
        assert rows_of(here, "event")["ended_at"].isna().all()
        assert going_on(here.bench) == []


def test_events_are_looked_at_once_in_half_a_day(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system, api="v4")], [system], NOON) as here:
        fetch_systems(here.bench)
        assert fetch_events(here.bench).hits_spent == 2
        here.clock.advance(11 * 3600)
        assert fetch_events(here.bench).hits_spent == 0
        assert fetch_events(here.bench, force=True).hits_spent == 2


def test_names_are_asked_for_once_in_a_run(tmp_path: Path) -> None:
    systems = [house(67), house(68), house(69)]
    faults = Faults(late_share=0, outages=(Outage(start=NOON - HOUR, end=NOON + HOUR),))
    entries = [entry(system, api="v4") for system in systems]
    with place(tmp_path, entries, systems, NOON, faults=faults) as here:
        assert fetch_events(here.bench).hits_spent == 3 * 2 + 1
        assert here.endpoints()["event_types"] == 1
        assert set(rows_of(here, "event")["event_name"]) == {"Gateway not reporting"}


def test_a_site_that_fails_keeps_what_is_held_of_it(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    entries = [entry(system, api="v4") for system in systems]
    with place(tmp_path, entries, systems, NOON) as here:
        fetch_systems(here.bench)
        fetch_events(here.bench)
        before = held(here)
        here.clock.advance(86_400)
        here.cloud.faults = Faults(next_failures=("500",) * 5, only_path="/67/")
        report = fetch_events(here.bench)
        after = held(here)
    assert set(report.failures) == {"house-67"}
    of_site = before["site"] == "house-67"
    pd.testing.assert_frame_equal(after[after["site"] == "house-67"], before[of_site])
    assert (after[after["site"] == "house-68"]["fetched_at"] > pd.Timestamp(NOON)).all()
