from datetime import UTC, date, datetime

import numpy as np
import pytest

from energy_pipeline.simulators.enlighten.dataset import Series, System
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import ask, ends, epoch, house, simulator

DAY_S = 86_400
ENDPOINTS = {"stats": 300, "rgm_stats": 900, "consumption_stats": 900}
OUTSIDE = "Requested date range is invalid for this system"


def test_the_captured_window_gives_exactly_its_two_intervals():
    system = house(first=date(2015, 5, 1), last=date(2015, 5, 5), timezone="America/Denver")
    sim = simulator(system, now=datetime(2015, 5, 5, tzinfo=UTC))
    answer = ask(sim, "/systems/67/stats", start_at=1430742599, end_at=1430742901)
    assert ends(answer) == [1430742600, 1430742900]


@pytest.mark.parametrize(("endpoint", "step"), ENDPOINTS.items())
@pytest.mark.parametrize("shift", [0, 1, 299])
def test_a_window_is_rounded_down_open_at_its_start_and_closed_at_its_end(endpoint, step, shift):
    start = epoch(2024, 6, 9, 10)
    answer = ask(
        simulator(),
        f"/systems/67/{endpoint}",
        start_at=start + shift,
        end_at=start + 3 * step + shift,
    )
    assert ends(answer) == [start + step, start + 2 * step, start + 3 * step]


@pytest.mark.parametrize(("endpoint", "step"), ENDPOINTS.items())
def test_without_dates_it_is_today_from_local_midnight_until_now(endpoint, step):
    answer = ask(
        simulator(house(timezone="America/Denver", latitude=40.0)), f"/systems/67/{endpoint}"
    )
    first, last = ends(answer)[0], ends(answer)[-1]
    midnight = epoch(2024, 6, 10, 6)
    assert midnight < first
    if endpoint != "stats":  # micros sleep
        assert first == midnight + step
    assert epoch(2024, 6, 10, 11, 30) <= last <= epoch(2024, 6, 10, 12)


def test_micro_intervals_are_cut_to_one_day_from_the_rounded_start():
    start = epoch(2024, 6, 3, 9, 17)
    answer = ask(simulator(), "/systems/67/stats", start_at=start)
    rounded = epoch(2024, 6, 3, 9, 15)
    assert ends(answer)[0] == rounded + 300
    assert ends(answer)[-1] == rounded + DAY_S


def test_meter_intervals_of_seven_days_are_given_and_a_quarter_more_is_refused_or_cut():
    start = epoch(2024, 6, 2)
    params = {"start_at": start, "end_at": start + 7 * DAY_S}
    sim = simulator()
    assert len(ends(ask(sim, "/systems/67/rgm_stats", **params))) == 7 * 96
    params["end_at"] += 900
    refused = ask(sim, "/systems/67/rgm_stats", **params)
    assert refused.status_code == 422
    assert refused.json() == {
        "reason": "Requested date range in one API hit cannot be more than 7 days."
        f" {{:start_at=>{start}, :end_at=>{start + 7 * DAY_S + 900}}}"
    }
    sim.switches = Switches(rgm_over_7_days="cut")
    assert ends(ask(sim, "/systems/67/rgm_stats", **params))[-1] == start + 7 * DAY_S


def test_meter_intervals_of_a_month_are_given_where_the_endpoints_own_text_is_followed():
    sim = simulator(house(first=date(2024, 4, 1)), switches=Switches(rgm_over_7_days="month"))
    start = epoch(2024, 4, 5)
    found = ends(ask(sim, "/systems/67/rgm_stats", start_at=start))
    assert (len(found), found[-1]) == (31 * 96, start + 31 * DAY_S)


def test_consumption_is_cut_to_a_month_or_what_the_switch_says():
    system = house(first=date(2024, 4, 1))
    sim = simulator(system)
    start = epoch(2024, 4, 5)
    answer = ask(sim, "/systems/67/consumption_stats", start_at=start)
    assert (len(ends(answer)), ends(answer)[-1]) == (31 * 96, start + 31 * DAY_S)
    sim.switches = Switches(consumption_max_days=7)
    assert len(ends(ask(sim, "/systems/67/consumption_stats", start_at=start))) == 7 * 96


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_data_older_than_the_history_is_empty_not_refused(endpoint):
    sim = simulator(house(first=date(2023, 6, 1), last=date(2024, 6, 11)))
    year_ago = int(sim.clock.now().timestamp()) - 365 * DAY_S
    week = {"start_at": year_ago, "end_at": year_ago + 3 * DAY_S}
    assert ends(ask(sim, f"/systems/67/{endpoint}", **week))
    week["start_at"] -= 1
    assert ends(ask(sim, f"/systems/67/{endpoint}", **week)) == []
    sim.switches = Switches(history_days=None)
    assert ends(ask(sim, f"/systems/67/{endpoint}", **week))


