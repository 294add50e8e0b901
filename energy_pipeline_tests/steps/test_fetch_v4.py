"""Fetching in dialect v4: every interval of every stream, week by week, and what is different."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.schema import ENLIGHTEN_CONSUMPTION, ENLIGHTEN_DEVICES
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION, EVERY_GROUP
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import Fleet, System
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.sources.enlighten.devices import Device
from energy_pipeline.steps.devices import KNOWN_FOR, fetch_devices
from energy_pipeline.steps.fetch_plan import sites_without_a_device
from energy_pipeline_tests.steps.cloudside import START, days, entry, house, place

JUNE = days(date(2024, 6, 1), 14)
WEEK = days(JUNE.first, 7)
LATER = datetime(2024, 7, 1, 12, tzinfo=UTC)
NAMED = {
    "grid_import": "auto",
    "grid_export": "enlighten",
    "battery_charge": "auto",
    "battery_discharge": "auto",
}


def battery_house(**members) -> System:
    return house(**{"battery": Battery(capacity_wh=5000, power_w=2500)} | members)


def same(found: pd.Series, true: pd.Series) -> bool:
    return list(found.index) == list(true.index) and (found.to_numpy() == true.to_numpy()).all()


@pytest.mark.parametrize(
    ("production", "stream", "measured", "endpoint"),
    [
        ("micro", "production", "production_micro", "production_micro"),
        ("meter", "production", "production_meter", "production_meter"),
        ("micro", "consumption", "consumption", "consumption_meter"),
        ("micro", "grid_import", "grid_import", "energy_import_telemetry"),
        ("micro", "grid_export", "grid_export", "energy_export_telemetry"),
        ("micro", "battery_charge", "battery_charge", "battery"),
    ],
)
def test_a_range_has_every_interval_and_costs_a_hit_a_week(
    tmp_path: Path, production: str, stream: str, measured: str, endpoint: str
) -> None:
    system = battery_house()
    site = entry(system, production, "v4", streams=NAMED)
    with place(tmp_path, [site], [system], LATER) as here:
        assert here.hits_of(JUNE, stream) == here.endpoints()[endpoint] == 2
        assert same(here.energy_by_end(stream), here.truth_by_end(measured, JUNE))
        assert here.hits_of(JUNE, stream) == 0
        assert here.hits_of(days(date(2024, 6, 4), 3), stream) == 0


def test_one_battery_hit_fills_both_streams(tmp_path: Path) -> None:
    system = battery_house()
    with place(tmp_path, [entry(system, api="v4", streams=NAMED)], [system], LATER) as here:
        assert here.hits_of(JUNE, "battery_discharge") == 2
        assert here.hits_of(JUNE, "battery_charge") == 0
        for stream in ("battery_charge", "battery_discharge"):
            assert same(here.energy_by_end(stream), here.truth_by_end(stream, JUNE))


def test_a_forced_run_asks_for_both_streams_of_a_battery_once(tmp_path: Path) -> None:
    system = battery_house()
    with place(tmp_path, [entry(system, api="v4", streams=NAMED)], [system], LATER) as here:
        here.fetch(JUNE, "battery_charge")
        here.clock.advance(60)
        begun = here.clock.now()
        assert here.hits_of(JUNE, "battery_charge", force=True, since=begun) == 2
        assert here.hits_of(JUNE, "battery_discharge", force=True, since=begun) == 0
        here.clock.advance(60)
        assert here.hits_of(JUNE, "battery_discharge", force=True, since=here.clock.now()) == 2


def test_rows_of_grid_and_battery_say_what_the_answer_says(tmp_path: Path) -> None:
    system = battery_house()
    with place(tmp_path, [entry(system, api="v4", streams=NAMED)], [system], LATER) as here:
        here.fetch(days(JUNE.first, 1), "grid_import")
        here.fetch(days(JUNE.first, 1), "battery_charge")
        grid, battery = here.rows("grid_import"), here.rows("battery_charge")

    assert grid[["power_w", "devices_reporting", "devices_total"]].isna().all(axis=None)
    assert set(battery["devices_reporting"]) == set(battery["devices_total"]) == {1}
    assert set(grid["interval_s"]) == set(battery["interval_s"]) == {900}


def test_a_night_whose_end_is_still_open_is_asked_for_again(tmp_path: Path) -> None:
    """A range again: the answer begins with the morning after it, later than what is open."""
    system = house(first=date(2024, 6, 10))
    three = days(date(2024, 6, 18), 3)
    now = datetime(2024, 6, 24, 12, tzinfo=UTC)
    with place(tmp_path, [entry(system, api="v4")], [system], now) as here:
        here.fetch(days(date(2024, 6, 17), 1))
        assert here.hits_of(three) == 1
        here.fetch_totals()
        assert here.hits_of(three) == 1
        last_sun = here.energy_by_end().index[-1]
        asked = dict(here.cloud.requests[-1].params)["start_at"]
        assert int(asked) >= last_sun.timestamp()
        found, true = here.energy_by_end(), here.truth_by_end("production_micro", three)
        assert same(found.loc[true.index], true)


def test_streams_that_nobody_uses_cost_nothing(tmp_path: Path) -> None:
    system = battery_house()
    upload = {"stream": "grid_export", "meter_id": 1, "reading": "consumption", "unit": "kWh"}
    with place(tmp_path, [entry(system, api="v4", uploads=[upload])], [system], LATER) as here:
        hits = {stream: here.hits_of(JUNE, stream) for stream in NAMED}

    assert hits == {"grid_import": 0, "grid_export": 2, "battery_charge": 0, "battery_discharge": 0}


def test_the_last_seven_days_cost_one_hit_a_series(tmp_path: Path) -> None:
    """As the daily run asks: with yesterday's last intervals, one window of a week."""
    system = battery_house(micros=1)
    yesterday = date(2024, 6, 20)
    site = entry(system, api="v4", streams=NAMED)
    with place(tmp_path, [site], [system], datetime(2024, 6, 21, 4, 15, tzinfo=UTC)) as here:
        week = Days(yesterday - 6 * DAY, yesterday)
        hits = {stream: here.hits_of(week, stream) for stream in ("production", "consumption")}
        hits |= {stream: here.hits_of(week, stream) for stream in NAMED}
        totals = here.fetch_totals()

        assert hits == {
            "production": 1,
            "consumption": 1,
            "grid_import": 1,
            "grid_export": 1,
            "battery_charge": 1,
            "battery_discharge": 0,
        }
        assert (totals.hits_spent, totals.failures) == (5, {})
        assert {request.status for request in here.cloud.requests} == {200}

        here.clock.advance(86_400)
        following = Days(week.first + DAY, week.last + DAY)
        again = {stream: here.hits_of(following, stream) for stream in hits}
        assert again == hits
        assert same(
            here.energy_by_end("consumption"),
            here.truth_by_end("consumption", Days(week.first, following.last)),
        )


