"""The real command lines, the real daemon, and the backfill that the page sends.

Each runs in processes of its own, on an instance of its own, against services on loopback.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import httpx
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.enlighten.model import House as ModelledHouse
from energy_pipeline.simulators.enlighten.model import modelled_system
from energy_pipeline_tests.end_to_end.town import PROJECT, House, Town, town

DAYS = Days(date(2024, 3, 28), date(2024, 4, 1))
AFTER = datetime(2024, 4, 8, tzinfo=UTC)
PARTITIONED = (
    "enlighten_production,enlighten_consumption,hourly_energy,cumulative_readings,"
    "enerkey_consumption_upload,enerkey_cumulative_upload"
)
ALL = f"enlighten_systems,enlighten_daily_energy,enerkey_meters,{PARTITIONED}"

pytestmark = pytest.mark.timeout(400)


def a_house(days: Days = DAYS) -> House:
    system = modelled_system(
        ModelledHouse(system_id=67, timezone="Europe/London", latitude=51.5),
        days.first,
        days.last + timedelta(days=1),
    )
    return House(
        "rooftop",
        system,
        days.first,
        production="meter",
        uploads=(("production", "consumption"), ("consumption", "cumulative")),
    )


@pytest.fixture
def place(tmp_path: Path) -> Generator[Town]:
    with town(tmp_path, [a_house()], AFTER) as made:
        made.make_instance()
        yield made


def assert_days_are_in_enerkey(place: Town, days: Days) -> None:
    for meter in (670, 671):
        stored = place.enerkey.stored_hours(meter)
        assert {at.date() for at in stored} == set(days), meter
        assert len(stored) == len(days) * 24
        assert set(place.enerkey.pushes_per_hour(meter).values()) == {1}


def test_dg_launch_over_a_day_and_then_a_range(place: Town) -> None:
    day = Days(DAYS.first, DAYS.first)
    one = place.command("dg", "launch", "--assets", ALL, "--partition", str(DAYS.first))
    assert one.returncode == 0, one.stderr
    assert_days_are_in_enerkey(place, day)

    every = place.command(
        "dg", "launch", "--assets", ALL, "--partition-range", f"{DAYS.first}...{DAYS.last}"
    )
    assert every.returncode == 0, every.stderr
    assert_days_are_in_enerkey(place, DAYS)


def test_dagster_asset_materialize_over_a_range_and_then_a_day(place: Town) -> None:
    command = ("dagster", "asset", "materialize", "-m", "energy_pipeline.definitions")
    span = ("--partition-range", f"{DAYS.first}...{DAYS.last}")
    every = place.command(*command, "--select", ALL, *span)
    assert every.returncode == 0, every.stderr
    assert_days_are_in_enerkey(place, DAYS)

    hits, pushes = place.cloud.hits, place.pushes
    one = place.command(*command, "--select", PARTITIONED, "--partition", str(DAYS.first))
    assert one.returncode == 0, one.stderr
    assert (place.cloud.hits, place.pushes) == (hits, pushes)


def test_two_runs_of_a_range_at_once_push_each_hour_once(place: Town) -> None:
    span = ("--assets", ALL, "--partition-range", f"{DAYS.first}...{DAYS.last}")
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(place.command, "dg", "launch", *span) for _ in range(2)]
    for run in runs:
        assert run.result().returncode == 0, run.result().stderr
    assert_days_are_in_enerkey(place, DAYS)


def test_run_config_narrows_a_run_to_sites(place: Town) -> None:
    config = {"ops": {"enlighten_production": {"config": {"sites": ["elsewhere"]}}}}
    answer = place.command(
        *("dg", "launch", "--assets", "enlighten_production"),
        *("--partition", str(DAYS.first), "--config-json", json.dumps(config)),
    )

    assert answer.returncode != 0
    assert "elsewhere" in answer.stderr
    assert "rooftop" in answer.stderr
    assert place.cloud.hits == 0


def test_no_secret_is_in_what_the_commands_and_the_instance_keep(place: Town) -> None:
    answer = place.command("dg", "launch", "--assets", ALL, "--partition", str(DAYS.first))
    assert answer.returncode == 0, answer.stderr
    secrets = [
        place.environment["ENLIGHTEN_API_KEY"],
        place.environment["ENERKEY_API_KEY_A"],
        "4d7a45774e6a41320a",  # the user id, which is in the query of every request
    ]
    kept = [path for path in place.folder.rglob("*") if path.is_file()]
    kept.remove(place.folder / "sites.yaml")

    assert kept
    for secret in secrets:
        assert secret not in answer.stdout + answer.stderr
        assert [path for path in kept if secret.encode() in path.read_bytes()] == []


@contextmanager
def running(place: Town, *words: str) -> Generator["subprocess.Popen[bytes]"]:
    with (place.folder / f"{words[0]}.log").open("w") as log:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / words[0]), *words[1:]],
            cwd=PROJECT,
            env=place.full_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def wait_for(
    what: str, is_so: Callable[[], object], seconds: float, *processes: "subprocess.Popen[bytes]"
) -> None:
    """Look again until it is so, as long as the processes live; they work in real time."""
    until = time.monotonic() + seconds
    while not is_so():
        for process in processes:
            assert process.poll() is None, f"{process.args} ended; its log is in the user's folder"
        assert time.monotonic() < until, f"no {what} after {seconds} s"
        time.sleep(1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


LAUNCH = """
mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
STATUS = """
query Status($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } }
}
"""


