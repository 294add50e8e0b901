from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.simulators.enlighten.cloud import EVERYTHING_ARRIVED, Cloud
from energy_pipeline.simulators.enlighten.faults import Faults, Outage, Revision
from energy_pipeline_tests.simulators.enlighten.asking import (
    NOON,
    PUNCTUAL,
    ask,
    ends,
    epoch,
    house,
    simulator,
)

HOUSE = house()
DAY_S = 86_400
LATE = Faults(late_share=0.5, late_up_to_s=3 * 3600)


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def known(faults, now, stream="production_micro", system=HOUSE):
    return Cloud(faults).intervals(system, stream, 0, EVERYTHING_ARRIVED, now)


def values(intervals):
    return dict(zip(intervals.end_at.tolist(), intervals.energy_wh.tolist(), strict=True))


@pytest.mark.parametrize("minute", range(0, 60, 7))
def test_the_newest_interval_is_five_to_thirty_five_minutes_old(minute):
    now = epoch(2024, 6, 10, 11, minute)
    for stream in ("production_micro", "production_meter", "consumption"):
        newest = Cloud(PUNCTUAL).newest(HOUSE, stream, now)
        assert newest is not None
        assert 300 <= now - newest <= 300 + 900 + 900


def test_uploads_come_every_quarter_and_every_six_hours_by_radio():
    cloud = Cloud(PUNCTUAL)
    for system, every in ((HOUSE, 900), (replace(HOUSE, connection_type="cellular"), 6 * 3600)):
        reports = {
            cloud.last_report_at(system, now)
            for now in range(epoch(2024, 6, 9), epoch(2024, 6, 10), 60)
        }
        times = sorted(t for t in reports if t is not None)
        assert set(np.diff(times)) == {every}


def test_energy_was_reported_after_its_interval_and_not_after_the_report():
    cloud = Cloud(PUNCTUAL)
    for now in range(epoch(2024, 6, 9), epoch(2024, 6, 10), 1000):
        newest = cloud.newest(HOUSE, "production_meter", now)
        energy_at, report_at = cloud.last_energy_at(HOUSE, now), cloud.last_report_at(HOUSE, now)
        assert newest is not None
        assert energy_at is not None
        assert report_at is not None
        assert newest <= energy_at <= report_at <= now


def test_at_night_micros_keep_their_last_energy_while_reports_go_on():
    micro = house(measured_by="micro")
    cloud, now = Cloud(PUNCTUAL), epoch(2024, 6, 9, 23)
    energy_at, report_at = cloud.last_energy_at(micro, now), cloud.last_report_at(micro, now)
    assert now - energy_at > 3 * 3600
    assert now - report_at <= 900


@given(
    st.integers(epoch(2024, 6, 1), epoch(2024, 6, 12)), st.integers(0, 2 * DAY_S), st.integers(0, 9)
)
def test_what_is_known_only_grows_and_ends_as_the_truth(now, later, seed):
    faults = replace(LATE, seed=seed)
    first, second = known(faults, now), known(faults, now + later)
    truth = values(known(faults, EVERYTHING_ARRIVED))
    before, after = values(first), values(second)
    assert before.keys() <= after.keys() <= truth.keys()
    assert all(before[end] <= after[end] <= truth[end] for end in before)
    fewer = dict(zip(second.end_at.tolist(), second.devices_reporting.tolist(), strict=True))
    assert all(
        n <= fewer[end]
        for end, n in zip(first.end_at.tolist(), first.devices_reporting.tolist(), strict=True)
    )


def test_late_devices_make_an_interval_smaller_until_they_report():
    sim = simulator(faults=LATE)
    young = ask(sim, "/systems/67/stats").json()
    partial = {
        i["end_at"]: i
        for i in young["intervals"]
        if i["devices_reporting"] < young["total_devices"] and i["enwh"] > 50
    }
    assert partial
    sim.clock.advance(4 * 3600)
    grown = {i["end_at"]: i for i in ask(sim, "/systems/67/stats").json()["intervals"]}
    for end, interval in partial.items():
        assert grown[end]["devices_reporting"] == young["total_devices"]
        assert grown[end]["enwh"] > interval["enwh"]


def test_a_filled_outage_hides_data_until_the_uploads_go_on():
    outage = Outage(at(2024, 6, 8, 6), at(2024, 6, 9, 18))
    faults = replace(PUNCTUAL, outages=(outage,))
    whole_day = {"start_at": epoch(2024, 6, 7, 21), "end_at": epoch(2024, 6, 8, 21)}
    sim = simulator(now=at(2024, 6, 9, 17), faults=faults)
    during = ask(sim, "/systems/67/rgm_stats", **whole_day)
    meta = during.json()["meta"]
    assert ends(during)[-1] <= epoch(2024, 6, 8, 6)
    assert meta["last_report_at"] < epoch(2024, 6, 8, 6)
    assert meta["status"] == "comm"
    total = ask(sim, "/systems/67/energy_lifetime", start_date="2024-06-08").json()["production"]
    assert total == [sum(i["wh_del"] for i in during.json()["intervals"])]
    sim.clock.set(at(2024, 6, 9, 18, 20))
    after = ask(sim, "/systems/67/rgm_stats", **whole_day)
    assert len(ends(after)) == 96
    assert after.json()["meta"]["status"] == "normal"


