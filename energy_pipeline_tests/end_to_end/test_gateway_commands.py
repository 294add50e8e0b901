"""Gateways polled by the real command lines, in processes of their own."""

import subprocess
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.sources.envoy.token_store import TokenStore
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.poll import poll
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.end_to_end.gateway_town import (
    PASSWORD,
    GatewayTown,
    gateway_town,
    truth_wh,
)
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock

pytestmark = pytest.mark.timeout(300)


class WholeSeconds(VirtualClock):
    """Shows whole seconds, as a gateway does, so that a counter is exact at its time."""

    stands_at: datetime | None = None

    def now(self) -> datetime:
        return self.stands_at or super().now().replace(microsecond=0)


@pytest.fixture
def roofs(tmp_path: Path) -> Generator[GatewayTown]:
    with gateway_town(tmp_path, 2, clock=WholeSeconds()) as made:
        yield made


def poll_at_the_last_full_hours(roofs: GatewayTown) -> datetime:
    """Poll at the two full hours before the present, in this process; returns the first."""
    assert isinstance(roofs.clock, WholeSeconds)
    last = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with open_workbench(clock=ServerClock(roofs.clock)) as bench:
        for at in (last - HOUR, last):
            roofs.clock.stands_at = at
            poll(bench, Days(at.date(), at.date()))
    roofs.clock.stands_at = None
    return last - HOUR


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

    first = poll_at_the_last_full_hours(roofs)
    began = datetime.now(UTC)
    with ThreadPoolExecutor(2) as pool:  # at once: the schedule, and a person
        asked = [(), ("--assets", "envoy_readings,envoy_inverters")]
        both = list(pool.map(lambda what: launch(roofs, today, *what), asked))
    assert [each.returncode for each in both] == [0, 0], both[0].stderr + both[1].stderr
    rows = roofs.place.read("envoy_readings")
    rows = rows[rows["polled_at"] >= began]
    counters = rows[rows["counter"].str.startswith("ivp/meters/readings")]
    assert counters.groupby(["site", "polled_at"]).size().tolist() == [3] * 4
    assert {simulator.most_at_once for simulator in roofs.gateways} == {1}
    assert len([each for each in roofs.login.requests if each.path == "/tokens"]) == 2
    assert_no_secret_is_kept(roofs, [before, *both])
    assert_covered_hours_are_true(roofs, first, counters.groupby("site")["read_at"].max())


def assert_covered_hours_are_true(
    roofs: GatewayTown, first: datetime, last: "pd.Series[pd.Timestamp]"
) -> None:
    """Every hour between the first and the last poll has what flowed in what it covers.

    Which streams are known depends on the time of day: a counter that stands still is waited for.
    """
    with open_workbench() as bench:
        compute_hourly(bench, Days(first.date(), last.max().date()))
    hours = roofs.place.read("hourly_energy")
    assert set(hours[hours["covered_s"] == 3_600]["site"]) == {"roof-0", "roof-1"}
    for number, gateway in enumerate(roofs.gateways):
        for row in hours[hours["site"] == f"roof-{number}"].itertuples():
            start = row.hour.to_pydatetime()
            end = min(start + HOUR, last[row.site].to_pydatetime())
            assert row.covered_s == (end - start).total_seconds()
            expected_wh = truth_wh(gateway, row.stream, start, end)
            assert row.energy_wh == pytest.approx(expected_wh, abs=0.01)


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
