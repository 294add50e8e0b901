"""Devices of the sites, and what can be measured there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.configuration.sites import STREAMS
from energy_pipeline.errors import NothingDone
from energy_pipeline.schema import ENLIGHTEN_DEVICES
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Fleet, Grant
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.sources.enlighten.asked import Ask
from energy_pipeline.sources.enlighten.devices import Device
from energy_pipeline.sources.enlighten.v2.inventory import inventory
from energy_pipeline.steps import devices as steps_devices
from energy_pipeline.steps.devices import KNOWN_FOR, fetch_devices, streams_of_devices
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

BATTERY = Battery(capacity_wh=5000, power_w=2500)
NIGHT = datetime(2024, 6, 10, 4, 15, tzinfo=UTC)


def held(here: Place) -> pd.DataFrame:
    return pd.read_parquet(here.folder / "data" / "enlighten_devices")


def test_every_device_has_a_row_with_its_site(tmp_path: Path) -> None:
    systems = [house(67, micros=3), house(68, micros=2, measured_by="micro")]
    with place(tmp_path, [entry(system) for system in systems], systems, NIGHT) as here:
        report = fetch_devices(here.bench)

        rows = held(here)
    assert report.rows == len(rows) == 3 + 1 + 2 + 2 + 1 + 1
    assert (report.asked, report.hits_spent) == (2, 2)
    assert rows.groupby(["site", "kind"]).size().to_dict() == {
        ("house-67", "gateway"): 1,
        ("house-67", "inverter"): 3,
        ("house-67", "meter"): 2,
        ("house-68", "gateway"): 1,
        ("house-68", "inverter"): 2,
        ("house-68", "meter"): 1,
    }
    assert (rows["fetched_at"] == pd.Timestamp(NIGHT)).all()
    assert set(rows["system_id"]) == {67, 68}


def test_devices_are_asked_for_once_a_utc_day(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NIGHT) as here:
        assert fetch_devices(here.bench).hits_spent == 1
        here.clock.advance(19 * 3600)
        assert fetch_devices(here.bench).hits_spent == 0
        assert fetch_devices(here.bench, force=True).hits_spent == 1
        here.clock.set(NIGHT + timedelta(days=1))
        assert fetch_devices(here.bench).hits_spent == 1


def test_a_site_without_any_device_is_asked_for_once_a_day_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(ask: Ask, system_id: int) -> list[Device]:
        found = await inventory(ask, system_id)
        return [] if system_id == 67 else found

    systems = [house(67), house(68)]
    with place(tmp_path, [entry(system) for system in systems], systems, NIGHT) as here:
        with monkeypatch.context() as patch:
            patch.setattr(steps_devices, "inventory", nothing)
            assert fetch_devices(here.bench).hits_spent == 2
            assert fetch_devices(here.bench).hits_spent == 0
            here.clock.advance(60)
            with open_workbench(["house-68"], environ=here.environ, clock=here.clock) as narrow:
                assert fetch_devices(narrow, force=True).hits_spent == 1
            assert fetch_devices(here.bench).hits_spent == 0, "what is known of 67 stays"
            here.clock.set(NIGHT + timedelta(days=1))
            assert fetch_devices(here.bench).hits_spent == 2
        assert set(held(here)["site"]) == {"house-68"}
        assert set(streams_of_devices(here.bench)) == {"house-68"}

        here.clock.set(NIGHT + timedelta(days=2))
        assert fetch_devices(here.bench).hits_spent == 2
        assert set(held(here)["site"]) == {"house-67", "house-68"}
        assert here.bench.store.snapshot_coverage(ENLIGHTEN_DEVICES) == {}


def test_a_device_that_is_gone_has_no_row(tmp_path: Path) -> None:
    before, after = house(micros=3), house(micros=2)
    with place(tmp_path, [entry(before)], [before], NIGHT) as here:
        fetch_devices(here.bench)
        serials = set(held(here)["serial"])
    with place(tmp_path, [entry(after)], [after], NIGHT + timedelta(days=1)) as here:
        fetch_devices(here.bench)
        assert len(serials - set(held(here)["serial"])) == 1


def test_a_site_that_is_refused_keeps_its_rows_and_costs_no_other_one_its_own(
    tmp_path: Path,
) -> None:
    systems = [house(67), house(68)]
    entries = [entry(system) for system in systems]
    with place(tmp_path, entries, systems, NIGHT) as here:
        fetch_devices(here.bench)
    fleet = Fleet({s.system_id: s for s in systems}, {DEMO_USER_ID: Grant(frozenset({68}))})
    later = NIGHT + timedelta(days=1)
    with place(tmp_path, entries, systems, later, fleet=fleet) as here:
        report = fetch_devices(here.bench)
        fetched_at = held(here).groupby("site")["fetched_at"].max()

    assert set(report.failures) == {"house-67"}
    assert fetched_at["house-67"] == pd.Timestamp(NIGHT)
    assert fetched_at["house-68"] == pd.Timestamp(later)


def test_no_devices_at_all_are_an_error(tmp_path: Path) -> None:
    system = house()
    with (
        place(tmp_path, [entry(system)], [system], NIGHT, fleet=Fleet({}, {})) as here,
        pytest.raises(NothingDone),
    ):
        fetch_devices(here.bench)


def test_a_spent_quota_ends_the_run_and_tells_when_it_goes_on(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    entries = [entry(system) for system in systems]
    plan = {"ENLIGHTEN_REQUESTS_PER_MONTH": "1"}
    with place(tmp_path, entries, systems, NIGHT, **plan) as here:
        report = fetch_devices(here.bench)
    assert (report.hits_spent, report.failures) == (1, {})
    assert report.ended_by
    assert report.goes_on_at == datetime(2024, 7, 1, tzinfo=UTC)


def test_a_run_over_some_sites_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    systems = [house(67), house(68)]
    with place(tmp_path, [entry(s) for s in systems], systems, NIGHT) as here:
        fetch_devices(here.bench)
        here.clock.advance(86_400)
        with open_workbench(["house-67"], environ=here.environ, clock=here.clock) as narrow:
            assert fetch_devices(narrow).asked == 1
        assert held(here)["fetched_at"].nunique() == 2


def test_streams_follow_from_the_devices_and_cost_nothing(tmp_path: Path) -> None:
    systems = [house(67), house(68, measured_by="micro"), house(69)]
    entries = [entry(system) for system in systems]
    with place(tmp_path, entries, systems, NIGHT) as here:
        assert streams_of_devices(here.bench) == {}
        here.cloud.faults = Faults(next_failures=("500",) * 5, only_path="/69/")
        assert set(fetch_devices(here.bench).failures) == {"house-69"}
        hits = here.cloud.hits
        streams = streams_of_devices(here.bench)
        assert here.cloud.hits == hits
        here.clock.advance(KNOWN_FOR.total_seconds() + 1)
        assert streams_of_devices(here.bench) == {}
    assert set(streams) == {"house-67", "house-68"}
    assert streams["house-67"] >= {"production", "consumption"}


def test_both_dialects_list_the_same_devices_of_a_house(tmp_path: Path) -> None:
    systems = [house(67, micros=3, battery=BATTERY)]
    rows: dict[str, pd.DataFrame] = {}
    for api in ("v2", "v4"):
        folder = tmp_path / api
        folder.mkdir()
        with place(folder, [entry(systems[0], api=api)], systems, NIGHT) as here:
            assert fetch_devices(here.bench).hits_spent == 1
            assert here.endpoints()["inventory" if api == "v2" else "devices"] == 1
            rows[api] = held(here).set_index(["kind", "serial"])
            streams = streams_of_devices(here.bench)["house-67"]
    shared = [key for key in rows["v2"].index if key[0] != "meter"]
    assert set(shared) <= set(rows["v4"].index)
    assert rows["v4"]["last_report_at"].notna().all()
    assert set(rows["v4"]["measures"].dropna()) == {"production", "net", "total"}
    assert streams == set(STREAMS)