def test_totals_of_every_stream(tmp_path: Path) -> None:
    system = battery_house()
    with place(tmp_path, [entry(system, api="v4", streams=NAMED)], [system], LATER) as here:
        report = here.fetch_totals()
        totals = pd.read_parquet(here.folder / "data" / "enlighten_daily_energy")
        truth = {
            stream: here.truth_by_end(stream, Days(START - DAY, LATER.date())) for stream in NAMED
        }

    assert (report.hits_spent, report.asked) == (5, 5)
    for stream, energy in truth.items():
        starts = energy.index - pd.Timedelta(15, "min")
        per_day = energy.groupby(starts.tz_convert(system.timezone).date).sum()
        found = totals[totals["stream"] == stream].set_index("day")["energy_wh"]
        assert found.to_dict() == {day: per_day[day] for day in found.index}
        assert len(found) == (LATER.date() - START).days


@pytest.mark.parametrize("changed", [date(2024, 3, 31), date(2024, 10, 27)])
def test_a_week_with_a_change_of_the_clock_is_one_hit(tmp_path: Path, changed: date) -> None:
    system = house(first=date(2024, 3, 1), last=date(2024, 11, 15))
    week = days(changed - 3 * DAY, 7)
    now = datetime(2024, 11, 10, tzinfo=UTC)
    site = entry(system, "meter", "v4", start=date(2024, 3, 1))
    with place(tmp_path, [site], [system], now) as here:
        for stream, measured in (("production", "production_meter"), ("consumption",) * 2):
            assert here.hits_of(week, stream) == 1
            assert same(here.energy_by_end(stream), here.truth_by_end(measured, week))


