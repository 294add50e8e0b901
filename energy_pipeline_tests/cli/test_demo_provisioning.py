"""The demo's partner: what a person sees of a plan and of a refused deletion."""

from pathlib import Path

import pytest

from energy_pipeline.cli.demo_provisioning import show_provisioning
from energy_pipeline_tests.configuration.documents import VALID


def test_a_plan_and_a_refused_deletion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sites.yaml").write_text(VALID)

    assert show_provisioning(tmp_path) == 3
    shown = capsys.readouterr()
    assert "customers: 3 added, 0 changed, 0 renamed, 0 deleted" in shown.out
    assert "customers: 0 added, 0 changed, 0 renamed, 1 deleted" in shown.out
    assert "EnerKey still has 3 customers" in shown.out
    assert 'confirm_delete: ["C-1003"]' in shown.err
