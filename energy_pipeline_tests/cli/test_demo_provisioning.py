"""The demo's partner: a plan and a refused deletion, and what is there afterwards."""

from pathlib import Path

import pytest

from energy_pipeline.cli.demo_provisioning import show_provisioning
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    Switches,
    profile,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline.steps.provisioning import PlanRefused, provision
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.configuration.documents import VALID


def simulated(folder: Path) -> EnerKeySimulator:
    at_once = Switches(provisioning_queued_s=0, provisioning_worked_s=0)
    return EnerKeySimulator(
        profile([]), VirtualClock(), at_once, state_file=folder / "enerkey.json"
    )


def test_a_plan_and_a_refused_deletion_that_the_page_shows_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites.yaml").write_text(VALID)
    with serve(simulated(tmp_path).app) as server:
        environment = {
            "ENERGY_DATA_URI": str(tmp_path / "data"),
            "ENERGY_PROVISIONING_FILE": str(tmp_path / "provisioning.yaml"),
            "ENLIGHTEN_API": "v2",
            "ENERKEY_BASE_URL": server.base_url,
            "ENERKEY_TENANT_KEY_A": SIMULATED_TENANT_KEY_A,
        }
        assert show_provisioning(environment) == 3
    shown = capsys.readouterr()
    assert "customers: 3 added, 0 changed, 0 renamed, 0 deleted" in shown.out
    assert "customers: 0 added, 0 changed, 0 renamed, 1 deleted" in shown.out
    assert "EnerKey still has 3 customers" in shown.out
    assert 'confirm_delete: ["C-1003"]' in shown.err

    later = simulated(tmp_path)
    with serve(later.app, server.port), open_workbench(environ=environment) as bench:
        with pytest.raises(PlanRefused, match=r"C-1003 \(Kolmas Oy\)"):
            provision(bench, "customers")
        assert list(later.customers) == ["C-1001", "C-1002", "C-1003"]
