"""Uploads from the store to a simulated EnerKey, and the rows that tell of them."""

import threading
from dataclasses import replace
from datetime import timedelta

import httpx
import pyarrow as pa
import pytest

from energy_pipeline.calendar import DAY, HOUR
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.errors import AccessRefused, ConfigurationError, ServiceUnavailable
from energy_pipeline.schema import ENERKEY_METERS
from energy_pipeline.simulators.enerkey import Fault
from energy_pipeline.steps.enerkey_meters import refresh_meters
from energy_pipeline.steps.upload import upload, upload_lock
from energy_pipeline.steps.upload_audit import audit
from energy_pipeline.steps.upload_rehearsal import rehearse
from energy_pipeline_tests.steps.benches import START, a_site, days_from, fetched, totals_fetched
from energy_pipeline_tests.steps.uploading import (
    CONSUMPTION,
    CUMULATIVE,
    HEAT,
    MIDNIGHT,
    hours_computed,
    in_kwh,
    production,
    readings_computed,
    register,
    rows_of,
    to,
    town,
)
from energy_pipeline_tests.transform.tables import row_of_intervals, totals_table

PUSH = "pushConsumptionsForMeter"
THREE = days_from(0, 2)


def statuses(rows) -> set:
    return {(row["status"], row["reason"]) for row in rows}


def test_every_final_hour_arrives_and_has_a_row(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(3))
        report = upload(bench, "consumption", THREE)
        assert enerkey.stored_hours(CONSUMPTION) == pytest.approx(in_kwh(production(3)))
        rows = rows_of(bench, THREE)
        assert [row["at"] for row in rows] == list(production(3))
        assert statuses(rows) == {("verified", None)}
        assert {row["message_id"] for row in rows} != {None}
        assert (report.hours_verified, report.messages, report.complete) == (72, 1, ("a",))
        assert report.energy_wh == {"production": pytest.approx(sum(production(3).values()))}


def test_a_range_or_a_part_of_it_again_costs_no_request_and_changes_no_row(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(3))
        upload(bench, "consumption", THREE)
        before, asked = rows_of(bench, THREE), len(enerkey.requests)
        for days in (THREE, days_from(1)):
            report = upload(bench, "consumption", days)
            assert (report.requests_spent, report.messages) == (0, 0)
        assert len(enerkey.requests) == asked
        assert rows_of(bench, THREE) == before


