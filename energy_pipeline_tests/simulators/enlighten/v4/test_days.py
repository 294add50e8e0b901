from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import PUNCTUAL, house, simulator
from energy_pipeline_tests.simulators.enlighten.v4.asking import (
    ask,
    battery_house,
    refused,
    rows,
)

SERIES = {
    "energy_lifetime": ("production",),
    "consumption_lifetime": ("consumption",),
    "battery_lifetime": ("charge", "discharge"),
    "energy_import_lifetime": ("import",),
    "energy_export_lifetime": ("export",),
}
ENERGY = "/systems/67/energy_lifetime"
OUTSIDE = "Requested date range is invalid for this system"


@pytest.mark.parametrize(("endpoint", "names"), SERIES.items())
def test_a_day_series_runs_from_operation_to_yesterday(endpoint, names):
    body = ask(simulator(battery_house()), f"/systems/67/{endpoint}").json()
    assert body["start_date"] == "2024-06-01"
    assert {name: len(body[name]) for name in names} == dict.fromkeys(names, 9)
    extra = {"meter_start_date"} if endpoint == "energy_lifetime" else set()
    assert set(body) == {"system_id", "start_date", "meta", *names} | extra


@pytest.mark.parametrize(
    ("endpoint", "name", "telemetry", "value"),
    [
        ("energy_lifetime", "production", "telemetry/production_meter", lambda r: r["wh_del"]),
        (
            "energy_lifetime",
            "micro_production",
            "telemetry/production_micro",
            lambda r: r["enwh"],
        ),
        ("consumption_lifetime", "consumption", "telemetry/consumption_meter", lambda r: r["enwh"]),
        ("battery_lifetime", "charge", "telemetry/battery", lambda r: r["charge"]["enwh"]),
        ("battery_lifetime", "discharge", "telemetry/battery", lambda r: r["discharge"]["enwh"]),
        (
            "energy_import_lifetime",
            "import",
            "energy_import_telemetry",
            lambda r: r["wh_imported"],
        ),
        (
            "energy_export_lifetime",
            "export",
            "energy_export_telemetry",
            lambda r: r["wh_exported"],
        ),
    ],
)
def test_totals_are_the_sums_of_the_intervals_of_local_days(endpoint, name, telemetry, value):
    sim = simulator(battery_house())
    days = ["2024-06-05", "2024-06-06"]
    query = {"start_date": days[0], "end_date": days[1], "production": "all"}
    body = ask(sim, f"/systems/67/{endpoint}", **query).json()
    sums = [
        sum(map(value, rows(ask(sim, f"/systems/67/{telemetry}", start_date=day)))) for day in days
    ]
    assert body["start_date"] == days[0]
    assert body[name] == sums


def test_the_merged_series_takes_the_meter_or_shows_the_micros():
    sim = simulator()
    body = ask(sim, ENERGY, production="all").json()
    assert body["meter_start_date"] == "2024-06-01"
    assert body["production"] == body["meter_production"] != body["micro_production"]
    sim.switches = Switches(merged_production="micro")
    body = ask(sim, ENERGY, production="all").json()
    assert body["production"] == body["micro_production"] != body["meter_production"]
    assert "meter_start_date" not in body
    assert "micro_production" not in ask(sim, ENERGY, production="micro").json()


@pytest.mark.parametrize("endpoint", SERIES)
def test_a_start_before_operation_is_moved_there(endpoint):
    sim = simulator(battery_house())
    body = ask(sim, f"/systems/67/{endpoint}", start_date="2020-01-01").json()
    assert body == ask(sim, f"/systems/67/{endpoint}").json()


@pytest.mark.parametrize("endpoint", SERIES)
def test_today_is_given_only_on_its_own_and_only_since_2026(endpoint):
    sim = simulator(battery_house())
    path, name = f"/systems/67/{endpoint}", SERIES[endpoint][0]
    today = ask(sim, path, start_date="2024-06-10").json()
    assert (today["start_date"], len(today[name])) == ("2024-06-10", 1)
    assert len(ask(sim, path, start_date="2024-06-09", end_date="2024-06-10").json()[name]) == 1
    sim.switches = Switches(docs="2023")
    assert refused(ask(sim, path, start_date="2024-06-10")) == (
        422,
        f"{OUTSIDE}. {{:start_at=>2024-06-10, :end_at=>2024-06-09}}",
    )


