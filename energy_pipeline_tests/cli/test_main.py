from typer.testing import CliRunner

from energy_pipeline.cli.main import app


def test_every_command_of_the_interface_is_there():
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert all(f" {command} " in shown for command in ("check", "simulate", "demo", "ui"))


def test_without_a_command_the_help_is_shown():
    assert "Commands" in CliRunner().invoke(app, []).output
