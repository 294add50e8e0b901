"""Gateways polled by the real command lines, in processes of their own."""

import subprocess
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from energy_pipeline.calendar import DAY
from energy_pipeline.sources.envoy.token_store import TokenStore
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.end_to_end.gateway_town import PASSWORD, GatewayTown, gateway_town

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def roofs(tmp_path: Path) -> Generator[GatewayTown]:
    with gateway_town(tmp_path, 2) as made:
        yield made


def launch(roofs: GatewayTown, day: date, *what: str) -> subprocess.CompletedProcess[str]:
    what = what or ("--job", "poll_envoy")
    return roofs.place.command("dg", "launch", *what, "--partition", str(day))


def test_the_job_polls_into_the_running_day_and_asks_nothing_for_a_past_one(
    roofs: GatewayTown,
) -> None:
    today = datetime.now(UTC).date()
    before = launch(roofs, today - DAY, "--assets", "envoy_readings")
    assert before.returncode == 0, before.stderr
    assert "a gateway keeps no history; nothing was polled" in before.stderr
    assert [simulator.requests for simulator in roofs.gateways] == [[], []]

    with ThreadPoolExecutor(2) as pool:  # at once: the schedule, and a person
        asked = [(), ("--assets", "envoy_readings,envoy_inverters")]
        both = list(pool.map(lambda what: launch(roofs, today, *what), asked))
    assert [each.returncode for each in both] == [0, 0], both[0].stderr + both[1].stderr
    rows = roofs.place.read("envoy_readings")
    counters = rows[rows["counter"].str.startswith("ivp/meters/readings")]
    assert counters.groupby(["site", "polled_at"]).size().tolist() == [3] * 4
    assert {simulator.most_at_once for simulator in roofs.gateways} == {1}
    assert len([each for each in roofs.login.requests if each.path == "/tokens"]) == 2
    assert_no_secret_is_kept(roofs, [before, *both])


def assert_no_secret_is_kept(
    roofs: GatewayTown, answers: list[subprocess.CompletedProcess[str]]
) -> None:
    """Tokens are in the state database, which its owner alone reads, and nowhere else."""
    file = roofs.place.data / "state.db"
    assert file.stat().st_mode & 0o077 == 0
    state = StateDatabase(f"sqlite:///{file}")
    tokens = [TokenStore(state).kept(each.hardware.serial) for each in roofs.gateways]
    state.close()
    secrets = [PASSWORD, *(each.value.get_secret_value() for each in tokens if each)]
    assert len(secrets) == 3
    kept = [path for path in roofs.place.folder.rglob("*") if path.is_file()]
    kept = [path for path in kept if not path.name.startswith(file.name)]
    for secret in secrets:
        assert not any(secret in each.stdout + each.stderr for each in answers)
        assert [path for path in kept if secret.encode() in path.read_bytes()] == []
