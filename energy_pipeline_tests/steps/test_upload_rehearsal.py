"""A dry run says what an upload would send, and sends and writes nothing."""

from pathlib import Path

import pytest

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.errors import AccessRefused
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.steps.enerkey_meters import refresh_meters
from energy_pipeline.steps.upload import upload
from energy_pipeline.steps.upload_rehearsal import RehearsalReport, rehearse
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import a_site, clock_of, days_from
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

PUSHES = {"pushConsumptionsForMeter", "pushCumulativeReadingsForMeter"}
TWO: Days = days_from(0, 1)


def nothing_happened(bench: Workbench, enerkey, kind="consumption", meter_id=CONSUMPTION) -> None:
    assert not PUSHES & {record.operation for record in enerkey.requests}
    assert rows_of(bench, TWO, kind) == []
    ledger = Ledger(bench.state, bench.settings.enerkey_base_url, kind)
    assert ledger.entries(meter_id, TWO.span) == {}


def test_what_is_told_is_what_the_upload_sends_then(tmp_path: Path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, production(2))
        enerkey.write_as_other(CONSUMPTION, MIDNIGHT, 0.1)
        enerkey.write_as_other(CONSUMPTION, MIDNIGHT + 5 * HOUR, 99.0)
        report = rehearse(bench, "consumption", TWO)
        [meter] = report.meters
        nothing_happened(bench, enerkey)
        assert (meter.site, meter.meter_id, meter.meter) == ("a", CONSUMPTION, "Solar")
        assert (meter.facility, meter.unit) == ("Facility 11", "kWh")
        assert (meter.messages, meter.there, meter.problem) == (1, 1, "")
        [(reason, count)] = meter.held.items()
        assert "99 kWh" in reason
        assert count == 1

        sent = upload(bench, "consumption", TWO)
        taken = enerkey.pushes_per_hour(CONSUMPTION)
        assert set(meter.amounts) == {at for at, times in taken.items() if times}
        stored = enerkey.stored_hours(CONSUMPTION)
        assert dict(meter.amounts) == pytest.approx({at: stored[at] for at in meter.amounts})
        assert len(meter.amounts) == 46
        assert sent.messages == 1
        again: RehearsalReport = rehearse(bench, "consumption", TWO)
        assert again.meters[0].amounts == {}
        assert again.meters[0].there == 47


def test_a_register(tmp_path: Path):
    with town(tmp_path, [a_site(uploads=[register(opening_reading=1000)])]) as (bench, enerkey):
        readings = {MIDNIGHT + n * HOUR: 1_000_000.0 + 250 * n for n in range(49)}
        readings_computed(bench, readings)
        [meter] = rehearse(bench, "cumulative", TWO).meters

        nothing_happened(bench, enerkey, "cumulative", CUMULATIVE)
        assert dict(meter.amounts) == in_kwh(readings)


def test_a_meter_to_which_nothing_would_be_sent_says_why(tmp_path: Path):
    sites = [a_site(uploads=[to(unit="MWh")]), a_site("b", uploads=[to(HEAT, unit="MWh")])]
    with town(tmp_path, sites) as (bench, _):
        for site in "ab":
            hours_computed(bench, production(1), site=site)
        wrong, right = rehearse(bench, "consumption", days_from(0)).meters

        assert "its unit is kWh in EnerKey and MWh in sites.yaml" in wrong.problem
        assert (wrong.amounts, wrong.messages) == ({}, 0)
        assert (len(right.amounts), right.problem) == (24, "")


def test_a_strange_size_is_told_before_anything_is_sent(tmp_path: Path):
    with town(tmp_path) as (bench, enerkey):
        hours_computed(bench, {at: 1_000_000 * wh for at, wh in production(2).items()})
        for n in range(48):
            enerkey.write_as_other(CONSUMPTION, MIDNIGHT - (n + 1) * HOUR, 0.1)
        [meter] = rehearse(bench, "consumption", TWO).meters
        [released] = rehearse(bench, "consumption", TWO, release_meters=[CONSUMPTION]).meters

        assert "check the unit" in meter.problem
        assert (meter.amounts, len(released.amounts)) == ({}, 48)


def test_a_read_only_connection_sends_nothing_whoever_asks(tmp_path: Path):
    with town(tmp_path, settings={"ENERKEY_READ_ONLY": "true"}) as (bench, enerkey):
        hours_computed(bench, production(2))
        with pytest.raises(AccessRefused, match="ENERKEY_READ_ONLY is true; nothing was sent"):
            upload(bench, "consumption", TWO)

        assert not PUSHES & {record.operation for record in enerkey.requests}
        assert len(rehearse(bench, "consumption", TWO).meters[0].amounts) == 48


@pytest.mark.parametrize(
    ("facilities", "reason"),
    [
        ("11,99", "names 99, where the profile of the key has no meter"),
        ("12", "its facility is 11, which ENERKEY_FACILITIES does not name"),
    ],
)
def test_another_profile_than_the_one_that_is_meant_gets_nothing(
    tmp_path: Path, facilities: str, reason: str
):
    with town(tmp_path, settings={"ENERKEY_FACILITIES": facilities}) as (bench, enerkey):
        hours_computed(bench, production(1))
        assert reason in refresh_meters(bench).refused[CONSUMPTION]
        clock_of(bench).advance(DAY.total_seconds())
        report = upload(bench, "consumption", days_from(0))

        assert reason in report.refused_meters[CONSUMPTION]
        assert not PUSHES & {record.operation for record in enerkey.requests}


def test_the_profile_that_is_meant_may_have_more(tmp_path: Path):
    with town(tmp_path, settings={"ENERKEY_FACILITIES": "11"}) as (bench, _):
        hours_computed(bench, production(1))

        assert upload(bench, "consumption", days_from(0)).hours_verified == 24