def test_hours_that_are_not_final_are_held_with_what_is_known_of_them(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        values = production(1)
        del values[MIDNIGHT + 5 * HOUR]
        partly = {MIDNIGHT + 6 * HOUR: 1800, MIDNIGHT + 7 * HOUR: 3600}
        hours_computed(bench, values, open_hours=partly)
        bench.clock.set(MIDNIGHT + DAY + 3 * HOUR)
        report = upload(bench, "consumption", days_from(0))
        reasons = {row["at"].hour: row["reason"] for row in rows_of(bench, days_from(0))}
        assert reasons[5] == "not final: nothing is known of it"
        assert reasons[6] == "not final: 1800 of its 3600 s are known"
        assert reasons[7] == "not final: it can still change"
        assert MIDNIGHT + 6 * HOUR not in enerkey.stored_hours(CONSUMPTION)
        assert (report.hours_verified, report.hours_held) == (21, 3)
        assert "no data" in report.incomplete["a"]


def test_what_is_given_up_says_so_and_is_sent_when_it_becomes_final_after_all(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(1), open_hours={MIDNIGHT: 900})
        upload(bench, "consumption", days_from(0))
        assert rows_of(bench, days_from(0))[0]["reason"].startswith("given up: 900 of")
        hours_computed(bench, production(1))
        upload(bench, "consumption", days_from(0))
        assert enerkey.stored_hours(CONSUMPTION)[MIDNIGHT] == 0.1


def test_hours_before_the_start_and_hours_that_are_not_over_have_no_row(tmp_path):
    site = a_site(start=START + DAY, uploads=[to()])
    with town(tmp_path, [site], now=MIDNIGHT + 2 * DAY + 90 * HOUR / 60) as (bench, _):
        upload(bench, "consumption", THREE)
        ats = [row["at"] for row in rows_of(bench, THREE)]
        assert ats == [MIDNIGHT + DAY + n * HOUR for n in range(25)]


def test_a_register_arrives_with_its_opening_reading(tmp_path):
    with town(tmp_path, [a_site(uploads=[register(opening_reading=1000)])]) as (bench, enerkey):
        readings = {MIDNIGHT + n * HOUR: 1_000_000.0 + 250 * n for n in range(49)}
        readings_computed(bench, readings)
        report = upload(bench, "cumulative", days_from(0, 1))
        assert enerkey.stored_readings(CUMULATIVE) == in_kwh(readings)
        rows = rows_of(bench, days_from(0, 1), "cumulative")
        assert [row["at"] for row in rows] == list(readings)
        assert statuses(rows) == {("verified", None)}
        assert report.energy_wh == {"production": 250.0 * 48}


def test_readings_of_an_open_register_say_why_they_wait(tmp_path):
    """However old they are: what waits for another hour is not given up itself."""
    with town(tmp_path, [a_site(uploads=[register()])]) as (bench, enerkey):
        readings = {MIDNIGHT + n * HOUR: 100.0 * n for n in range(25)}
        readings_computed(bench, readings, final_until=MIDNIGHT)
        upload(bench, "cumulative", days_from(0))
        reasons = {row["reason"] for row in rows_of(bench, days_from(0), "cumulative")[1:]}
        [reason] = reasons
        assert reason.startswith("not final: an hour since the start is open or was never computed")
        assert enerkey.stored_readings(CUMULATIVE) == {}


def test_a_register_is_the_same_day_by_day_in_any_order(tmp_path):
    with town(tmp_path, [a_site(uploads=[register()])]) as (bench, enerkey):
        readings = {MIDNIGHT + n * HOUR: 10.0 * n * n for n in range(24 * 6 + 1)}
        readings_computed(bench, readings)
        for number in (3, 5, 0, 1, 4, 2):
            upload(bench, "cumulative", days_from(number))
        assert enerkey.stored_readings(CUMULATIVE) == pytest.approx(in_kwh(readings))
        assert set(enerkey.pushes_per_hour(CUMULATIVE).values()) == {1}
        assert statuses(rows_of(bench, days_from(0, 5), "cumulative")) == {("verified", None)}


def test_a_revision_before_the_range_holds_the_register(tmp_path):
    with town(tmp_path, [a_site(uploads=[register()])]) as (bench, enerkey):
        readings = {MIDNIGHT + n * HOUR: 100.0 * n for n in range(24 * 3 + 1)}
        readings_computed(bench, readings, final_until=MIDNIGHT + 2 * DAY)
        upload(bench, "cumulative", days_from(0, 1))
        sent = enerkey.stored_readings(CUMULATIVE)
        revised = {at: wh + 900 * (at > MIDNIGHT + 5 * HOUR) for at, wh in readings.items()}
        readings_computed(bench, revised)
        report = upload(bench, "cumulative", days_from(2))
        assert enerkey.stored_readings(CUMULATIVE) == sent
        assert report.hours_held == 24
        assert report.reasons == {"waits for another reading": 24}
        reasons = {row["reason"] for row in rows_of(bench, days_from(2), "cumulative")}
        assert all("waits for the reading of" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (to(unit="MWh"), "its unit is kWh in EnerKey and MWh in sites.yaml"),
        (to(facility_id=12), "its facility is 11 in EnerKey and 12 in sites.yaml"),
        (to(CUMULATIVE), "its reading type is cumulative in EnerKey and consumption"),
        (to(999), "the EnerKey profile has no meter 999"),
    ],
)
def test_a_meter_that_is_another_one_is_refused_before_anything_is_sent(tmp_path, wrong, reason):
    sites = [
        a_site(uploads=[wrong]),
        a_site("b", uploads=[to(HEAT, unit="MWh", facility_id=12)]),
    ]
    with town(tmp_path, sites) as (bench, enerkey):
        for site in "ab":
            hours_computed(bench, production(1), site=site)
        report = upload(bench, "consumption", days_from(0))
        assert reason in report.refused_meters[wrong.meter_id]
        refused = [row for row in rows_of(bench, days_from(0)) if row["site"] == "a"]
        assert {(row["status"], row["reason"]) for row in refused} == {
            ("refused", report.refused_meters[wrong.meter_id])
        }
        assert {m for r in enerkey.requests if r.operation == PUSH for m in r.meter_ids} == {HEAT}
        assert (report.hours_verified, report.hours_refused) == (24, 24)