def test_a_start_before_operation_begins_there():
    sim = simulator()
    operation = epoch(2024, 5, 31, 21)
    params = {"start_at": operation - 5 * DAY_S, "end_at": operation + DAY_S}
    found = ends(ask(sim, "/systems/67/rgm_stats", **params))
    assert (found[0], found[-1]) == (operation + 900, operation + DAY_S)
    assert ends(ask(sim, "/systems/67/stats", **params))[-1] > operation + DAY_S // 2


def test_after_midnight_and_before_sunrise_todays_micros_are_refused():
    midnight = epoch(2024, 6, 9, 21)
    sim = simulator(now=datetime(2024, 6, 9, 22, 7, tzinfo=UTC))
    last = ends(ask(sim, "/systems/67/stats", start_at=midnight - DAY_S, end_at=midnight))[-1]
    first = ends(ask(sim, "/systems/67/stats", start_at=epoch(2024, 5, 31, 21)))[0]
    answer = ask(sim, "/systems/67/stats")
    assert answer.status_code == 422
    assert answer.json() == {
        "reason": OUTSIDE,
        "start_at": midnight,
        "end_at": epoch(2024, 6, 9, 22, 5),
        "first_interval": first,
        "last_interval": last,
    }
    assert ends(ask(sim, "/systems/67/rgm_stats")) == [midnight + 900 * n for n in (1, 2, 3, 4)]
    iso = ask(sim, "/systems/67/stats", datetime_format="iso8601").json()
    assert iso["start_at"] == "2024-06-10T00:00:00+03:00"
    assert (
        iso["last_interval"]
        == datetime.fromtimestamp(last, UTC)
        .astimezone(datetime.fromisoformat(iso["start_at"]).tzinfo)
        .isoformat()
    )


@pytest.mark.parametrize(
    "params",
    [
        {"start_at": epoch(2024, 5, 1), "end_at": epoch(2024, 5, 2)},
        {"start_at": epoch(2024, 6, 10, 10), "end_at": epoch(2024, 6, 10, 9)},
    ],
)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_range_before_the_first_interval_or_turned_round_is_refused(endpoint, params):
    answer = ask(simulator(), f"/systems/67/{endpoint}", **params)
    assert answer.status_code == 422
    assert answer.json()["reason"] == OUTSIDE


def test_a_night_between_operation_and_the_first_interval_is_refused():
    night = {"start_at": epoch(2024, 5, 31, 21), "end_at": epoch(2024, 5, 31, 22)}
    sim = simulator()
    answer = ask(sim, "/systems/67/stats", **night)
    assert answer.status_code == 422
    assert answer.json()["first_interval"] > night["end_at"]
    assert len(ends(ask(sim, "/systems/67/rgm_stats", **night))) == 4


@pytest.mark.parametrize("text", ["yesterday", "12.5", "-5", str(2**40)])
def test_an_instant_that_cannot_be_read_is_refused(text):
    answer = ask(simulator(), "/systems/67/stats", start_at=text)
    assert (answer.status_code, answer.json()) == (
        422,
        {"reason": f"Failed to parse date {text}"},
    )


def test_a_start_in_the_future_is_refused_and_an_end_is_not():
    sim = simulator()
    now = int(sim.clock.now().timestamp())
    answer = ask(sim, "/systems/67/stats", start_at=now + 1)
    assert (answer.status_code, answer.json()) == (
        422,
        {"reason": "Requested date is in the future"},
    )
    assert ends(ask(sim, "/systems/67/stats", start_at=now - 7200, end_at=now + DAY_S))


def test_an_empty_day_between_days_with_data_is_an_empty_list():
    values = np.repeat(np.array([10, 0, 10], np.int32), 96)
    meter = Series(900, epoch(2024, 6, 1) + 900, values, (values > 0).astype(np.int16))
    sim = simulator(System(1, "Hole", "UTC", 1000, 4, {"production_meter": meter}))
    day = {"start_at": epoch(2024, 6, 2), "end_at": epoch(2024, 6, 3)}
    assert ends(ask(sim, "/systems/1/rgm_stats", **day)) == []


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(date(2024, 3, 31), 92), (date(2024, 10, 27), 100), (date(2024, 7, 1), 96)],
)
def test_a_local_day_has_as_many_quarters_as_its_clock_says(day, quarters):
    first, last = date(day.year, day.month, 1), date(day.year, day.month, 28)
    sim = simulator(
        house(first=first, last=max(day, last)), now=datetime(2024, 11, 5, 12, tzinfo=UTC)
    )
    bounds = [
        int(datetime.combine(d, datetime.min.time(), sim.fleet.systems[67].zone).timestamp())
        for d in (day, date.fromordinal(day.toordinal() + 1))
    ]
    params = {"start_at": bounds[0], "end_at": bounds[1]}
    for endpoint in ("rgm_stats", "consumption_stats"):
        assert len(ends(ask(sim, f"/systems/67/{endpoint}", **params))) == quarters
    iso = ask(sim, "/systems/67/rgm_stats", datetime_format="iso8601", **params).json()["intervals"]
    offsets = {interval["end_at"][-6:] for interval in iso}
    assert offsets == ({"+03:00"} if quarters == 96 else {"+02:00", "+03:00"})
