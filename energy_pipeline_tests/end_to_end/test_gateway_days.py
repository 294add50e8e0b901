"""Simulated days of a site with nothing but a gateway, through Dagster's own jobs.

Every run is one as the schedule makes it; to spare time, the polls of some hours are made without.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.definitions import definitions
from energy_pipeline.defs.partitions import range_tags
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.schema import ENLIGHTEN_CONSUMPTION
from energy_pipeline.simulators.envoy import Faults, Outage
from energy_pipeline.steps.poll import poll
from energy_pipeline.store.coverage import Coverage
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.end_to_end.gateway_town import (
    STREAMS,
    GatewayTown,
    gateway_town,
    meters_of,
    truth_wh,
)
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock
from energy_pipeline_tests.transform.tables import interval_table, row_of_intervals

MIDNIGHT = datetime(2024, 6, 11, tzinfo=UTC)
DAY_ONE = Days(MIDNIGHT.date(), MIDNIGHT.date())


QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def roof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[GatewayTown]:
    """One house; the pipeline has the gateway's clock, as does EnerKey once the day is over."""
    with gateway_town(tmp_path, now=MIDNIGHT) as made:
        monkeypatch.setattr(WorkbenchResource, "clock", lambda _: ServerClock(made.clock))
        yield made


@pytest.fixture
def instance() -> Generator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(
    instance: dg.DagsterInstance,
    job: str,
    days: Days,
    ops: Mapping[str, object] | None = None,
    only: Sequence[str] | None = None,
) -> dg.ExecuteInProcessResult:
    return (
        definitions()
        .resolve_job_def(job)
        .execute_in_process(
            instance=instance,
            tags=range_tags(days),
            run_config={"ops": dict(ops or {}), "loggers": QUIET},
            raise_on_error=False,
            asset_selection=only and [dg.AssetKey(name) for name in only],
        )
    )


def poll_hourly(
    roof: GatewayTown, instance: dg.DagsterInstance, first: int, last: int
) -> list[dg.ExecuteInProcessResult]:
    done: list[dg.ExecuteInProcessResult] = []
    for at in (MIDNIGHT + n * HOUR for n in range(first, last + 1)):
        roof.clock.set(at)
        done.append(run(instance, "poll_envoy", Days(at.date(), at.date())))
    return done


def poll_without_dagster(roof: GatewayTown, first: int, last: int) -> None:
    with open_workbench(clock=ServerClock(roof.clock)) as bench:
        for at in (MIDNIGHT + n * HOUR for n in range(first, last + 1)):
            roof.clock.set(at)
            poll(bench, Days(at.date(), at.date()))


def hour_wh(roof: GatewayTown, stream: str, hour: datetime) -> float:
    (gateway,) = roof.gateways
    return truth_wh(gateway, stream, hour, hour + HOUR)


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    (found,) = [e for e in result.get_asset_check_evaluations() if e.check_name == name]
    return found


def test_a_day_of_runs_brings_the_true_hours_to_enerkey(
    roof: GatewayTown, instance: dg.DagsterInstance
) -> None:
    poll_without_dagster(roof, -1, 9)
    polls = poll_hourly(roof, instance, 10, 14)
    poll_without_dagster(roof, 15, 24)
    assert all(each.success for each in polls)
    assert all(check(each, "every_gateway_answered").passed for each in polls)
    roof.clock.set(MIDNIGHT + DAY + 4 * HOUR)
    roof.place.enerkey.clock.set(roof.clock.now())
    result = run(instance, "daily_energy", DAY_ONE)

    assert result.success
    assert [e.check_name for e in result.get_asset_check_evaluations() if not e.passed] == []
    hours = roof.place.read("hourly_energy")
    assert len(hours) == 24 * len(STREAMS)
    assert hours["final"].all()
    for row in hours.itertuples():
        assert row.energy_wh == pytest.approx(hour_wh(roof, row.stream, row.hour), abs=0.01)
    for stream, meter in zip(STREAMS, meters_of(0), strict=True):
        stored = roof.place.enerkey.stored_hours(meter.id)
        assert len(stored) == 24
        for hour, kwh in stored.items():
            assert kwh * 1000 == pytest.approx(hour_wh(roof, stream, hour), abs=0.01)


