"""The code location loads, and is what users and tools rely on."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from energy_pipeline.definitions import definitions
from energy_pipeline.defs.partitions import FLEET_DAYS, RANGE_END, RANGE_START, RUNNING_DAYS
from energy_pipeline.schema import DATASETS

PARTITIONED = {
    "enlighten_production",
    "enlighten_consumption",
    "enlighten_grid_import",
    "enlighten_grid_export",
    "enlighten_battery_charge",
    "enlighten_battery_discharge",
    "hourly_energy",
    "cumulative_readings",
    "enerkey_consumption_upload",
    "enerkey_cumulative_upload",
}
POLLED = {"envoy_readings", "envoy_inverters"}
WHOLE = {
    "enlighten_systems",
    "enlighten_devices",
    "enlighten_daily_energy",
    "enerkey_meters",
}
ON_DEMAND = {"enlighten_events", "enlighten_monthly_production", "envoy_inventory"}
PROVISIONED = {"enerkey_customer_snapshot", "enerkey_facility_snapshot"}
READ = {
    "enerkey_facilities",
    "enerkey_monthly_values",
    "enerkey_specific_consumption",
    "enerkey_facility_reports",
}
SHOWN = READ | {"enerkey_alarms"}
EVERY = PARTITIONED | POLLED | WHOLE | ON_DEMAND | PROVISIONED | SHOWN


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return definitions()


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_everything_loads(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)


def test_asset_keys_are_the_public_ones(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(specs) == EVERY


def test_partitioned_assets_have_the_fleets_days(specs: dict[str, dg.AssetSpec]) -> None:
    assert {key for key, spec in specs.items() if spec.partitions_def == FLEET_DAYS} == PARTITIONED
    assert {key for key, spec in specs.items() if spec.partitions_def == RUNNING_DAYS} == POLLED
    assert {key for key, spec in specs.items() if spec.partitions_def is None} == (
        WHOLE | ON_DEMAND | PROVISIONED | SHOWN
    )


def test_only_what_is_polled_has_a_key_for_the_running_day() -> None:
    now = datetime(2026, 6, 11, 12, 0, tzinfo=UTC)
    assert FLEET_DAYS.get_partition_keys(now)[-1] == "2026-06-10"
    assert RUNNING_DAYS.get_partition_keys(now)[-1] == "2026-06-11"
    assert FLEET_DAYS.get_first_partition_key() == RUNNING_DAYS.get_first_partition_key()


def test_a_range_is_one_run_for_every_asset(defs: dg.Definitions) -> None:
    policies = {
        key.to_user_string(): defs.resolve_asset_graph().get(key).backfill_policy
        for key in defs.resolve_asset_graph().materializable_asset_keys
    }

    assert set(policies.values()) == {dg.BackfillPolicy.single_run()}, policies


@pytest.mark.parametrize("key", sorted(EVERY))
def test_every_asset_says_what_it_is(key: str, specs: dict[str, dg.AssetSpec]) -> None:
    spec = specs[key]
    columns = spec.metadata["dagster/column_schema"].columns

    assert spec.description == DATASETS[key].description
    assert spec.group_name in {"enlighten", "envoy", "energy", "enerkey", "provisioning", "reports"}
    assert spec.owners
    assert spec.kinds
    assert [column.name for column in columns] == DATASETS[key].schema.names
    assert all(column.description for column in columns)
    energies = [column for column in columns if column.name.endswith("_wh")]
    assert all("[Wh]" in column.description for column in energies)


def test_the_chain_is_ordered_from_fetch_to_upload(specs: dict[str, dg.AssetSpec]) -> None:
    upstream = {
        key: {dep.asset_key.to_user_string() for dep in spec.deps} for key, spec in specs.items()
    }

    assert upstream["hourly_energy"] >= {
        "enlighten_production",
        "enlighten_daily_energy",
        "envoy_readings",
    }
    assert upstream["cumulative_readings"] == {"hourly_energy"}
    assert upstream["enerkey_consumption_upload"] == {"hourly_energy", "enerkey_meters"}
    assert upstream["enerkey_cumulative_upload"] == {"cumulative_readings", "enerkey_meters"}


def test_wrong_numbers_are_stopped_and_late_ones_are_not(defs: dg.Definitions) -> None:
    blocking = {
        key.name: defs.resolve_asset_graph().get_check_spec(key).blocking
        for key in defs.resolve_asset_graph().asset_check_keys
    }

    assert {name for name, is_blocking in blocking.items() if is_blocking} == {
        "energy_is_conserved",
        "counted_energy_is_conserved",
        "agrees_with_daily_totals",
        "register_chain_is_unbroken",
    }
    assert {name for name, is_blocking in blocking.items() if not is_blocking} == {
        "days_complete",
        "no_long_gaps",
        "gateway_and_enlighten_agree",
        "gateway_hours_are_plausible",
        "months_agree_with_days",
        "every_gateway_answered",
        "every_site_answered",
        "every_hour_verified",
        "enerkey_matches_ledger",
        "keys_hold",
        "authorizations_hold",
    }


def test_the_daily_job_covers_all_but_gateways_and_what_is_asked_on_demand(
    defs: dg.Definitions,
) -> None:
    job = defs.resolve_job_def("daily_energy")

    assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == (
        PARTITIONED | WHOLE
    )


def test_the_schedule_covers_the_seven_days_before(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    schedule = repository.get_schedule_def("trailing_days")
    tick = datetime(2026, 3, 30, 4, 15, tzinfo=UTC)
    with dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository) as at:
        [request] = schedule.evaluate_tick(at).run_requests

    assert schedule.cron_schedule == "15 4 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert request.tags[RANGE_START] == "2026-03-23"
    assert request.tags[RANGE_END] == "2026-03-29"


def test_provisioning_is_apart_and_off(defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("provisioning")
    schedule = defs.get_repository_def().get_schedule_def("nightly_provisioning")

    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == PROVISIONED
    assert schedule.job_name == "provisioning"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


@pytest.mark.parametrize(
    ("job", "keys"),
    [
        ("poll_envoy", POLLED),
        ("inspect_envoy", {"envoy_inventory"}),
        ("read_enerkey", READ),
        ("watch_enlighten", {"enlighten_systems", "enlighten_events"}),
    ],
)
def test_the_other_jobs_do_nothing_else(job: str, keys: set[str], defs: dg.Definitions) -> None:
    found = defs.resolve_job_def(job)

    assert {key.to_user_string() for key in found.asset_layer.executable_asset_keys} == keys
    assert found.executor_def is dg.in_process_executor


def test_gateways_are_polled_into_the_running_day_every_five_minutes(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    schedule = repository.get_schedule_def("gateway_polls")
    tick = datetime(2026, 3, 30, 0, 0, tzinfo=UTC)
    with dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository) as at:
        [request] = schedule.evaluate_tick(at).run_requests

    assert schedule.cron_schedule == "*/5 * * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert request.partition_key == "2026-03-30"
