"""The provisioning job in Dagster: what a person reads of a plan, and what stops a run."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from energy_pipeline.clock import Clock
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.defs.resources import TenantResource
from energy_pipeline_tests.configuration.documents import VALID
from energy_pipeline_tests.sinks.enerkey.provisioning.files import customer, facility, meter
from energy_pipeline_tests.steps.tenancy import FIVE, Tenancy, tenancy

BUILDING = facility("rooftop-1", meter("rooftop-1/production"))
HIDDEN = ("owner@example.com", "Esimerkkikatu")
PERSON = customer("C-5", email="owner@example.com", streetAddress="Esimerkkikatu 1")


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenancy]:
    """A user's folder; the work's clock is EnerKey's."""
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "sites.yaml").write_text(VALID)
    with tenancy(tmp_path) as made:
        settings = made.bench.settings
        environment = {
            "ENERGY_SITES_FILE": str(tmp_path / "sites.yaml"),
            "ENERGY_PROVISIONING_FILE": str(made.file),
            "ENERGY_DATA_URI": str(tmp_path / "data"),
            "ENERGY_STATE_URL": f"sqlite:///{tmp_path}/state.db",
            "ENLIGHTEN_API": "v2",
            "ENERKEY_BASE_URL": settings.enerkey_base_url,
            "ENERKEY_API_KEY_A": settings.enerkey_api_key_a.value.get_secret_value(),
            "ENERKEY_TENANT_KEY_A": settings.enerkey_tenant_key_a.value.get_secret_value(),
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        clock: Clock = made.clock
        monkeypatch.setattr(TenantResource, "clock", lambda _: clock)
        made.write([*FIVE[:4], PERSON], [BUILDING])
        yield made


def run(**config: dict[str, Any]) -> dg.ExecuteInProcessResult:
    from energy_pipeline.definitions import definitions

    job = definitions().resolve_job_def("provisioning")
    ops = {f"enerkey_{what}_snapshot": {"config": told} for what, told in config.items()}
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(
            instance=instance, run_config={"ops": ops}, raise_on_error=False
        )
        told = [str(entry) for entry in instance.all_logs(result.run_id)]
    for value in HIDDEN:
        assert value not in "\n".join(told)
    return result


def metadata(result: dg.ExecuteInProcessResult, what: str) -> dict[str, Any]:
    (event,) = result.asset_materializations_for_node(f"enerkey_{what}_snapshot")
    return {name: value.value for name, value in event.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> Any:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.user_failure_data


@pytest.mark.usefixtures("ours")
def test_both_snapshots_and_the_meters_that_they_make() -> None:
    result = run()

    assert result.success
    told = metadata(result, "customer")
    assert (told["listed"], told["added"], told["enerkey_created"]) == (5, 5, 5)
    assert told["enerkey"] == "took it (202), Completed"
    assert [record.data["id"] for record in told["plan"].records][-1] == "C-5"
    assert metadata(result, "facility")["meters_in_profile"] == 4
    again = run()
    assert metadata(again, "customer")["enerkey"] == "already had it (208), Completed"
    assert "plan" not in metadata(again, "customer")


def test_a_refused_deletion_says_how_it_can_be_meant(ours: Tenancy) -> None:
    assert run().success
    ours.write(FIVE[:4], [BUILDING])
    refused = run()
    told = failure(refused)

    assert not refused.success
    assert 'confirm_delete: ["C-5"]' in told.description
    assert [each.data["change"] for each in told.metadata["plan"].value.records] == ["deleted"]
    assert "C-5" in ours.simulator.customers
    assert run(customer={"confirm_delete": ["C-5"]}).success
    assert "C-5" not in ours.simulator.customers


def test_off_unless_configured(ours: Tenancy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENERKEY_TENANT_KEY_A")
    result = run()

    assert "provisioning is off" in failure(result).description
    assert ours.operations() == []


def test_a_mistake_in_the_file_has_its_line(ours: Tenancy) -> None:
    ours.write([{**PERSON, "email": ["owner@example.com"]}])
    result = run()

    assert "provisioning.yaml:1: customers[0].email: found a value" in failure(result).description
    assert json.loads(ours.file.read_text())["complete"]
    assert os.environ["ENERKEY_TENANT_KEY_A"] not in failure(result).description