def test_what_a_person_reads_of_an_outage(roof: GatewayTown, instance: dg.DagsterInstance) -> None:
    (gateway,) = roof.gateways
    silent = Outage(MIDNIGHT + 3 * HOUR + timedelta(minutes=30), MIDNIGHT + 14 * HOUR)
    gateway.faults = Faults(outages=(silent,))
    poll_without_dagster(roof, 2, 3)
    failed = run_at(roof, instance, MIDNIGHT + 4 * HOUR)
    assert not failed.success
    assert "no gateway answered" in str(failed.all_events)
    poll_without_dagster(roof, 14, 18)

    plain = run(instance, "daily_energy", DAY_ONE)
    told = check(plain, "no_long_gaps")
    assert plain.success
    assert not told.passed
    assert told.severity == dg.AssetCheckSeverity.WARN
    assert "bridge_long_gaps" in str(told.description)
    gaps = str(told.metadata["gaps"].value)
    assert "roof-0" in gaps
    assert "2024-06-11 03:00" in gaps
    total_kwh = told.metadata["unbooked_kwh"].value
    asked = {"hourly_energy": {"config": {"bridge_long_gaps": ["roof-0"]}}}
    spread = run(instance, "daily_energy", DAY_ONE, asked)
    assert check(spread, "no_long_gaps").passed
    hours = roof.place.read("hourly_energy")
    gap = hours[hours["source"] == "envoy+bridged"]
    counted = gap[gap["stream"] != "consumption"]["energy_wh"].sum() / 1000
    assert counted == pytest.approx(total_kwh, abs=0.01)
    assert set(gap["hour"].dt.hour) == set(range(3, 14))


def test_sources_that_differ_are_told_and_stop_nothing(
    roof: GatewayTown, instance: dg.DagsterInstance
) -> None:
    """Enlighten knows of no consumption at all on a day of which the gateway has counted it."""
    poll_without_dagster(roof, 0, 24)
    entry = yaml.safe_load((roof.place.folder / "sites.yaml").read_text())["sites"][0]
    access = {"api": "v2", "system_id": 67, "user_id": "4d6a51330a", "production": "meter"}
    entry |= {"enlighten": access}
    (roof.place.folder / "sites.yaml").write_text(yaml.safe_dump({"sites": [entry]}))
    nothing = interval_table(row_of_intervals(MIDNIGHT, [0.0] * 96, site="roof-0"))
    roof.clock.set(MIDNIGHT + DAY + 4 * HOUR)
    with open_workbench(clock=ServerClock(roof.clock)) as bench:
        held = [Coverage(site="roof-0", written_at=bench.clock.now())]
        bench.store.replace(ENLIGHTEN_CONSUMPTION, MIDNIGHT.date(), nothing, held)
    result = run(instance, "daily_energy", DAY_ONE, only=["hourly_energy"])

    told = check(result, "gateway_and_enlighten_agree")
    assert result.success
    assert (told.passed, told.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert told.description == "days that differ: 1"
    true_wh = sum(hour_wh(roof, "consumption", MIDNIGHT + n * HOUR) for n in range(24))
    (shown,) = records(told, "differences")
    assert float(str(shown.pop("gateway, kWh"))) == pytest.approx(true_wh / 1000, abs=0.001)
    assert shown == {
        "site": "roof-0",
        "stream": "consumption",
        "day": str(MIDNIGHT.date()),
        "hours": "24",
        "Enlighten, kWh": "0.0",
        "difference": "no share of 0",
    }
    assert len(records(told, "findings")) == told.metadata["days_compared"].value == 1


def records(told: dg.AssetCheckEvaluation, name: str) -> list[dict[str, object]]:
    """Return the rows of a table that a check shows."""
    value = told.metadata[name]
    assert isinstance(value, dg.TableMetadataValue)
    return [dict(each.data) for each in value.records]


def run_at(
    roof: GatewayTown, instance: dg.DagsterInstance, at: datetime
) -> dg.ExecuteInProcessResult:
    roof.clock.set(at)
    return run(instance, "poll_envoy", Days(at.date(), at.date()))