def test_time_that_the_vendor_does_not_keep_costs_no_time_that_it_keeps(tmp_path: Path) -> None:
    """It refuses a week that begins too early as a whole, so none reaches over its limit."""
    system = house()
    switches = Switches(telemetry_history_days=730)
    now = datetime(2026, 5, 20, 12, tzinfo=UTC)
    asked = days(date(2024, 5, 13), 14)
    with place(tmp_path, [entry(system, "meter", "v4")], [system], now, switches=switches) as here:
        assert here.hits_of(asked, "consumption") == 3
        kept = Days(date(2024, 5, 21), asked.last)
        assert same(here.energy_by_end("consumption"), here.truth_by_end("consumption", kept))
        assert here.hits_of(asked, "consumption") == 0

        known = here.bench.store.coverage(ENLIGHTEN_CONSUMPTION, asked)
        answers = {day: entries["house-67", ""].answer for day, entries in known.items()}
        assert answers == {day: "data" if day in kept else "refused" for day in asked}


def test_days_before_the_first_report_are_empty(tmp_path: Path) -> None:
    """The vendor moves a window that begins before the first report to that day's midnight."""
    system = house()
    around = days(START - 9 * DAY, 14)
    site = entry(system, "meter", "v4", start=around.first)
    with place(tmp_path, [site], [system], LATER) as here:
        report = here.fetch(around, "consumption")
        assert (report.hits_spent, report.of("failed")) == (2, ())
        truth = here.truth_by_end("consumption", around)
        assert same(here.energy_by_end("consumption"), truth)
        assert here.hits_of(around, "consumption") <= 1


def test_nights_of_zeros_need_no_proof(tmp_path: Path) -> None:
    system = house(micros=1)
    switches = Switches(nights="zero", telemetry_history_days=None)
    now = datetime(2024, 6, 20, 5, tzinfo=UTC)
    with place(tmp_path, [entry(system, api="v4")], [system], now, switches=switches) as here:
        assert here.hits_of(JUNE) == 2
        assert len(here.rows()) == len(JUNE) * 288
        assert here.hits_of(JUNE) == 0


def test_absent_nights_are_asked_for_until_the_totals_have_proven_them(tmp_path: Path) -> None:
    system = house(micros=1)
    now = datetime(2024, 6, 11, 5, tzinfo=UTC)
    with place(tmp_path, [entry(system, api="v4")], [system], now) as here:
        around, day = days(date(2024, 6, 8), 4), days(date(2024, 6, 9), 1)
        here.fetch(around)
        assert here.hits_of(day) == 1, "its nights are not proven"

        here.fetch_totals()
        assert here.hits_of(day) == 0


def test_a_system_that_does_not_tell_its_reports_is_given_up_all_the_same(tmp_path: Path) -> None:
    """Lists of the production meter name no last report; the list of systems does."""
    system = house()
    hole = Outage(datetime(2024, 6, 5, tzinfo=UTC), datetime(2024, 6, 7, tzinfo=UTC), filled=False)
    faults = Faults(late_share=0, outages=(hole,))
    gone = days(date(2024, 6, 4), 4)
    with place(tmp_path, [entry(system, "meter", "v4")], [system], LATER, faults=faults) as here:
        here.fetch_systems()
        assert here.hits_of(gone) == 1
        assert here.hits_of(gone) == 0
        here.clock.advance(86_400)
        here.fetch_systems()
        assert here.hits_of(gone) == 0


def test_a_fleet_speaks_both_dialects_in_one_run(tmp_path: Path) -> None:
    old, new = house(67), house(68)
    sites = [entry(old, "meter", "v2"), entry(new, "meter", "v4")]
    with place(tmp_path, sites, [old, new], LATER) as here:
        assert here.hits_of(JUNE) == 2 + 2
        assert here.fetch_totals().hits_spent == 4
        here.fetch_systems()
        for number in (67, 68):
            found = here.energy_by_end("production", f"house-{number}")
            assert same(found, here.truth_by_end("production_meter", JUNE, number))
        listed = pd.read_parquet(here.folder / "data" / "enlighten_systems")
    assert sorted(listed["site"]) == ["house-67", "house-68"]
    paths = {request.path.split("/")[2] for request in here.cloud.requests if "api" in request.path}
    assert paths == {"v2", "v4"}


def test_a_token_that_ends_on_the_way_is_renewed_once(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system, "meter", "v4")], [system], LATER) as here:
        assert here.hits_of(JUNE) == 2
        here.clock.advance(2 * 86_400)
        assert here.hits_of(JUNE, "consumption") == 2
        renewals = [r for r in here.cloud.requests if r.path.endswith("/token")]
        assert [r.status for r in renewals] == [200, 200]