def test_a_backfill_as_the_page_sends_it(place: Town) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    workspace = ("-w", str(PROJECT / "workspace.yaml"))

    def ask(query: str, **variables: object) -> dict:
        answer = httpx.post(
            f"{url}/graphql", json={"query": query, "variables": variables}, timeout=60
        )
        return answer.json()["data"]

    def is_up() -> bool:
        try:
            return httpx.get(f"{url}/server_info", timeout=5).is_success
        except httpx.TransportError:
            return False

    with (
        running(place, "dagster-webserver", *workspace, "-h", "127.0.0.1", "-p", str(port)) as page,
        running(place, "dagster-daemon", "run", *workspace) as daemon,
    ):
        wait_for("page", is_up, 60, page, daemon)
        keys = [{"path": [key]} for key in PARTITIONED.split(",")]
        params = {"assetSelection": keys, "partitionNames": [str(day) for day in DAYS]}
        launched = ask(LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched

        def status() -> str:
            found = ask(STATUS, id=launched["backfillId"])
            return found["partitionBackfillOrError"]["status"]

        ended = ("COMPLETED", "FAILED", "CANCELED")
        wait_for("end of the backfill", lambda: status().startswith(ended), 150, page, daemon)
        assert status() == "COMPLETED_SUCCESS"

    assert_days_are_in_enerkey(place, DAYS)
    with dg.DagsterInstance.from_config(str(place.folder)) as instance:
        assert len(instance.get_runs()) == 1


def test_the_daemon_runs_the_schedule(tmp_path: Path) -> None:
    """The last seven days, by the machine's clock."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    week = Days(yesterday - timedelta(days=6), yesterday)
    (tmp_path / "workspace.yaml").write_text(
        "load_from:\n  - python_module: energy_pipeline_tests.end_to_end.every_minute\n"
    )
    with town(tmp_path, [a_house(week)], datetime.now(UTC)) as place:
        place.make_instance()
        workspace = str(tmp_path / "workspace.yaml")
        with running(place, "dagster-daemon", "run", "-w", workspace) as daemon:

            def runs() -> list[dg.DagsterRun]:
                with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
                    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
                    return list(instance.get_runs(wanted))

            wait_for("run of the schedule", runs, 280, daemon)
        # Consumption is metered: all of it but the hours that have not settled is there.
        assert len(place.enerkey.stored_hours(671)) >= 6 * 24
        assert set(place.enerkey.pushes_per_hour(670).values()) == {1}
