from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant
from energy_pipeline.simulators.enlighten.faults import Faults, Outage
from energy_pipeline_tests.simulators.enlighten.asking import (
    PUNCTUAL,
    ask,
    energy,
    epoch,
    house,
    simulator,
)

DAY_S = 86_400
OUTSIDE = "Requested date range is invalid for this system"


def test_a_day_series_runs_from_operation_to_yesterday():
    body = ask(simulator(), "/systems/67/energy_lifetime").json()
    assert body["start_date"] == "2024-06-01"
    assert len(body["production"]) == 9
    assert body["meter_start_date"] == "2024-06-01"
    assert set(body) == {"system_id", "start_date", "production", "meter_start_date", "meta"}
    assert len(ask(simulator(), "/systems/67/consumption_lifetime").json()["consumption"]) == 9


def test_totals_are_the_sums_of_the_intervals_of_local_days():
    sim = simulator()
    body = ask(
        sim,
        "/systems/67/energy_lifetime",
        production="all",
        start_date="2024-06-05",
        end_date="2024-06-06",
    ).json()
    days = [epoch(2024, 6, n, 21) for n in (4, 5)]
    sums = {
        endpoint: [
            energy(ask(sim, f"/systems/67/{endpoint}", start_at=day, end_at=day + DAY_S))
            for day in days
        ]
        for endpoint in ("stats", "rgm_stats")
    }
    assert body["start_date"] == "2024-06-05"
    assert body["micro_production"] == sums["stats"]
    assert body["production"] == body["meter_production"] == sums["rgm_stats"]
    assert sums["stats"] != sums["rgm_stats"]


def test_production_all_is_the_only_other_value():
    body = ask(simulator(), "/systems/67/energy_lifetime", production="micro").json()
    assert "micro_production" not in body


def test_micros_count_until_the_meters_first_full_day():
    system = house()
    meter = system.series["production_meter"]
    later = 2 * 96 + 40  # installed on 3 June at 10:00
    cut = replace(
        meter,
        first_end_at=meter.first_end_at + later * 900,
        energy_wh=meter.energy_wh[later:],
        devices=meter.devices[later:],
    )
    sim = simulator(replace(system, series={**system.series, "production_meter": cut}))
    body = ask(sim, "/systems/67/energy_lifetime", production="all").json()
    assert body["meter_start_date"] == "2024-06-04"
    assert body["production"][:3] == body["micro_production"][:3]
    assert body["production"][3:] == body["meter_production"][3:]
    assert body["meter_production"][:2] == [0, 0] < body["meter_production"][2:3]


def test_days_before_operation_are_zero():
    body = ask(simulator(), "/systems/67/energy_lifetime", start_date="2024-05-30").json()
    assert body["start_date"] == "2024-05-30"
    assert body["production"][:2] == [0, 0] < body["production"][2:3]


@pytest.mark.parametrize("endpoint", ["energy_lifetime", "consumption_lifetime"])
@pytest.mark.parametrize(
    ("params", "body"),
    [
        ({"start_date": "2024-06-10"}, {"start": "2024-06-10", "end": "2024-06-10"}),
        ({"start_date": "2025-01-01"}, {"start": "2025-01-01", "end": "2025-01-01"}),
        (
            {"start_date": "2024-06-05", "end_date": "2024-06-04"},
            {"start": "2024-06-05", "end": "2024-06-04"},
        ),
    ],
)
def test_days_that_can_have_no_total_are_refused(endpoint, params, body):
    answer = ask(simulator(), f"/systems/67/{endpoint}", **params)
    assert (answer.status_code, answer.json()) == (422, {"reason": OUTSIDE, **body})


def test_an_unreadable_day_is_refused():
    answer = ask(simulator(), "/systems/67/energy_lifetime", start_date="1.6.2024")
    assert (answer.status_code, answer.json()) == (
        422,
        {"reason": "Failed to parse date 1.6.2024"},
    )


def test_an_end_after_yesterday_is_yesterday():
    body = ask(simulator(), "/systems/67/energy_lifetime", end_date="2024-06-20").json()
    assert len(body["production"]) == 9


def test_yesterday_can_be_missing_until_the_evening():
    sim = simulator(faults=Faults(late_share=0, yesterday_appears_at_h=19))
    before = ask(sim, "/systems/67/energy_lifetime").json()["production"]
    only = ask(sim, "/systems/67/energy_lifetime", start_date="2024-06-09").json()["production"]
    sim.clock.set(datetime(2024, 6, 10, 16, 0, tzinfo=UTC))
    after = ask(sim, "/systems/67/energy_lifetime").json()["production"]
    assert (len(before), only, len(after)) == (8, [], 9)
    assert after[:8] == before


def test_a_silent_system_ends_with_its_last_reported_day():
    silence = Outage(datetime(2024, 6, 6, 9, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
    sim = simulator(faults=replace(PUNCTUAL, outages=(silence,)))
    body = ask(sim, "/systems/67/energy_lifetime").json()
    assert len(body["production"]) == 6
    assert body["meta"]["status"] == "comm"


def test_a_system_that_has_only_begun_has_an_empty_series():
    sim = simulator(now=datetime(2024, 6, 1, 3, tzinfo=UTC))
    assert ask(sim, "/systems/67/energy_lifetime").json()["production"] == []


def test_without_devices_there_is_no_content():
    system = house()
    bare = replace(system, series={"consumption": system.series["consumption"]})
    sim = simulator(
        bare, replace(house(68), series={"production_micro": system.series["production_micro"]})
    )
    for path in ("/systems/67/energy_lifetime", "/systems/68/consumption_lifetime"):
        answer = ask(sim, path)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Status"] == "204"


def test_consumption_can_be_withheld():
    sim = simulator(grants={DEMO_USER_ID: Grant(consumption=False)})
    for endpoint in ("consumption_stats", "consumption_lifetime"):
        assert ask(sim, f"/systems/67/{endpoint}").status_code == 401
    assert ask(sim, "/systems/67/energy_lifetime").status_code == 200


def test_a_clock_change_is_still_one_entry_per_day():
    sim = simulator(
        house(first=date(2024, 3, 25), last=date(2024, 4, 5)),
        now=datetime(2024, 4, 3, 12, tzinfo=UTC),
    )
    body = ask(sim, "/systems/67/energy_lifetime").json()
    assert len(body["production"]) == 9
    day = {"start_at": epoch(2024, 3, 30, 22), "end_at": epoch(2024, 3, 31, 21)}
    assert body["production"][6] == energy(ask(sim, "/systems/67/rgm_stats", **day))
