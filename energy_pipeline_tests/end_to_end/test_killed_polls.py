"""Polls that are killed at any moment: what was kept stays, and the next poll goes on."""

import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from energy_pipeline.calendar import DAY, Days
from energy_pipeline.schema import ENVOY_READINGS
from energy_pipeline.steps.poll import poll
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.end_to_end.gateway_town import GatewayTown, gateway_town
from energy_pipeline_tests.end_to_end.town import PROJECT

KILLS = 4
MODULE = "energy_pipeline_tests.end_to_end.polling"
KEYS = ["site", "counter", "read_at", "polled_at", "energy_wh"]

pytestmark = pytest.mark.timeout(240)


def killed_while_polling(roofs: GatewayTown, seconds: float) -> None:
    """Let it poll until a gateway was asked, and for some moments more; then kill it."""
    before = len(roofs.gateways[0].requests)
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE],
        cwd=PROJECT,
        env=roofs.place.full_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(roofs.gateways[0].requests) == before:
        assert process.poll() is None, process.communicate()[1]
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    assert process.poll() is None, process.communicate()[1]
    process.kill()
    process.communicate()


def readings(roofs: GatewayTown) -> set[tuple[object, ...]]:
    folder = roofs.place.data / ENVOY_READINGS.name
    if not folder.exists():
        return set()
    return set(pd.read_parquet(folder)[KEYS].itertuples(index=False, name=None))


def test_a_killed_poll_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    random = Random(4)
    with gateway_town(tmp_path, 3) as roofs:
        held: set[tuple[object, ...]] = set()
        for _ in range(KILLS):
            killed_while_polling(roofs, random.uniform(0, 0.6))
            assert held <= readings(roofs)
            held = readings(roofs)
        today = datetime.now(UTC).date()
        with open_workbench() as bench:
            report = poll(bench, Days(today, today))
            stored = bench.store.read(ENVOY_READINGS, Days(today - DAY, today))
        assert report.failures == {}
        assert report.added[ENVOY_READINGS.name]
        assert {gateway.most_at_once for gateway in roofs.gateways} == {1}
        assert held < readings(roofs)
        assert len(readings(roofs)) == stored.num_rows
        days = list((roofs.place.data / ENVOY_READINGS.name).iterdir())
        assert [len(list(day.iterdir())) for day in days] == [1] * len(days)  # no leftover