def test_the_total_of_today_is_what_the_summary_says():
    sim = simulator()
    today = ask(sim, ENERGY, start_date="2024-06-10").json()["production"]
    assert today == [ask(sim, "/systems/67/summary").json()["energy_today"]]


@pytest.mark.parametrize("endpoint", SERIES)
@pytest.mark.parametrize("docs", ["2023", "2026"])
def test_tomorrow_is_in_the_future(endpoint, docs):
    sim = simulator(battery_house(), switches=Switches(docs=docs))
    answer = ask(sim, f"/systems/67/{endpoint}", start_date="2024-06-11")
    assert refused(answer) == (422, "Requested date is in the future")


def test_days_that_end_before_they_begin_are_refused():
    answer = ask(simulator(), ENERGY, start_date="2024-06-05", end_date="2024-06-04")
    assert refused(answer) == (
        422,
        f"{OUTSIDE}. {{:start_at=>2024-06-05, :end_at=>2024-06-04}}",
    )


def test_an_end_after_yesterday_is_yesterday():
    body = ask(simulator(), ENERGY, end_date="2024-06-20").json()
    assert len(body["production"]) == 9


def test_yesterday_can_be_missing_until_the_evening():
    sim = simulator(faults=Faults(late_share=0, yesterday_appears_at_h=19))
    assert len(ask(sim, ENERGY).json()["production"]) == 8
    assert refused(ask(sim, ENERGY, start_date="2024-06-09")) == (
        422,
        f"{OUTSIDE}. {{:start_at=>2024-06-09, :end_at=>2024-06-08}}",
    )
    sim.clock.set(datetime(2024, 6, 10, 16, 0, tzinfo=UTC))
    assert len(ask(sim, ENERGY, start_date="2024-06-09").json()["production"]) == 1


def test_days_of_an_outage_are_zero_until_it_is_filled():
    outage = Outage(datetime(2024, 6, 6, 20, tzinfo=UTC), datetime(2024, 6, 9, 9, tzinfo=UTC))
    sim = simulator(
        faults=replace(PUNCTUAL, outages=(outage,)), now=datetime(2024, 6, 8, 9, tzinfo=UTC)
    )
    assert ask(sim, ENERGY).json()["meta"]["status"] == "comm"
    assert len(ask(sim, ENERGY).json()["production"]) == 6
    sim.clock.set(datetime(2024, 6, 10, 9, tzinfo=UTC))
    assert all(ask(sim, ENERGY).json()["production"][6:])


def test_what_is_not_measured_has_no_list():
    sim = simulator(house(measured_by="meter"))
    body = ask(sim, "/systems/67/battery_lifetime").json()
    assert (body["charge"], body["discharge"]) == ([], [])
    assert ask(sim, ENERGY, production="all").json()["micro_production"] == []


def test_a_system_that_has_only_begun_has_an_empty_series():
    sim = simulator(now=datetime(2024, 5, 31, 21, 1, tzinfo=UTC), switches=Switches(docs="2023"))
    assert ask(sim, ENERGY).json()["production"] == []


def test_a_day_that_cannot_be_read_is_the_services_own_mistake():
    status, details = refused(ask(simulator(), ENERGY, start_date="2019-08-33"))
    assert status == 500
    assert details.endswith('{:start_date=>"2019-08-33"}')


def test_a_clock_change_is_still_one_entry_per_day():
    sim = simulator(
        house(first=date(2024, 3, 25), last=date(2024, 4, 5)),
        now=datetime(2024, 4, 3, 12, tzinfo=UTC),
    )
    assert len(ask(sim, ENERGY).json()["production"]) == 9
