from datetime import UTC, date, datetime

import pytest

from energy_pipeline_tests.simulators.enlighten.asking import ask, energy, epoch, house, simulator

READINGS = "/systems/67/production_meter_readings"
MONTH = "/systems/67/monthly_production"
DAY_S = 86_400


def reading(sim, **params):
    body = ask(sim, READINGS, **params).json()
    assert set(body) == {"system_id", "meter_readings", "meta"}
    (found,) = body["meter_readings"]
    return found


def test_a_meter_is_read_at_a_quarter_and_counts_everything_since_its_installation():
    sim = simulator()
    found = reading(sim)
    newest = ask(sim, "/systems/67/rgm_stats").json()["intervals"][-1]["end_at"]
    first, week_later = epoch(2024, 5, 31, 21), epoch(2024, 6, 7, 21)
    week = energy(ask(sim, "/systems/67/rgm_stats", start_at=first, end_at=week_later))
    rest = energy(ask(sim, "/systems/67/rgm_stats", start_at=week_later))
    assert found["read_at"] == newest
    assert found["serial_number"].endswith("EIM1")
    assert found["value"] == week + rest


def test_two_readings_differ_by_the_energy_between_them():
    sim = simulator()
    start = epoch(2024, 6, 8, 3)
    first, second = (reading(sim, end_at=at)["value"] for at in (start + 899, start + DAY_S))
    between = ask(sim, "/systems/67/rgm_stats", start_at=start, end_at=start + DAY_S)
    assert second - first == energy(between)
    assert reading(sim, end_at=start + 899)["read_at"] == start
    assert reading(sim, end_at=epoch(2030, 1, 1)) == reading(sim)


def test_readings_without_a_meter_or_before_the_first_one_are_empty():
    micro = simulator(house(measured_by="micro"))
    assert ask(micro, READINGS).json()["meter_readings"] == []
    assert ask(simulator(), READINGS, end_at=epoch(2024, 5, 1)).json()["meter_readings"] == []
    assert ask(simulator(), READINGS, end_at="now").status_code == 422


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-01-01", "2024-01-31"),
        ("2024-01-15", "2024-02-14"),
        ("2024-01-31", "2024-02-28"),
        ("2023-12-05", "2024-01-04"),
    ],
)
def test_a_month_ends_the_day_before_the_same_day_of_the_next(start, end):
    sim = simulator(
        house(first=date(2023, 12, 1), last=date(2024, 3, 5)), now=datetime(2024, 3, 4, tzinfo=UTC)
    )
    body = ask(sim, MONTH, start_date=start).json()
    days = ask(sim, "/systems/67/energy_lifetime", start_date=start, end_date=end).json()
    assert (body["start_date"], body["end_date"]) == (start, end)
    assert body["production_wh"] == sum(days["production"]) > 0
    (meter,) = body["meter_readings"]
    assert meter["end"] - meter["start"] == body["production_wh"]
    assert set(meter) == {"serial_number", "start", "end"}


def test_a_month_of_micros_has_no_counters_and_a_first_month_begins_at_zero():
    micro = simulator(house(measured_by="micro", first=date(2024, 4, 1)))
    assert ask(micro, MONTH, start_date="2024-05-01").json()["meter_readings"] == []
    metered = simulator(house(first=date(2024, 4, 20)))
    body = ask(metered, MONTH, start_date="2024-04-10").json()
    assert body["meter_readings"][0]["start"] == 0
    assert body["meter_readings"][0]["end"] == body["production_wh"]


@pytest.mark.parametrize("start_date", [None, "2024-05-11", "2025-01-01", "May"])
def test_a_month_that_is_not_over_is_refused(start_date):
    sim = simulator(house(first=date(2024, 4, 1)))
    assert ask(sim, MONTH, start_date=start_date).status_code == 422
    assert ask(sim, MONTH, start_date="2024-05-10").status_code == 200