def test_an_outage_that_is_never_filled_stays_a_hole():
    outage = Outage(at(2024, 6, 8, 6), at(2024, 6, 8, 10), system_id=67, filled=False)
    sim = simulator(
        HOUSE, replace(HOUSE, system_id=68), faults=replace(PUNCTUAL, outages=(outage,))
    )
    day = {"start_at": epoch(2024, 6, 8, 5), "end_at": epoch(2024, 6, 8, 11)}
    holed = ends(ask(sim, "/systems/67/rgm_stats", **day))
    hole = range(epoch(2024, 6, 8, 6, 15), epoch(2024, 6, 8, 10) + 1, 900)
    assert set(hole).isdisjoint(holed)
    assert len(holed) == 24 - len(hole)
    assert len(ends(ask(sim, "/systems/68/rgm_stats", **day))) == 24
    total = ask(sim, "/systems/67/energy_lifetime", start_date="2024-06-08").json()["production"]
    full = ask(sim, "/systems/68/energy_lifetime", start_date="2024-06-08").json()["production"]
    assert 0 < total[0] < full[0]
    truth = sim.truth().days.to_pylist()
    assert {
        "system_id": 67,
        "stream": "production_meter",
        "local_date": date(2024, 6, 8),
        "energy_wh": total[0],
    } in truth


@pytest.mark.parametrize("before_wh", [77, -3, None])
def test_a_revised_interval_shows_its_earlier_value_first(before_wh):
    end, until = at(2024, 6, 9, 9), at(2024, 6, 10, 12, 30)
    revision = Revision(67, "production_meter", end, until, before_wh)
    sim = simulator(faults=replace(PUNCTUAL, revisions=(revision,)))
    params = {"start_at": int(end.timestamp()) - 900, "end_at": int(end.timestamp())}
    final = values(known(PUNCTUAL, EVERYTHING_ARRIVED, "production_meter"))[params["end_at"]]
    young = [i["wh_del"] for i in ask(sim, "/systems/67/rgm_stats", **params).json()["intervals"]]
    assert young == ([] if before_wh is None else [before_wh])
    assert len(ends(ask(sim, "/systems/67/consumption_stats", **params))) == 1
    assert len(ends(ask(sim, "/systems/67/stats", **params))) == 3
    day = ask(sim, "/systems/67/energy_lifetime", start_date="2024-06-09").json()["production"][0]
    sim.clock.set(until)
    old = [i["wh_del"] for i in ask(sim, "/systems/67/rgm_stats", **params).json()["intervals"]]
    assert old == [final]
    later = ask(sim, "/systems/67/energy_lifetime", start_date="2024-06-09").json()["production"][0]
    assert later - day == final - (before_wh or 0)


def test_an_interval_can_be_withdrawn():
    night, until = at(2024, 6, 9, 23), at(2024, 6, 10, 13)
    revision = Revision(67, "production_micro", night, until, 5)
    sim = simulator(faults=replace(PUNCTUAL, revisions=(revision,)))
    params = {"start_at": epoch(2024, 6, 9, 21), "end_at": epoch(2024, 6, 10, 9)}
    assert ends(ask(sim, "/systems/67/stats", **params))[0] == int(night.timestamp())
    sim.clock.set(until)
    assert int(night.timestamp()) not in ends(ask(sim, "/systems/67/stats", **params))


def test_a_share_of_intervals_is_one_too_high_at_first():
    faults = replace(PUNCTUAL, revised_share=0.1, revised_after_s=36 * 3600)
    sim = simulator(faults=faults)
    params = {"start_at": epoch(2024, 6, 8, 21), "end_at": epoch(2024, 6, 9, 21)}
    young = ask(sim, "/systems/67/rgm_stats", **params).json()["intervals"]
    sim.clock.advance(2 * DAY_S)
    old = ask(sim, "/systems/67/rgm_stats", **params).json()["intervals"]
    lower = [a["wh_del"] - b["wh_del"] for a, b in zip(young, old, strict=True)]
    assert set(lower) == {0, 1}
    assert 2 <= sum(lower) <= 25


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    def bodies(faults):
        sim = simulator(house(), faults=faults)
        return [ask(sim, f"/systems/67/{e}").content for e in ("stats", "rgm_stats", "summary")]

    assert bodies(LATE) == bodies(LATE)
    assert bodies(LATE) != bodies(replace(LATE, seed=1))


@pytest.mark.parametrize("now", [at(2024, 5, 31, 21, 2), at(2024, 5, 1)])
def test_a_system_that_never_reported_knows_nothing(now):
    sim = simulator(now=now)
    meta = ask(sim, "/systems").json()["systems"][0]["meta"]
    assert meta["last_report_at"] is meta["last_energy_at"] is None
    assert meta["status"] == "comm"
    assert ask(sim, "/systems/67/energy_lifetime").json()["production"] == []
    summary = ask(sim, "/systems/67/summary").json()
    assert (summary["energy_today"], summary["energy_lifetime"]) == (0, 0)
    assert summary["last_interval_end_at"] is None
    assert ends(ask(sim, "/systems/67/rgm_stats")) == []


def test_truth_ends_with_the_present_and_is_final():
    sim = simulator(faults=LATE)
    rows = sim.truth().intervals
    assert max(rows["end_at"].to_pylist()) <= NOON
    micro = values(known(LATE, EVERYTHING_ARRIVED))
    streams, instants = rows["stream"].to_pylist(), rows["end_at"].to_pylist()
    found = {
        int(end.timestamp()): wh
        for stream, end, wh in zip(streams, instants, rows["energy_wh"].to_pylist(), strict=True)
        if stream == "production_micro"
    }
    assert found == {end: wh for end, wh in micro.items() if end <= NOON.timestamp()}
    later = sim.truth(NOON + timedelta(days=1)).intervals
    assert later.num_rows > rows.num_rows