def test_a_stream_that_is_not_in_the_plan_says_so_and_costs_no_other(tmp_path: Path) -> None:
    system = house()
    groups = EVERY_GROUP - {"consumption"}
    fleet = replace(Fleet.of([system]), applications=(replace(DEMO_APPLICATION, groups=groups),))
    site = entry(system, "meter", "v4")
    with place(tmp_path, [site], [system], LATER, fleet=fleet) as here:
        (house_67,) = here.fetch(JUNE, "consumption").of("failed")
        assert "may not use the group 'Site Level Consumption Monitoring'" in house_67.reason
        assert here.hits_of(JUNE) == 2


def test_a_stream_that_no_device_measures_costs_nothing_and_is_told(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system, api="v4", streams=NAMED)], [system], LATER) as here:
        assert here.hits_of(JUNE, "battery_charge") == 2, "nothing is known of its devices"
        assert here.fetch(JUNE, "battery_charge").without_device == {}

        fetch_devices(here.bench)
        report = here.fetch(JUNE, "battery_charge", force=True)
        assert (report.hits_spent, report.sites) == (0, ())
        assert report.without_device == {"house-67": ""}
        assert here.hits_of(JUNE, "grid_import") == 2
        assert here.fetch(JUNE, "production").without_device == {}
        assert here.fetch_totals().failures == {}
    assert here.endpoints()["battery_lifetime"] == 0


@pytest.mark.parametrize("api", ["v2", "v4"])
@pytest.mark.parametrize(("measured_by", "set_to"), [("micro", "meter"), ("meter", "micro")])
def test_production_that_is_set_to_a_device_that_is_not_there_costs_nothing_and_says_what_to_set(
    tmp_path: Path, api: str, measured_by: str, set_to: str
) -> None:
    system = house(measured_by=measured_by)
    with place(tmp_path, [entry(system, set_to, api)], [system], LATER) as here:
        assert here.hits_of(WEEK) > 0, "nothing is known of its devices"

        fetch_devices(here.bench)
        report = here.fetch(WEEK, force=True)
        assert (report.hits_spent, report.sites) == (0, ())
        advice = f"set `production: {measured_by}` in sites.yaml"
        assert report.without_device == {"house-67": advice}
        assert here.fetch_totals().hits_spent == 1, "of consumption"

        here.clock.advance(KNOWN_FOR.total_seconds() + 1)
        assert sites_without_a_device(here.bench, "production") == {}, "nothing is known any more"


@pytest.mark.parametrize("production", ["micro", "meter"])
def test_production_is_asked_for_while_no_device_is_listed_that_measures_anything(
    tmp_path: Path, production: str
) -> None:
    """A site that is being built has a gateway first."""
    system = house()
    with place(tmp_path, [entry(system, production, "v4")], [system], LATER) as here:
        known = {"site": "house-67", "system_id": 67, "fetched_at": LATER}
        row = known | asdict(Device("gateway", "122117051926"))
        table = pa.Table.from_pylist([row], ENLIGHTEN_DEVICES.schema)
        here.bench.store.write_snapshot(ENLIGHTEN_DEVICES, table)
        assert here.hits_of(WEEK) == 1
        assert here.fetch(WEEK).without_device == {}


def test_the_totals_of_every_stream_are_a_hit_a_series(tmp_path: Path) -> None:
    system = battery_house()
    with place(tmp_path, [entry(system, api="v4", streams=NAMED)], [system], LATER) as here:
        assert here.fetch_totals(force=True).hits_spent == 5
    lifetimes = {
        "energy_lifetime",
        "consumption_lifetime",
        "battery_lifetime",
        "energy_import_lifetime",
        "energy_export_lifetime",
    }
    asked = {name: n for name, n in here.endpoints().items() if name.endswith("_lifetime")}
    assert asked == dict.fromkeys(lifetimes, 1)


def test_a_year_costs_53_hits_a_series(tmp_path: Path) -> None:
    """By the cloud's own count of what the fetch asked for."""
    system = house(first=date(2023, 6, 1))
    site = entry(system, "meter", "v4", start=date(2023, 6, 1))
    with place(tmp_path, [site], [system], LATER) as here:
        assert here.hits_of(days(date(2023, 6, 1), 365)) == 53
    assert here.endpoints()["production_meter"] == 53
