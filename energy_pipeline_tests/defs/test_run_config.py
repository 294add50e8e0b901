"""What a run says to its steps: its days, and what a person has released."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from energy_pipeline.calendar import HOUR, Days
from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.defs import enerkey, enlighten
from energy_pipeline.defs.enerkey import enerkey_consumption_upload, enerkey_cumulative_upload
from energy_pipeline.defs.enlighten import enlighten_consumption
from energy_pipeline.defs.partitions import FLEET_DAYS, ONE_RUN, run_days
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.steps.upload_rehearsal import MeterRehearsal, RehearsalReport

FIRST = FLEET_DAYS.get_first_partition_key()


class NoWorkbench(WorkbenchResource):
    @contextmanager
    def open(self, *_: object) -> Generator[SimpleNamespace]:
        yield SimpleNamespace(settings=load_settings({}, None))


class ReadOnly(WorkbenchResource):
    @contextmanager
    def open(self, *_: object) -> Generator[SimpleNamespace]:
        yield SimpleNamespace(settings=load_settings({"ENERKEY_READ_ONLY": "true"}, None))


@dg.asset(partitions_def=FLEET_DAYS, backfill_policy=ONE_RUN)
def looked_at(context: dg.AssetExecutionContext) -> str:
    return str(run_days(context))


def run(
    asset: dg.AssetsDefinition, bench: WorkbenchResource | None = None, **how: Any
) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions(assets=[asset], resources={"workbench": bench or NoWorkbench()})
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(raise_on_error=False, **how)


def failure(result: dg.ExecuteInProcessResult) -> str:
    [failed] = [each for each in result.all_events if each.is_step_failure]
    return str(failed.step_failure_data.user_failure_data.description)


def test_a_run_has_its_days() -> None:
    assert run(looked_at, partition_key=FIRST).output_for_node("looked_at") == FIRST


def test_a_run_without_a_day_says_what_is_allowed() -> None:
    assert "allowed: UTC days, as in --partition 2024-05-01" in failure(run(looked_at))


UPLOADS = pytest.mark.parametrize(
    ("asset", "kind"),
    [(enerkey_consumption_upload, "consumption"), (enerkey_cumulative_upload, "cumulative")],
)


@UPLOADS
def test_what_a_person_releases_reaches_the_upload(
    asset: dg.AssetsDefinition, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(_bench: object, asked: str, _days: object, *, release_meters: Sequence[int]) -> None:
        raise dg.Failure(f"{asked}: {release_meters}", allow_retries=False)

    monkeypatch.setattr(enerkey, "upload", told)
    config = {"ops": {asset.op.name: {"config": {"release_meters": [7]}}}}
    assert failure(run(asset, partition_key=FIRST, run_config=config)) == f"{kind}: [7]"


def test_what_a_fetch_may_spend_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(_bench: None, stream: str, _days: object, *, spend_kept: bool, **_: object) -> None:
        raise dg.Failure(f"{stream}: {spend_kept}", allow_retries=False)

    monkeypatch.setattr(enlighten, "fetch_intervals", told)
    config = {"ops": {"enlighten_consumption": {"config": {"spend_kept": True}}}}
    found = failure(run(enlighten_consumption, partition_key=FIRST, run_config=config))
    assert found == "consumption: True"


@UPLOADS
@pytest.mark.parametrize(
    ("bench", "config"),
    [(NoWorkbench(), {"dry_run": True}), (ReadOnly(), {})],
    ids=["run", "environment"],
)
def test_a_dry_run_makes_nothing_and_is_an_observation(
    asset: dg.AssetsDefinition,
    kind: Any,
    bench: WorkbenchResource,
    config: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rehearsed(_bench: object, asked: Any, days: Days, **_: object) -> RehearsalReport:
        at = days.span.start
        amounts = {at: 0.25, at + HOUR: 1.5}
        meter = MeterRehearsal("a", "production", 101, "Roof", "Home", "kWh", amounts, 1, 3, {}, "")
        return RehearsalReport(asked, days, (meter,), 4)

    monkeypatch.setattr(enerkey, "rehearse", rehearsed)
    monkeypatch.delattr(enerkey, "upload")
    how = {"ops": {asset.op.name: {"config": config}}}
    result = run(asset, bench, partition_key=FIRST, run_config=how)

    assert result.success
    assert result.get_asset_materialization_events() == []
    [observed] = result.get_asset_observation_events()
    metadata = observed.asset_observation_data.asset_observation.metadata
    assert (metadata["hours_to_send"].value, metadata["messages_to_send"].value) == (2, 1)
    [row] = metadata["would be sent"].value.records
    assert (row.data["meter"], row.data["facility"]) == ("101 Roof", "Home")
    assert (row.data["least"], row.data["most"]) == ("0.25 kWh", "1.5 kWh")
    assert observed.asset_key.path == [f"enerkey_{kind}_upload"]


def test_a_fetch_knows_when_its_run_began(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[datetime] = []

    def told(*_: object, since: datetime, **_how: bool) -> None:
        begun.append(since)
        raise dg.Failure(allow_retries=False)

    monkeypatch.setattr(enlighten, "fetch_intervals", told)
    before = datetime.now(UTC)
    failure(run(enlighten_consumption, partition_key=FIRST))
    assert before - timedelta(seconds=1) <= begun[0] <= datetime.now(UTC)
