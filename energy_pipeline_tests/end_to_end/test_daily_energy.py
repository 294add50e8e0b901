"""The daily job in Dagster: what is stopped, what goes on, and what a person reads of it."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import yaml

from energy_pipeline.calendar import Days
from energy_pipeline.defs import energy, enlighten
from energy_pipeline.schema import CUMULATIVE_READINGS, ENLIGHTEN_DAILY_ENERGY, HOURLY_ENERGY
from energy_pipeline.simulators.enlighten.model import House as ModelledHouse
from energy_pipeline.simulators.enlighten.model import modelled_system
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.steps.cumulative import CumulativeReport
from energy_pipeline.steps.daily_energy import TotalsReport, fetch_daily_energy
from energy_pipeline.steps.hourly import HourlyReport
from energy_pipeline.workbench import Workbench, open_workbench
from energy_pipeline_tests.end_to_end.town import House, Town, town

DAYS = Days(date(2024, 3, 29), date(2024, 4, 1))
AFTER = datetime(2024, 4, 10, tzinfo=UTC)
HOURS = len(DAYS) * 24
WITH_SITES = (
    *("enlighten_production", "enlighten_consumption", "hourly_energy", "cumulative_readings"),
    *("enerkey_consumption_upload", "enerkey_cumulative_upload"),
)

pytestmark = pytest.mark.timeout(180)


def a_house(number: int) -> House:
    modelled = ModelledHouse(system_id=number, timezone="Europe/London", latitude=51.5)
    day = timedelta(days=1)
    system = modelled_system(modelled, DAYS.first - 2 * day, DAYS.last + 2 * day)
    uploads = (("production", "consumption"), ("consumption", "cumulative"))
    return House(f"house-{number}", system, DAYS.first, "meter", uploads)


@pytest.fixture
def place(tmp_path: Path) -> Generator[Town]:
    with town(tmp_path, [a_house(67), a_house(68)], AFTER) as made:
        yield made


def run(days: Days = DAYS) -> dg.ExecuteInProcessResult:
    from energy_pipeline.definitions import definitions
    from energy_pipeline.defs.partitions import range_tags

    job = definitions().resolve_job_def("daily_energy")
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(
            instance=instance, tags=range_tags(days), raise_on_error=False
        )


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    found = {}
    for evaluation in result.get_asset_check_evaluations():
        found[f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"] = evaluation
    return found


def last_metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, object]:
    events = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in events[-1].metadata.items()}


def tamper(bench: Workbench, dataset: object, column: str, day: date, add: float) -> None:
    """Write the day of the first house again with more in one column."""
    table = bench.store.read(dataset, Days(day, day))
    mine = table.filter(pc.equal(table["site"], "house-67"))
    at = mine.schema.get_field_index(column)
    changed = mine.set_column(at, mine.schema.field(at), pc.add(mine[column], add))
    known = bench.store.coverage(dataset, Days(day, day), ["house-67"])[day]
    bench.store.replace(dataset, day, changed, list(known.values()))


@pytest.mark.usefixtures("place")
def test_everything_is_well_and_said_so() -> None:
    result = run()

    assert result.success
    assert all(evaluation.passed for evaluation in checks(result).values()), checks(result)
    fetched = last_metadata(result, "enlighten_production")
    assert fetched["rows"] == 2 * len(DAYS) * 96
    assert fetched["sites_complete"] == 2
    assert fetched["hits_spent"] == 2
    uploaded = last_metadata(result, "enerkey_consumption_upload")
    assert uploaded["hours_verified"] == 2 * HOURS
    assert uploaded["messages_sent"] == 2
    assert "data:image/png;base64," in str(last_metadata(result, "hourly_energy")["hours"])
    totals = last_metadata(result, "enlighten_daily_energy")
    assert "data:image/png;base64," in str(totals["totals"])
    assert str(totals["kwh_of_last_days"]).startswith("consumption ")


@pytest.mark.usefixtures("place")
def test_pictures_and_tables_are_on_the_last_day_alone() -> None:
    result = run()

    for asset in (
        *("enlighten_production", "enlighten_consumption", "hourly_energy"),
        *("cumulative_readings", "enerkey_consumption_upload", "enerkey_cumulative_upload"),
    ):
        *others, last = result.asset_materializations_for_node(asset)
        assert last.partition == str(DAYS.last)
        sizes = [len(str(event.metadata)) for event in others]
        assert len(others) == len(DAYS) - 1
        assert max(sizes) < 3_000
        assert "image/png" in str(last.metadata)


def test_energy_that_appears_between_intervals_and_hours_stops_the_upload(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = energy.compute_hourly

    def wrong(bench: Workbench, days: Days, bridged: Sequence[str]) -> HourlyReport:
        report = compute(bench, days, bridged)
        tamper(bench, HOURLY_ENERGY, "energy_wh", DAYS.first, 1.0)
        return report

    monkeypatch.setattr(energy, "compute_hourly", wrong)
    result = run()

    assert not result.success
    assert not checks(result)["hourly_energy:energy_is_conserved"].passed
    assert place.pushes == 0


def test_what_is_wrong_with_one_site_does_not_stop_a_run_of_the_other(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = energy.compute_hourly

    def wrong(bench: Workbench, days: Days, bridged: Sequence[str]) -> HourlyReport:
        report = compute(bench, days, bridged)
        tamper(bench, HOURLY_ENERGY, "energy_wh", DAYS.first, 1.0)
        return report

    with monkeypatch.context() as patch:
        patch.setattr(energy, "compute_hourly", wrong)
        assert not run().success
    other = {"config": {"sites": ["house-68"]}}
    result = place.run_daily_energy(DAYS, dict.fromkeys(WITH_SITES, other))

    assert result.success
    conserved = checks(result)["hourly_energy:energy_is_conserved"]
    assert conserved.metadata["sites"].value == "house-68"
    assert place.enerkey.stored_hours(670) == {}
    assert len(place.enerkey.stored_hours(680)) == HOURS


def test_a_register_that_jumps_stops_its_upload(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute = energy.compute_cumulative

    def wrong(bench: Workbench, days: Days) -> CumulativeReport:
        report = compute(bench, days)
        day = DAYS.first + timedelta(days=2)
        tamper(bench, CUMULATIVE_READINGS, "reading_wh", day, 5000.0)
        return report

    monkeypatch.setattr(energy, "compute_cumulative", wrong)
    result = run()

    assert not result.success
    assert not checks(result)["cumulative_readings:register_chain_is_unbroken"].passed
    assert place.enerkey.stored_readings(671) == {}


def wrong_totals(sites: list[str], *, every_day: bool = False) -> None:
    """Make the stored totals of one local day, or of all, contradict the intervals."""
    with open_workbench() as bench:
        totals = bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY)
        is_day = pc.equal(totals["day"], pa.scalar(DAYS.first + timedelta(days=1)))
        is_site = pc.is_in(totals["site"], pa.array(sites))
        hit = is_site if every_day else pc.and_(is_site, is_day)
        energy_wh = pc.if_else(hit, pc.add(totals["energy_wh"], 5000.0), totals["energy_wh"])
        at = totals.schema.get_field_index("energy_wh")
        bench.store.write_snapshot(
            ENLIGHTEN_DAILY_ENERGY, totals.set_column(at, totals.schema.field(at), energy_wh)
        )


def compute_again() -> dict[str, dg.AssetCheckEvaluation]:
    from energy_pipeline.definitions import definitions
    from energy_pipeline.defs.partitions import range_tags

    job = definitions().resolve_job_def("daily_energy")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance,
            tags=range_tags(DAYS),
            raise_on_error=False,
            asset_selection=[dg.AssetKey("hourly_energy")],
        )
    return checks(result)


@pytest.mark.usefixtures("place")
def test_one_site_that_disagrees_does_not_stop_the_others() -> None:
    assert run().success
    wrong_totals(["house-67"])
    one = compute_again()["hourly_energy:agrees_with_daily_totals"]
    assert (one.passed, one.severity) == (False, dg.AssetCheckSeverity.WARN)

    wrong_totals(["house-67", "house-68"])
    other_days_agree = compute_again()["hourly_energy:agrees_with_daily_totals"]
    assert other_days_agree.severity == dg.AssetCheckSeverity.WARN


def test_when_no_site_agrees_the_upload_is_stopped(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(bench: Workbench, *, force: bool) -> TotalsReport:
        report = fetch_daily_energy(bench, force=force)
        wrong_totals(["house-67", "house-68"], every_day=True)
        return report

    monkeypatch.setattr(enlighten, "fetch_daily_energy", wrong)
    result = run()
    check = checks(result)["hourly_energy:agrees_with_daily_totals"]

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert not result.success
    assert place.pushes == 0


def test_sites_that_upload_nothing_need_no_key(tmp_path: Path) -> None:
    with town(tmp_path, [replace(a_house(67), uploads=())], AFTER, ENERKEY_API_KEY_A="") as place:
        result = run()
        assert result.success
        assert len(place.read("hourly_energy")) > 24
        assert place.enerkey.requests == []


def test_a_site_that_is_refused_does_not_keep_the_other_back(place: Town) -> None:
    file = place.folder / "sites.yaml"
    sites = yaml.safe_load(file.read_text())
    sites["sites"][1]["enlighten"]["user_id"] = "4d7a45774e6a41320b"
    file.write_text(yaml.safe_dump(sites))
    result = run()

    assert result.success
    assert len(place.enerkey.stored_hours(670)) == HOURS
    assert place.enerkey.stored_hours(680) == {}
    answered = checks(result)["enlighten_production:every_site_answered"]
    assert (answered.passed, answered.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert "house-68" in str(answered.metadata["findings"])
    assert last_metadata(result, "enlighten_production")["sites_failed"] == 1


@pytest.mark.usefixtures("place")
def test_when_every_site_is_refused_the_run_fails_and_says_why() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENLIGHTEN_API_KEY", "a-wrong-key")
        result = run()

    assert not result.success
    failed = [event for event in result.all_events if event.is_step_failure]
    told = str(failed[0].event_specific_data)
    assert "ENLIGHTEN_API_KEY" in told
    assert "a-wrong-key" not in told


def test_a_spent_month_ends_in_peace_and_goes_on_the_next(tmp_path: Path) -> None:
    """Three requests are allowed by the vendor: the list of systems and two series.

    The vendor's clock shows another year than ours, as a replay does: only it knows its months.
    """
    houses = [a_house(67), a_house(68)]
    switches = Switches(history_days=None, requests_per_month=3)
    with town(tmp_path, houses, AFTER, switches=switches) as place:
        result = run()
        assert result.success
        found = [
            last_metadata(result, name)
            for name in ("enlighten_production", "enlighten_consumption")
        ]
        assert any("used up" in str(each.get("ended_by")) for each in found)
        assert any("house-68" in str(each.get("missing")) for each in found)

        place.cloud.switches = replace(switches, requests_per_month=None)
        assert run().success
        assert len(place.enerkey.stored_hours(670)) == HOURS
        assert len(place.enerkey.stored_hours(680)) == HOURS


def test_a_person_reads_why_a_meter_is_refused(place: Town) -> None:
    file = place.folder / "sites.yaml"
    sites = yaml.safe_load(file.read_text())
    sites["sites"][0]["uploads"][0]["unit"] = "MWh"
    file.write_text(yaml.safe_dump(sites))
    result = run()

    assert result.success
    assert place.enerkey.stored_hours(670) == {}
    assert len(place.enerkey.stored_hours(680)) == HOURS
    upload = place.read("enerkey_consumption_upload")
    mine = upload[upload["meter_id"] == 670]
    assert set(mine["status"]) == {"refused"}
    assert mine["reason"].str.contains("kWh").all()
    verified = checks(result)["enerkey_consumption_upload:every_hour_verified"]
    assert (verified.passed, verified.severity) == (False, dg.AssetCheckSeverity.ERROR)