def test_a_meter_that_was_put_right_in_enerkey_is_seen_at_once(tmp_path):
    with town(tmp_path) as (bench, _):
        hours_computed(bench, production(1))
        refresh_meters(bench)
        stored = bench.store.read_snapshot(ENERKEY_METERS)
        wrong = stored.set_column(6, stored.schema.field("unit"), pa.array(["MWh"] * 3))
        bench.store.write_snapshot(ENERKEY_METERS, wrong)
        bench.clock.advance(600)
        assert upload(bench, "consumption", days_from(0)).refused_meters == {}


def test_the_inventory_serves_for_a_day(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(2))
        upload(bench, "consumption", days_from(0))
        bench.clock.advance(3600)
        upload(bench, "consumption", days_from(1))
        assert [r.operation for r in enerkey.requests].count("listMeters") == 1
        assert refresh_meters(bench, force=False).requests_spent == 0
        bench.clock.advance(86_400)
        upload(bench, "consumption", days_from(1))
        assert [r.operation for r in enerkey.requests].count("listMeters") == 2
        assert bench.store.read_snapshot(ENERKEY_METERS)["meter_id"].to_pylist() == [101, 102, 103]


def test_a_damaged_inventory_is_fetched_again(tmp_path):
    with town(tmp_path) as (bench, _):
        hours_computed(bench, production(1))
        refresh_meters(bench)
        [kept] = (tmp_path / "data" / ENERKEY_METERS.name).glob("*.parquet")
        kept.write_bytes(b"PAR1 and nothing more")
        assert upload(bench, "consumption", days_from(0)).hours_verified == 24
        assert bench.store.read_snapshot(ENERKEY_METERS).num_rows == 3


def test_a_service_that_is_down_fails_the_run_and_the_rows_say_so(tmp_path):
    down = Fault(kind="gateway_error", times=None)
    with town(tmp_path, faults=[down]) as (bench, enerkey):
        hours_computed(bench, production(1))
        with pytest.raises(ServiceUnavailable):
            upload(bench, "consumption", days_from(0))
        (reason,) = {row["reason"] for row in rows_of(bench, days_from(0))}
        assert reason.startswith("not sent yet: GET /api/v2/Quantities")
        enerkey.faults.replace([])
        assert upload(bench, "consumption", days_from(0)).hours_verified == 24


def test_a_wrong_key_fails_the_run_without_naming_the_key(tmp_path):
    with town(tmp_path, settings={"ENERKEY_API_KEY_A": "secret-wrong"}) as (bench, _):
        hours_computed(bench, production(1))
        with pytest.raises(AccessRefused) as failed:
            upload(bench, "consumption", days_from(0))
        assert "secret-wrong" not in str(failed.value)


def test_a_spent_day_keeps_what_was_verified_and_says_when_it_goes_on(tmp_path):
    sites = [a_site(uploads=[to(), to(HEAT, unit="MWh", stream="consumption")])]
    with town(tmp_path, sites, settings={"ENERKEY_REQUESTS_PER_DAY": "6"}) as (bench, enerkey):
        hours_computed(bench, production(1))
        hours_computed(bench, production(1), stream="consumption")
        report = upload(bench, "consumption", days_from(0))
        assert report.goes_on_at == bench.clock.now() + timedelta(days=1)
        assert "requests of this day are used up" in report.stopped
        assert report.hours_accepted == 24
        held = [row for row in rows_of(bench, days_from(0)) if row["status"] == "held"]
        assert {row["reason"].split(":")[0] for row in held} == {"not sent yet"}
        bench.clock.advance(86_401)
        assert upload(bench, "consumption", days_from(0)).hours_verified == 24
        bench.clock.advance(86_401)
        assert upload(bench, "consumption", days_from(0)).hours_verified == 48
        assert set(enerkey.pushes_per_hour(CONSUMPTION).values()) == {1}


