"""The demo's gateway polled through a day in seconds, and what is compared with the truth."""

from collections.abc import Generator
from datetime import UTC, date, datetime, time
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.cli import gateway_house
from energy_pipeline.cli.fast_polls import hours_against_truth, poll_until_now
from energy_pipeline.report.months import Way
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import EnvoySimulator, serve_gateway
from energy_pipeline.simulators.server import serve
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.workbench import open_workbench

WAYS = (Way("cabin", "production", 201), Way("cabin", "consumption", 202))


@pytest.fixture
def yesterday() -> date:
    return datetime.now(UTC).date() - DAY


@pytest.fixture
def envoy(
    tmp_path: Path, yesterday: date, monkeypatch: pytest.MonkeyPatch
) -> Generator[EnvoySimulator]:
    clock = VirtualClock(datetime.combine(yesterday, time(), UTC), fixed=True)
    made = gateway_house.new_gateway("Europe/Helsinki", yesterday, clock=clock)
    login = gateway_house.token_services(made)
    with serve_gateway(made, tmp_path) as box, serve(login.app) as cloud:
        entry = gateway_house.entry("cabin", "Cabin", "Europe/Helsinki", yesterday, box.host)
        (tmp_path / "sites.yaml").write_text("sites:\n" + entry)
        variables = {
            "ENERGY_SITES_FILE": str(tmp_path / "sites.yaml"),
            "ENERGY_DATA_URI": str(tmp_path / "data"),
        }
        for name, value in (variables | gateway_house.environment(cloud.base_url)).items():
            monkeypatch.setenv(name, value)
        yield made


def test_what_came_of_the_polls_is_compared_with_the_truth(
    envoy: EnvoySimulator, tmp_path: Path, yesterday: date
):
    assert poll_until_now(envoy, "cabin") >= 48
    with open_workbench() as bench:
        compute_hourly(bench, Days(yesterday, yesterday))
    hours = pd.read_parquet(tmp_path / "data" / "hourly_energy")
    for way in WAYS:
        mine = hours[hours["stream"] == way.stream].set_index("hour")["energy_wh"] / 1000
        right = hours_against_truth(tmp_path / "data", way, yesterday, envoy, mine)
        assert right["agree"]
        assert right["held_hours"] == 0
        assert right["truth"] == pytest.approx(right["hourly"], abs=1e-4)
        wrong = hours_against_truth(tmp_path / "data", way, yesterday, envoy, mine + 1e-5)
        assert not wrong["agree"]
        less = hours_against_truth(tmp_path / "data", way, yesterday, envoy, mine[:-2])
        assert (less["agree"], less["held_hours"]) == (1, 2)


def test_a_kept_key_keeps_tokens_good(tmp_path: Path, yesterday: date):
    key = tmp_path / "gateway.key"
    one, other = (gateway_house.new_gateway("UTC", yesterday, key_file=key) for _ in range(2))
    stranger = gateway_house.new_gateway("UTC", yesterday)
    now = datetime.now(UTC)
    assert other.authority.check(one.token(), gateway_house.SERIAL, now)
    assert not stranger.authority.check(one.token(), gateway_house.SERIAL, now)
    assert key.stat().st_mode & 0o077 == 0
