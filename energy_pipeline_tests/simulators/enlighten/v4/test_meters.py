from datetime import date

import pytest

from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import ask as ask_v2
from energy_pipeline_tests.simulators.enlighten.asking import epoch, house, simulator
from energy_pipeline_tests.simulators.enlighten.v4.asking import (
    DAY_S,
    ask,
    battery_house,
    ends,
    refused,
    rows,
)

RGM = "/systems/67/rgm_stats"
READINGS = {
    "production": ("serial_number", ("value",), "EIM1"),
    "consumption": ("serial_num", ("value",), "EIM2"),
    "storage": ("serial_num", ("value_charged", "value_discharged"), "EIM4"),
}


@pytest.mark.parametrize("use", READINGS)
def test_a_meter_is_read_at_a_quarter_since_its_installation(use):
    serial, names, ending = READINGS[use]
    sim = simulator(battery_house())
    body = ask(sim, f"/systems/67/{use}_meter_readings").json()
    (reading,) = body["meter_readings"]
    assert set(body) == {"system_id", "meter_readings", "meta"}
    assert set(reading) == {serial, "read_at", *names}
    assert reading[serial].endswith(ending)
    assert reading["read_at"] == ends(ask(sim, "/systems/67/telemetry/consumption_meter"))[-1]
    days = {
        "production": ("energy_lifetime", ("production",)),
        "consumption": ("consumption_lifetime", ("consumption",)),
        "storage": ("battery_lifetime", ("charge", "discharge")),
    }
    endpoint, lists = days[use]
    totals = ask(sim, f"/systems/67/{endpoint}").json()
    midnight = ask(sim, f"/systems/67/{use}_meter_readings", end_at=epoch(2024, 6, 9, 21)).json()
    (at_midnight,) = midnight["meter_readings"]
    assert [at_midnight[name] for name in names] == [sum(totals[each]) for each in lists]


@pytest.mark.parametrize("use", READINGS)
def test_an_unknown_system_has_no_readings_for_anybody(use):
    answer = ask(simulator(), f"/systems/1/{use}_meter_readings")
    assert answer.json()["message"] == "Not Authorized"
    assert refused(answer) == (404, 'System not found for {:id=>"1"}')


def test_readings_without_a_meter_or_before_the_first_one_are_empty():
    sim = simulator(house(measured_by="micro"))
    for use in ("production", "storage"):
        assert ask(sim, f"/systems/67/{use}_meter_readings").json()["meter_readings"] == []
    path = "/systems/67/consumption_meter_readings"
    assert ask(sim, path, end_at=epoch(2024, 5, 1)).json()["meter_readings"] == []
    assert refused(ask(sim, path, end_at="2024-06-01")) == (422, "Failed to parse date 2024-06-01")
    assert ask(sim, path, end_at=epoch(2030, 1, 1)).json() == ask(sim, path).json()


def test_meter_intervals_are_those_of_telemetry_and_of_dialect_v2():
    sim = simulator(faults=Faults(late_share=0, float_residue=True))
    day = {"start_at": epoch(2024, 6, 8, 21) + 17, "end_at": epoch(2024, 6, 9, 21) + 17}
    body = ask(sim, RGM, **day).json()
    old = ask_v2(sim, RGM, **day).json()
    assert body == old
    telemetry = ask(sim, "/systems/67/telemetry/production_meter", start_at=day["start_at"])
    assert body["intervals"] == rows(telemetry)
    assert len(body["intervals"]) == 96
    assert len(body["meter_intervals"][0]["intervals"]) == 288


def test_without_dates_it_is_today_and_a_week_from_an_earlier_start():
    sim = simulator()
    assert ends(ask(sim, RGM))[0] == epoch(2024, 6, 9, 21) + 900
    assert ends(ask(sim, RGM))[-1] > epoch(2024, 6, 10, 11, 30)
    week = ends(ask(sim, RGM, start_at=epoch(2024, 6, 1)))
    assert (len(week), week[-1]) == (672, epoch(2024, 6, 8))


def test_more_than_a_week_is_refused_or_cut():
    sim, start = simulator(), epoch(2024, 6, 1)
    params = {"start_at": start, "end_at": start + 8 * DAY_S}
    status, details = refused(ask(sim, RGM, **params))
    assert status == 422
    assert details.endswith(f"{{:start_at=>{start}, :end_at=>{start + 8 * DAY_S}}}")
    sim.switches = Switches(rgm_over_7_days="cut")
    assert ends(ask(sim, RGM, **params))[-1] == start + 7 * DAY_S


def test_starts_outside_of_what_is_given():
    sim = simulator(house(first=date(2022, 6, 1), last=date(2024, 6, 11)))
    now = int(sim.clock.now().timestamp())
    future = (422, "Requested date is in the future")
    outside = (422, "Requested date range is invalid for this system")
    assert refused(ask(sim, RGM, start_at=now + 900)) == future
    assert refused(ask(sim, RGM, start_at=now - 731 * DAY_S)) == outside
    assert refused(ask(sim, RGM, start_at=now - 900, end_at=now - 9000)) == outside
    assert ends(ask(sim, RGM, start_at=now)) == []
    assert len(ends(ask(sim, RGM, start_at=now - 729 * DAY_S))) == 672
    sim.switches = Switches(after_last_interval="422")
    assert refused(ask(sim, RGM, start_at=now)) == outside


def test_a_start_more_than_a_year_ago_is_given_or_left_out():
    sim = simulator(house(first=date(2022, 6, 1), last=date(2024, 6, 11)))
    year_ago = int(sim.clock.now().timestamp()) - 365 * DAY_S
    sim.switches = Switches(rgm_over_a_year="empty")
    assert ends(ask(sim, RGM, start_at=year_ago - 900)) == []
    assert len(ends(ask(sim, RGM, start_at=year_ago + 900))) == 672


def test_a_start_before_the_first_report_is_the_first_reported_day():
    found = ends(ask(simulator(), RGM, start_at=epoch(2024, 5, 30)))
    assert (found[0], len(found)) == (epoch(2024, 5, 31, 21) + 900, 672)


def test_a_system_without_a_meter_has_no_meter_intervals():
    body = ask(simulator(house(measured_by="micro")), RGM).json()
    assert (body["total_devices"], body["intervals"], body["meter_intervals"]) == (0, [], [])