def test_what_an_earlier_run_left_open_is_looked_for_first_and_its_rows_follow(tmp_path):
    with town(tmp_path, read_back_delay_seconds=3600) as (bench, _):
        hours_computed(bench, production(2))
        report = upload(bench, "consumption", days_from(0))
        assert report.hours_accepted == 24
        assert "does not show it yet" in rows_of(bench, days_from(0))[0]["reason"]
        bench.clock.advance(7200)
        report = upload(bench, "consumption", days_from(1))
        assert report.refreshed == (START,)
        assert statuses(rows_of(bench, days_from(0))) == {("verified", None)}


def test_a_metered_day_that_the_vendors_total_contradicts_is_held(tmp_path):
    site = a_site(uploads=[to(stream="consumption")], production="meter")
    with town(tmp_path, [site]) as (bench, enerkey):
        fetched(bench, row_of_intervals(MIDNIGHT, [10.0] * 96 * 3), days_from(-1, 2))
        totals = {START: 960.0, START + DAY: 1200.0, START + 2 * DAY: 960.0}
        totals_fetched(bench, totals_table(totals, stream="consumption"))
        hours = {MIDNIGHT + n * HOUR: 40.0 for n in range(48)}
        hours_computed(bench, hours, stream="consumption")
        report = upload(bench, "consumption", days_from(0, 1))
        assert set(enerkey.stored_hours(CONSUMPTION)) == {MIDNIGHT + n * HOUR for n in range(24)}
        assert report.reasons == {"daily total disagrees": 24}
        reason = rows_of(bench, days_from(1))[0]["reason"]
        assert "is 1200 Wh, its intervals come to 960 Wh" in reason


def test_the_audit_finds_what_changed_after_it_was_verified(tmp_path):
    sites = [a_site(uploads=[to(), register()])]
    with town(tmp_path, sites) as (bench, enerkey):
        hours_computed(bench, production(2))
        readings_computed(bench, {MIDNIGHT + n * HOUR: 100.0 * n for n in range(49)})
        upload(bench, "consumption", days_from(0, 1))
        upload(bench, "cumulative", days_from(0, 1))
        assert audit(bench, "consumption").findings == ()
        assert audit(bench, "cumulative").findings == ()
        assert audit(bench, "consumption").hours == 48
        enerkey.write_as_other(CONSUMPTION, MIDNIGHT + 3 * HOUR, 2 * 0.103)
        enerkey.write_as_other(CUMULATIVE, MIDNIGHT + 3 * HOUR, 0.305)
        (finding,) = audit(bench, "consumption").findings
        assert (finding.start, finding.verified, finding.shown) == (
            MIDNIGHT + 3 * HOUR,
            0.103,
            0.206,
        )
        assert finding.what == "doubled"
        assert "doubled: verified 0.103 kWh, EnerKey shows 0.206 kWh" in str(finding)
        around = audit(bench, "cumulative").findings
        assert [f.start for f in around] == [MIDNIGHT + 2 * HOUR, MIDNIGHT + 3 * HOUR]


