"""`energy-pipeline ui` where it cannot serve; that it serves is seen in `end_to_end/`."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.main import app


def test_a_port_that_is_taken_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("workspace.yaml").touch()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        result = CliRunner().invoke(app, ["ui", "--port", str(port)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"port {port} of 127.0.0.1: Address already in use" in result.stderr
    assert "make ui PORT=" in result.stderr
    assert not Path(".dagster").exists()


def test_another_folder_than_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["ui"])
    assert result.exit_code == 1
    assert "workspace.yaml: no such file here" in result.stderr
