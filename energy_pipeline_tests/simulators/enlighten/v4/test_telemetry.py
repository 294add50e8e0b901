"""What is in the interval lists."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from energy_pipeline.simulators.enlighten.faults import Faults, Outage, Revision
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline_tests.simulators.enlighten.asking import PUNCTUAL, epoch, house, simulator
from energy_pipeline_tests.simulators.enlighten.v4.asking import (
    DAY_S,
    QUARTERLY,
    TELEMETRY,
    ask,
    battery_house,
    ends,
    refused,
    rows,
)

MICRO = "/systems/67/telemetry/production_micro"
METER = "/systems/67/telemetry/production_meter"
BATTERY = "/systems/67/telemetry/battery"
DAY = {"start_at": epoch(2024, 6, 8, 21)}
ENVELOPE = {
    "system_id",
    "granularity",
    "total_devices",
    "start_at",
    "end_at",
    "items",
    "intervals",
}


@pytest.mark.parametrize(
    ("path", "extra", "members", "devices"),
    [
        ("telemetry/production_micro", {"meta"}, {"powr", "enwh", "devices_reporting"}, 16),
        ("telemetry/production_meter", set(), {"wh_del", "devices_reporting"}, 1),
        ("telemetry/consumption_meter", {"meta"}, {"enwh", "devices_reporting"}, 1),
        ("telemetry/battery", {"last_reported_aggregate_soc"}, {"charge", "discharge", "soc"}, 1),
        ("energy_import_telemetry", {"meta"}, {"wh_imported"}, 0),
        ("energy_export_telemetry", {"meta"}, {"wh_exported"}, 0),
    ],
)
def test_members_are_those_of_the_documented_examples(path, extra, members, devices):
    sim = simulator(battery_house())
    answer = ask(sim, f"/systems/67/{path}", **DAY)
    body = answer.json()
    assert set(body) == ENVELOPE | extra
    assert (body["items"], body["total_devices"]) == ("intervals", devices)
    assert all(set(row) == {"end_at"} | members for row in rows(answer))
    assert all(isinstance(row["end_at"], int) for row in rows(answer))
    if "meta" in body:
        meta = {"status", "last_report_at", "last_energy_at", "operational_at"}
        assert set(body["meta"]) == meta


@pytest.mark.parametrize("path", TELEMETRY)
def test_a_system_without_the_device_has_no_intervals(path):
    stream, _ = TELEMETRY[path]
    system = house()
    system = replace(system, series={s: v for s, v in system.series.items() if s != stream})
    body = ask(simulator(system), f"/systems/67/{path}").json()
    assert (body["intervals"], body["total_devices"]) == ([], 0)
    if path == "telemetry/battery":
        assert body["last_reported_aggregate_soc"] is None


def test_nights_of_micros_are_absent_or_zero_with_all_devices():
    sim = simulator()
    absent = rows(ask(sim, MICRO, **DAY))
    sim.switches = Switches(nights="zero")
    zero = rows(ask(sim, MICRO, **DAY))
    assert 100 < len(absent) < 288 == len(zero)
    assert [row["end_at"] for row in zero] == [DAY["start_at"] + 300 * n for n in range(1, 289)]
    by_day = {row["end_at"]: row for row in absent}
    night = [row for row in zero if row["end_at"] not in by_day]
    assert [row for row in zero if row["end_at"] in by_day] == absent
    assert {row["enwh"] for row in night} == {0}
    assert {row["devices_reporting"] for row in night} == {16}


def test_nights_are_filled_no_further_than_the_gateway_reported():
    sim = simulator(now=datetime(2024, 6, 9, 23, 7, tzinfo=UTC), switches=Switches(nights="zero"))
    newest = ends(ask(sim, MICRO))[-1]
    assert epoch(2024, 6, 9, 22, 30) <= newest <= epoch(2024, 6, 9, 23)


def test_an_outage_that_is_never_filled_stays_absent_also_with_zero_nights():
    hours = [datetime(2024, 6, 9, h, tzinfo=UTC) for h in (1, 12)]
    outage = Outage(*hours, filled=False)
    faults = replace(PUNCTUAL, outages=(outage,))
    sim = simulator(faults=faults, switches=Switches(nights="zero"))
    found = set(ends(ask(sim, MICRO, **DAY)))
    hole = range(epoch(2024, 6, 9, 1, 5), epoch(2024, 6, 9, 12) + 1, 300)
    assert found.isdisjoint(hole)
    assert len(found) == 288 - len(hole)


def test_a_mark_that_is_withdrawn_later_is_not_doubled_by_the_night():
    night = datetime(2024, 6, 8, 22, tzinfo=UTC)
    revision = Revision(67, "production_micro", night, datetime(2024, 6, 11, tzinfo=UTC), 5)
    faults = replace(PUNCTUAL, revisions=(revision,))
    sim = simulator(faults=faults, switches=Switches(nights="zero"))
    found = rows(ask(sim, MICRO, **DAY))
    assert len(found) == len({row["end_at"] for row in found}) == 288
    assert [row["enwh"] for row in found if row["end_at"] == night.timestamp()] == [5]


def test_nights_of_meters_are_zero():
    found = rows(ask(simulator(), METER, **DAY))
    assert len(found) == 96
    assert found[0]["wh_del"] == 0 < max(row["wh_del"] for row in found)


def test_energy_and_power_of_micros_agree_to_the_rounding():
    found = rows(ask(simulator(), MICRO, **DAY))
    assert all(round(row["powr"] / 12) == row["enwh"] for row in found)


def test_late_micros_make_an_interval_smaller_until_they_report():
    sim = simulator(faults=Faults(late_share=0.5, late_up_to_s=3 * 3600))
    young = {row["end_at"]: row for row in rows(ask(sim, MICRO))}
    sim.clock.advance(4 * 3600)
    old = {row["end_at"]: row for row in rows(ask(sim, MICRO))}
    grown = [e for e, row in young.items() if row["enwh"] < old[e]["enwh"]]
    assert grown
    assert all(young[e]["devices_reporting"] < old[e]["devices_reporting"] for e in grown)


def test_grid_intervals_come_as_one_list_per_local_day():
    sim = simulator()
    for name in ("import", "export"):
        path = f"/systems/67/energy_{name}_telemetry"
        week = ask(sim, path, start_at=epoch(2024, 6, 2, 21), granularity="week").json()
        assert [len(day) for day in week["intervals"]] == [96] * 7
        day = ask(sim, path, **DAY).json()["intervals"]
        assert [len(each) for each in day] == [96]
        shifted = ask(sim, path, start_at=DAY["start_at"] + 6 * 3600).json()["intervals"]
        assert [len(each) for each in shifted] == [72, 24]


def test_all_streams_conserve_energy():
    sim = simulator(battery_house())
    per_path: dict[str, list[int]] = {}
    for path in QUARTERLY:
        found = rows(ask(sim, f"/systems/67/{path}", **DAY))
        member = TELEMETRY[path][1]
        if path == "telemetry/battery":
            per_path["charge"] = [row["charge"]["enwh"] for row in found]
            per_path["discharge"] = [row["discharge"]["enwh"] for row in found]
        else:
            per_path[path] = [row[member] for row in found]
    comes = zip(
        per_path["telemetry/production_meter"],
        per_path["energy_import_telemetry"],
        per_path["discharge"],
        strict=True,
    )
    goes = zip(
        per_path["telemetry/consumption_meter"],
        per_path["energy_export_telemetry"],
        per_path["charge"],
        strict=True,
    )
    assert [sum(each) for each in comes] == [sum(each) for each in goes]
    assert sum(per_path["charge"]) > 0 < sum(per_path["discharge"])


def test_a_battery_tells_how_full_it_is():
    sim = simulator(battery_house())
    body = ask(sim, BATTERY).json()
    percents = [row["soc"]["percent"] for row in body["intervals"]]
    assert body["last_reported_aggregate_soc"] == f"{percents[-1]}%"
    assert all(0 <= percent <= 100 for percent in percents)
    for before, row in zip(body["intervals"], body["intervals"][1:], strict=False):
        if row["charge"]["enwh"] > 100:
            assert row["soc"]["percent"] > before["soc"]["percent"]
        if row["discharge"]["enwh"] > 100:
            assert row["soc"]["percent"] < before["soc"]["percent"]


class TestDevices:
    """Intervals of single devices, which the free plan does not serve."""

    SIM = simulator(battery_house(micros=7), switches=Switches(plan="Kilowatt"))
    ALL = "/systems/67/devices/micros/telemetry"

    def test_micros_come_in_pages_and_sum_to_the_system(self):
        pages = [ask(self.SIM, self.ALL, page=page, size=4, **DAY).json() for page in (1, 2, 3)]
        assert [page["page_size"] for page in pages] == [4, 3, 0]
        assert {page["total_devices"] for page in pages} == {7}
        sums: dict[int, int] = {}
        for device in (device for page in pages for device in page["devices"]):
            for row in device["intervals"]:
                sums[row["end_at"]] = sums.get(row["end_at"], 0) + row["enwh"]
        system = {row["end_at"]: row["enwh"] for row in rows(ask(self.SIM, MICRO, **DAY))}
        assert sums == system
        assert "intervals" not in pages[0]
        large = ask(self.SIM, self.ALL, size=100, **DAY).json()
        assert (large["page"], large["page_size"]) == (1, 7)

    def test_one_micro_is_the_one_of_the_page(self):
        (device, *_) = ask(self.SIM, self.ALL, **DAY).json()["devices"]
        path = f"/systems/67/devices/micros/{device['serial_number']}/telemetry"
        body = ask(self.SIM, path, **DAY).json()
        assert body["intervals"] == device["intervals"]
        assert (body["serial_number"], body["total_devices"]) == (device["serial_number"], 1)
        assert "meta" not in body
        unknown = ask(self.SIM, "/systems/67/devices/micros/1/telemetry")
        assert refused(unknown) == (404, 'Micro not found for {:id=>"1"}')

    def test_one_battery_is_the_systems(self):
        devices = ask(self.SIM, "/systems/67/devices").json()["devices"]
        serial = devices["encharges"][0]["serial_number"]
        body = ask(self.SIM, f"/systems/67/devices/encharges/{serial}/telemetry", **DAY).json()
        system = ask(self.SIM, BATTERY, **DAY).json()
        assert [row["charge"]["enwh"] for row in body["intervals"]] == [
            row["charge"]["enwh"] for row in system["intervals"]
        ]
        assert body["last_reported_soc"] == system["last_reported_aggregate_soc"]
        assert body["last_reported_time"] == ends(ask(self.SIM, BATTERY))[-1]
        unknown = ask(self.SIM, "/systems/67/devices/encharges/1/telemetry")
        assert refused(unknown) == (404, 'Encharge not found for {:id=>"1"}')


def test_a_weeks_worth_of_history_is_a_hit_per_week():
    sim = simulator(battery_house())
    before = sim.hits
    first = epoch(2024, 5, 31, 21)
    found = [
        end
        for start in (first, first + 7 * DAY_S)
        for end in ends(ask(sim, METER, start_at=start, granularity="week"))
    ]
    assert found == list(range(first + 900, found[-1] + 1, 900))
    assert sim.hits - before == 2
