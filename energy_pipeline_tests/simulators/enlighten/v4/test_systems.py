from dataclasses import replace
from datetime import UTC, datetime

import pytest

from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import PUNCTUAL, house, simulator
from energy_pipeline_tests.simulators.enlighten.asking import ask as ask_v2
from energy_pipeline_tests.simulators.enlighten.v4.asking import ask, battery_house, refused

MEMBERS = {
    "system_id",
    "name",
    "public_name",
    "timezone",
    "address",
    "connection_type",
    "energy_lifetime",
    "energy_today",
    "system_size",
    "status",
    "last_report_at",
    "last_energy_at",
    "operational_at",
    "attachment_type",
    "interconnect_date",
}


def fleet(count, **members):
    one = house()
    return simulator(
        *(replace(one, system_id=n, name=f"House {n}") for n in range(1, count + 1)), **members
    )


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [system["system_id"] for system in answer.json()["systems"]]


def search(sim, *, sort_by=None, params=None, **system):
    body = {"system": system} | ({"sort_by": sort_by} if sort_by else {})
    return ask(sim, "/systems/search", "POST", body=body, **(params or {}))


def test_pages_have_ten_systems_and_tell_how_many_there_are():
    sim = fleet(23)
    pages = [ask(sim, "/systems", page=page) for page in (None, 2, 3, 4)]
    assert [ids(page) for page in pages] == [
        list(range(1, 11)),
        list(range(11, 21)),
        [21, 22, 23],
        [],
    ]
    body = {name: value for name, value in pages[2].json().items() if name != "systems"}
    assert body == {"total": 23, "current_page": 3, "size": 10, "count": 3, "items": "systems"}
    assert ids(ask(sim, "/systems", page=2, size=20)) == [21, 22, 23]
    assert ask(fleet(1), "/systems", size=1000).json()["size"] == 100


@pytest.mark.parametrize("params", [{"page": 0}, {"size": "many"}, {"size": -1}])
def test_a_page_that_cannot_be_meant_is_refused(params):
    assert refused(ask(fleet(1), "/systems", **params))[0] == 422


def test_the_order_is_that_of_the_documentation():
    sim = fleet(3)
    assert ids(ask(sim, "/systems")) == ids(ask(sim, "/systems", sort_by="id")) == [1, 2, 3]
    assert ids(ask(sim, "/systems", sort_by="-id")) == [3, 2, 1]
    status, details = refused(ask(sim, "/systems", sort_by="name"))
    assert status == 422
    assert details.startswith("Invalid request because of 'The sorting parameter is not supported.")
    sim.switches = Switches(docs="2023")
    assert ids(ask(sim, "/systems")) == ids(ask(sim, "/systems", sort_by="-name")) == [3, 2, 1]
    assert ids(ask(sim, "/systems", sort_by="last_report_date", size=1))
    assert refused(ask(sim, "/systems", sort_by="size"))[0] == 422


def test_a_listed_system_tells_zone_and_state_and_hides_its_figures():
    (listed,) = ask(simulator(), "/systems").json()["systems"]
    meta = ask(simulator(), "/systems/67/telemetry/production_micro").json()["meta"]
    assert set(listed) == MEMBERS
    assert set(listed["address"]) == {"city", "state", "country", "postal_code"}
    assert (listed["name"], listed["timezone"]) == ("Modelled house 67", "Europe/Helsinki")
    assert [listed[n] for n in ("energy_lifetime", "energy_today", "system_size")] == [-1, -1, -1]
    assert {name: listed[name] for name in meta} == meta
    assert ask(simulator(), "/systems/67").json() == listed


def test_figures_and_dates_of_lists_are_as_the_switches_say():
    sim = simulator(replace(house(), reference="R-1"))

    def one(**switches):
        sim.switches = Switches(**switches)
        return ask(sim, "/systems/67").json()

    real, summary = one(list_figures="real"), ask(sim, "/systems/67/summary").json()
    assert real["reference"] == "R-1"
    assert real["energy_lifetime"] == summary["energy_lifetime"] > 0
    assert real["energy_today"] == summary["energy_today"] > 0
    assert real["system_size"] == summary["size_w"]
    assert real["interconnect_date"] is None
    assert one(interconnect_date="epoch")["interconnect_date"] == real["operational_at"]
    assert one(interconnect_date="date")["interconnect_date"] == "2024-06-01"


def test_a_system_that_never_reported_has_no_instants():
    listed = ask(simulator(now=datetime(2024, 5, 1, tzinfo=UTC)), "/systems/67").json()
    instants = ("last_report_at", "last_energy_at", "operational_at")
    assert [listed[name] for name in instants] == [None, None, None]