def test_the_audit_names_foreign_and_missing_hours(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(2))
        upload(bench, "consumption", days_from(0, 1))
        stranger = MIDNIGHT + 50 * HOUR
        enerkey.write_as_other(CONSUMPTION, stranger, 7.0)
        enerkey.write_as_other(CONSUMPTION, MIDNIGHT + HOUR, 0.5)
        state_url = f"{bench.settings.enerkey_base_url}/_sim/state"
        state = httpx.get(state_url).json()
        for layer in ("values", "readable"):
            del state[layer][str(CONSUMPTION)][str(int((MIDNIGHT + 2 * HOUR).timestamp()))]
        httpx.put(state_url, json=state).raise_for_status()

        found = {f.start: (f.what, f.shown) for f in audit(bench, "consumption").findings}
        assert found == {
            MIDNIGHT + HOUR: ("different", 0.5),
            MIDNIGHT + 2 * HOUR: ("missing", None),
            stranger: ("foreign", 7.0),
        }


def test_a_release_sends_what_a_person_has_looked_at(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(2))
        upload(bench, "consumption", days_from(0, 1))
        strange = {at: 1e6 * wh for at, wh in production(2, first=2).items()}
        hours_computed(bench, strange)
        held = upload(bench, "consumption", days_from(2, 3))
        assert held.reasons == {"strange size": 48}
        released = upload(bench, "consumption", days_from(2, 3), release_meters=[CONSUMPTION])
        assert released.hours_verified == 48
        assert enerkey.stored_hours(CONSUMPTION)[MIDNIGHT + 2 * DAY] == 148_000.0


def test_a_release_of_a_strange_meter_is_a_mistake(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        for work in (upload, rehearse):
            with pytest.raises(ConfigurationError, match="release_meters: found 999"):
                work(bench, "consumption", days_from(0), release_meters=[999])
        assert not enerkey.requests


def test_a_meter_whose_unit_changed_after_values_were_sent_stands_still(tmp_path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(2))
        upload(bench, "consumption", days_from(0))
        asked = len(enerkey.requests)
        site = a_site(uploads=[to(unit="Wh")])
        stored = bench.store.read_snapshot(ENERKEY_METERS)
        other = stored.set_column(6, stored.schema.field("unit"), pa.array(["Wh"] * 3))
        bench.store.write_snapshot(ENERKEY_METERS, other)
        moved = replace(bench, registry=Registry(sites=(site,)))
        report = upload(moved, "consumption", days_from(0, 1))
        assert len(enerkey.requests) == asked
        assert report.reasons == {"meter stands still": 24}
        assert "were sent in kWh" in rows_of(bench, days_from(1))[0]["reason"]


def test_a_meter_that_went_away_stops_no_other_one(tmp_path):
    sites = [a_site(uploads=[to(), to(104, stream="consumption")])]
    with town(tmp_path, sites, unknown_ids_in_list="404_all") as (bench, _):
        hours_computed(bench, production(1))
        hours_computed(bench, production(1), stream="consumption")
        refresh_meters(bench)
        stored = bench.store.read_snapshot(ENERKEY_METERS).to_pylist()
        gone = {**stored[0], "meter_id": 104}
        table = pa.Table.from_pylist([*stored, gone], schema=ENERKEY_METERS.schema)
        bench.store.write_snapshot(ENERKEY_METERS, table)
        report = upload(bench, "consumption", days_from(0))
        assert report.refused_meters == {104: "the EnerKey profile has no meter 104"}
        assert (report.hours_verified, report.hours_refused) == (24, 24)


def test_a_second_upload_says_that_it_waits(tmp_path):
    with town(tmp_path) as (bench, _):
        told, held, done = [], threading.Event(), threading.Event()

        def hold() -> None:
            with upload_lock(bench):
                held.set()
                done.wait(30)

        first = threading.Thread(target=hold)
        first.start()
        assert held.wait(30)

        def progress(what: str, *_: int) -> None:
            told.append(what)
            done.set()

        hours_computed(bench, production(1))
        upload(replace(bench, progress=progress), "consumption", days_from(0))
        first.join()
        assert told[0] == "waiting for another upload to EnerKey"


def test_sites_without_an_upload_of_the_kind_need_no_enerkey(tmp_path):
    with town(tmp_path, [a_site()]) as (bench, enerkey):
        report = upload(bench, "consumption", THREE)
        assert (report.meters, report.requests_spent, len(enerkey.requests)) == (0, 0, 0)
