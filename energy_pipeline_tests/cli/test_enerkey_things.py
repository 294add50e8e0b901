"""Alarms and actions at a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.configuration.environment import PATH_OF_VARIABLE
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    Fault,
    Meter,
    profile,
)
from energy_pipeline.sinks.enerkey.actions import Actions, StoredAction
from energy_pipeline_tests.configuration.documents import VALID
from energy_pipeline_tests.steps.tenancy import Tenancy, tenancy

ACTION = {
    "id": 5012,
    "name": "Replace [b]lighting",
    "facilityIds": [11],
    "status": "Planned",
    "estimatedSavings": [{"quantityId": 1, "value": 12000.0, "unit": "kWh"}],
    "someFutureField": {"keep": "me"},
}
ALARM = {"id": 90011, "name": "Above the limit", "value": 96.4, "threshold": 60.0}
WRITES = frozenset({"updateAction"})


def serve(folder: Path, monkeypatch: pytest.MonkeyPatch, **switches: Any) -> Iterator[Tenancy]:
    for variable in PATH_OF_VARIABLE:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(folder)
    (folder / "sites.yaml").write_text(VALID)
    given = profile([Meter(1, 11, "Main")], actions=[ACTION], alarms=[ALARM])
    with tenancy(folder, given=given, **switches) as made:
        environment = {
            "ENLIGHTEN_API": "v2",
            "ENERKEY_BASE_URL": made.bench.settings.enerkey_base_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_PARTNER_KEY_A": SIMULATED_PARTNER_KEY,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenancy]:
    yield from serve(tmp_path, monkeypatch)


@pytest.fixture
def versioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenancy]:
    yield from serve(tmp_path, monkeypatch, action_concurrency="etag_if_match")


def enerkey(*words: str) -> Result:
    return CliRunner().invoke(app, ["enerkey", *words])


def update(*settings: str, options: tuple[str, ...] = ()) -> Result:
    sets = [word for setting in settings for word in ("--set", setting)]
    return enerkey("action", "update", "5012", *sets, *options)


@pytest.mark.usefixtures("ours")
def test_get() -> None:
    assert json.loads(enerkey("action", "get", "5012").stdout) == ACTION
    unknown = enerkey("action", "get", "1")
    assert unknown.exit_code == 1
    assert "EnerKey does not know it (404)" in unknown.stderr


@pytest.mark.usefixtures("ours")
def test_list() -> None:
    everything = enerkey("action", "list")
    assert everything.exit_code == 0
    assert all(word in everything.stdout for word in ("5012", "Replace [b]lighting", "Planned"))
    assert "5012" in enerkey("action", "list", "--facility", "11").stdout
    assert "5012" not in enerkey("action", "list", "--facility", "12").stdout


def test_update_changes_what_was_asked_and_nothing_else(ours: Tenancy) -> None:
    result = update("status=Done", "estimatedSavings[0].value=13000.50", "facilityIds=[11, 12]")

    assert result.exit_code == 0, result.output
    assert "written, and read back" in result.stdout
    assert ours.simulator.action(5012) == {
        **ACTION,
        "status": "Done",
        "facilityIds": [11, 12],
        "estimatedSavings": [{"quantityId": 1, "value": 13000.5, "unit": "kWh"}],
    }
    assert [name for name, _ in ours.operations()] == [
        *("getAction", "getAction", "updateAction", "getAction")
    ]


def test_a_rehearsal_shows_the_difference(ours: Tenancy) -> None:
    result = update("name=[b]New", options=("--dry-run",))

    assert "Replace [b]lighting" in result.stdout
    assert "[b]New" in result.stdout
    assert "nothing was written" in result.stdout
    assert ours.simulator.action(5012) == ACTION
    assert ours.operations() == [("getAction", 200)]


def test_nothing_to_change(ours: Tenancy) -> None:
    assert "it is so already" in update("status=Planned").stdout
    assert ours.operations() == [("getAction", 200)]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("state=Done", "found no member state; allowed: what the action has: id, name"),
        ("id=1", "the id of an action cannot be changed"),
        ("status", "--set: found 'status'; allowed: PATH=VALUE"),
        ("a..b=1", "--set: found 'a..b'; allowed: names with dots"),
        ("facilityIds=none", "400"),
    ],
)
def test_what_cannot_be_set(ours: Tenancy, setting: str, told: str) -> None:
    result = update(setting)

    assert result.exit_code == 1
    assert told in result.stderr
    assert ours.simulator.action(5012) == ACTION


def test_somebody_else_was_there(ours: Tenancy, monkeypatch: pytest.MonkeyPatch) -> None:
    get = Actions.get

    async def and_then_somebody(self: Actions, id: int) -> StoredAction:
        found = await get(self, id)
        ours.simulator.change_action_as_other(id, {"status": "Cancelled"})
        return found

    monkeypatch.setattr(Actions, "get", and_then_somebody)
    result = update("name=New")

    assert result.exit_code == 1
    assert "somebody else has changed the action meanwhile (status)" in result.stderr
    assert ours.simulator.action(5012) == ACTION | {"status": "Cancelled"}


def test_versions_are_used_where_there_are_some(versioned: Tenancy) -> None:
    assert update("status=Done").exit_code == 0
    assert versioned.simulator.action(5012)["status"] == "Done"


@pytest.mark.parametrize("kind", ["close_after_commit", "error_500_after_commit"])
def test_a_lost_answer_is_read_back(ours: Tenancy, kind: Any) -> None:
    ours.simulator.faults.replace([Fault(kind=kind, operations=WRITES)])

    assert "written, and read back" in update("status=Done").stdout
    assert [name for name, _ in ours.operations()].count("updateAction") == 1


def test_a_write_that_never_arrived(ours: Tenancy) -> None:
    ours.simulator.faults.replace([Fault(kind="close_before_body", operations=WRITES)])
    result = update("status=Done")

    assert result.exit_code == 1
    assert "EnerKey still shows the old action" in result.stderr
    assert ours.simulator.action(5012) == ACTION


def test_alarm(ours: Tenancy, tmp_path: Path) -> None:
    result = enerkey("alarm", "90011", "--image", "alarm.PNG")

    assert "value: 96.4" in result.stdout
    assert "facility_id" not in result.stdout
    assert (tmp_path / "alarm.PNG").read_bytes()[:4] == b"\x89PNG"
    assert [name for name, _ in ours.operations()] == ["getAlarm", "getAlarmImage"]


def test_alarm_image_of_another_kind(ours: Tenancy) -> None:
    result = enerkey("alarm", "90011", "--image", "alarm.gif")

    assert "allowed: a file that ends in .png or .pdf" in result.stderr
    assert ours.operations() == []


def test_alarm_without_a_partners_key(ours: Tenancy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENERKEY_PARTNER_KEY_A", SIMULATED_KEY_A)
    result = enerkey("alarm", "90011")

    assert result.exit_code == 1
    assert "ask the EnerKey service desk" in result.stderr
    assert ours.operations() == [("getAlarm", 403)]


def repush(meter: str, consent: str, hour: str = "2020-01-01T02:00+02:00") -> Result:
    words = ("repush", meter, "--hour", hour, "--consent", consent, "--wait-minutes", "0")
    return enerkey(*words)


def test_the_model_of_a_second_push_is_found_with_consent(ours: Tenancy) -> None:
    result = repush("1", "1")

    assert result.exit_code == 0, result.output
    assert "ENERKEY_REPUSH=sum" in result.stdout
    assert [at.isoformat() for at in ours.simulator.stored_hours(1)] == [
        "2020-01-01T00:00:00+00:00"
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1", "2"), "--consent: found 2; allowed: 1: that this meter is written to"),
        (("101", "101"), "METER: found 101; allowed: a meter that was made for the purpose"),
        (("1", "1", "2020-01-01T00:30Z"), "--hour: found 2020-01-01T00:30Z; allowed: a full hour"),
        (("1", "1", "2020-01-01T00:00"), "--hour: found 2020-01-01T00:00; allowed"),
        (("1", "1", "2999-01-01T00:00Z"), "--hour: found 2999"),
        (("1", "1", "old"), "--hour: found old"),
    ],
)
def test_without_consent_nothing_is_written(
    ours: Tenancy, words: tuple[str, ...], told: str
) -> None:
    result = repush(*words)

    assert result.exit_code == 1
    assert told in result.stderr
    assert ours.operations() == []