def test_only_granted_systems_are_listed_and_found():
    sim = fleet(4, grants={DEMO_USER_ID: Grant(frozenset({2, 4}))})
    assert ids(ask(sim, "/systems")) == ids(search(sim)) == [2, 4]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"ids": [1, 3], "name": "", "reference": "", "statuses": []}, [1, 3]),
        ({"name": "house 2"}, [2]),
        ({"reference": "R-1"}, [1]),
        ({"other_reference": "X"}, []),
        ({"statuses": ["power"]}, [2]),
        ({"statuses": ["power", "normal"], "ids": [1, 2]}, [1, 2]),
    ],
)
def test_a_search_filters(wanted, expected):
    one = house()
    sim = simulator(
        replace(one, system_id=1, name="House 1", reference="R-1"),
        replace(one, system_id=2, name="House 2"),
        replace(one, system_id=3, name="House 3"),
        faults=Faults(status={2: "power"}),
    )
    assert ids(search(sim, **wanted)) == expected
    assert ids(search(sim, sort_by="-id", **wanted)) == expected[::-1]


def test_a_search_shows_no_city_and_the_live_stream_on_demand():
    sim = fleet(12)
    (found,) = search(sim, ids=[3]).json()["systems"]
    assert set(found) == MEMBERS
    assert "city" not in found["address"]
    (found,) = search(sim, ids=[3], params={"live_stream": "true"}).json()["systems"]
    assert found["live_stream"] == "disabled"
    body = search(sim, params={"size": 500, "page": 1}).json()
    assert (body["size"], body["count"], body["total"]) == (500, 12, 12)


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "system is missing at Json body location"),
        ([], "system is missing at Json body location"),
        ({"system": 5}, "system is missing at Json body location"),
        ({"system": {"city": "x"}}, "city is not allowed at Json body location"),
        ({"system": {}, "page": 1}, "page is not allowed at Json body location"),
        ({"system": {"statuses": ["retired"]}}, "statuses is invalid at Json body location"),
        (None, "system is missing at Json body location"),
    ],
)
def test_a_body_that_is_no_search_is_refused(body, details):
    answer = ask(simulator(), "/systems/search", "POST", body=body)
    assert refused(answer) == (422, details)


def test_the_filters_of_2023_were_others():
    sim = simulator(house(67), replace(house(68), connection_type="cellular"))
    assert refused(search(sim, connection_type="cellular"))[0] == 422
    sim.switches = Switches(docs="2023")
    assert ids(search(sim, connection_type="cellular")) == [68]
    assert ids(search(sim, public_name="Residential")) == [68, 67]
    assert refused(search(sim, reference="R"))[0] == 422


@pytest.mark.parametrize("measured_by", ["micro", "meter", "both"])
def test_the_identities_between_endpoints_hold(measured_by):
    sim = simulator(battery_house(measured_by=measured_by))
    summary = ask(sim, "/systems/67/summary").json()
    series = "production_micro" if measured_by == "micro" else "production_meter"
    today = ask(sim, f"/systems/67/telemetry/{series}").json()["intervals"]
    lifetime = ask(sim, "/systems/67/energy_lifetime").json()
    assert summary["energy_today"] == sum(i.get("enwh", i.get("wh_del")) for i in today)
    assert summary["energy_lifetime"] == sum(lifetime["production"])
    newest = today[-1]
    assert summary["current_power"] == newest.get("powr", newest.get("wh_del", 0) * 4) > 0
    assert summary["last_interval_end_at"] == lifetime["meta"]["last_energy_at"]
    assert summary["source"] == ("microinverters" if measured_by == "micro" else "meter")


def test_a_summary_knows_the_battery():
    members = ("battery_charge_w", "battery_discharge_w", "battery_capacity_wh")
    with_, without = (
        ask(simulator(h), "/systems/67/summary").json() for h in (battery_house(), house())
    )
    assert [with_[name] for name in members] == [2500, 2500, 5000]
    assert [without[name] for name in members] == [0, 0, 0]
    assert without["nmi"] is None


def test_the_number_of_the_grid_connection_is_a_text_or_a_number():
    sim = simulator()
    shown = []
    for nmi in ("text", "number"):
        sim.switches = Switches(nmi=nmi)
        shown.append(ask(sim, "/systems/67/summary").json()["nmi"])
    assert shown == ["6305552410", 6305552410]


def test_a_past_day_has_no_momentary_figures():
    sim = simulator()
    body = ask(sim, "/systems/67/summary", summary_date="2024-06-04").json()
    days = ask(sim, "/systems/67/energy_lifetime").json()["production"]
    assert (body["energy_today"], body["energy_lifetime"]) == (days[3], sum(days[:3]))
    assert (body["modules"], body["size_w"], body["current_power"]) == (0, 0, 0)
    assert body["summary_date"] == "2024-06-04"


def test_days_that_cannot_be_summed_up_are_refused():
    sim = simulator()
    future = ask(sim, "/systems/67/summary", summary_date="2024-06-11")
    assert refused(future) == (422, "Requested date is in the future")
    unreadable = ask(sim, "/systems/67/summary", summary_date="2019-08-33")
    assert refused(unreadable) == (
        500,
        "Problem parsing time. Is time passed correctly in the following fields"
        ' {:summary_date=>"2019-08-33"}',
    )


def test_a_summary_is_that_of_dialect_v2():
    sim = simulator(faults=PUNCTUAL)
    old = ask_v2(sim, "/systems/67/summary").json()
    new = ask(sim, "/systems/67/summary").json()
    assert {name: new[name] for name in old} == old
