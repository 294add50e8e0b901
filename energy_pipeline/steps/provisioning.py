"""Provisioning as a person runs it: the file, the plan, the guards, the import.

What a plan is and when it is refused is in `sinks/enerkey/provisioning/`; here they meet the file,
the state and EnerKey.
"""

import asyncio
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from energy_pipeline.configuration.provisioning import Provisioning, load_provisioning
from energy_pipeline.errors import ImportFailed, SnapshotRefused
from energy_pipeline.sinks.enerkey.provisioning.guards import Terms, refusals
from energy_pipeline.sinks.enerkey.provisioning.import_run import ImportEnd, ImportRun
from energy_pipeline.sinks.enerkey.provisioning.plan import Plan, plan_of
from energy_pipeline.sinks.enerkey.provisioning.runs import KeptRun, KeptRuns
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind, Snapshot, snapshot_of
from energy_pipeline.sinks.enerkey.provisioning.tenant import TenantClient
from energy_pipeline.sinks.enerkey.session import open_enerkey
from energy_pipeline.steps.provisioning_rows import SNAPSHOTS, snapshot_rows
from energy_pipeline.workbench import Workbench

_LOCK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person names in the run config.

    Args:
        delete: external ids that may be deleted.
        plan: the hash of the plan that was looked at.
    """

    delete: frozenset[str] = frozenset()
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a snapshot would do and why it may not.

    Args:
        snapshot: the body.
        plan: compared with what EnerKey has or may have.
        refusals: one sentence each; none when it may be sent.
    """

    snapshot: Snapshot
    plan: Plan
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProvisionReport:
    """What became of a snapshot.

    Args:
        snapshot: the body.
        plan: what it changed.
        end: how EnerKey ended with it; None when there was nothing to send.
        requests_spent: requests of this run.
        requests_left: requests left today.
        key_warning: what to tell about the end of the keys.
    """

    snapshot: Snapshot
    plan: Plan
    end: ImportEnd | None
    requests_spent: int = 0
    requests_left: int | None = None
    key_warning: str | None = None


class PlanRefused(SnapshotRefused):
    """A plan that may not be carried out.

    Args:
        report: the plan with the reasons.
    """

    def __init__(self, report: PlanReport) -> None:
        self.report = report
        super().__init__(f"nothing was sent: {'; '.join(report.refusals)}")


def read_file(bench: Workbench) -> Provisioning:
    """Read and validate the provisioning file of the settings.

    Raises:
        ConfigurationError: every mistake of the file.
    """
    return load_provisioning(bench.settings.energy_provisioning_file, bench.registry)


def plan_snapshot(
    bench: Workbench, kind: Kind, file: Provisioning, confirmed: Confirmed | None = None
) -> PlanReport:
    """Say what a snapshot of the file would do; asks nobody and changes nothing."""
    known = confirmed or Confirmed()
    snapshot = snapshot_of(kind, file)
    plan = plan_of(snapshot, kept_runs(bench, kind).bases(snapshot))
    terms = Terms(file.complete, file.existing_customers, known.delete, known.plan)
    return PlanReport(snapshot, plan, tuple(refusals(plan, terms)))


def provision(bench: Workbench, kind: Kind, confirmed: Confirmed | None = None) -> ProvisionReport:
    """Send the snapshot of a kind, unless it is refused, and follow it to its end.

    A run that an earlier process left open is followed to its end first.

    Args:
        bench: settings, sites, state, clock.
        kind: customers or facilities.
        confirmed: what a person has named.

    Raises:
        ConfigurationError: every mistake of the file.
        PlanRefused: nothing was sent.
        ImportFailed: EnerKey took it and could not bring in all of it, in its own words.
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
        StoreError: another process provisions the tenant.
    """
    file = read_file(bench)
    with _alone(bench):
        report = asyncio.run(_provision(bench, kind, file, confirmed or Confirmed()))
    _raise_if_failed(report)
    if report.end is not None:
        rows = snapshot_rows(report.snapshot, report.end.run_id, bench.clock.now())
        bench.store.write_snapshot(SNAPSHOTS[kind], rows)
    return report


def kept_runs(bench: Workbench, kind: Kind) -> KeptRuns:
    """Return the memory of the snapshots of a kind."""
    return KeptRuns(bench.state, bench.settings.enerkey_base_url, kind)


async def _provision(
    bench: Workbench, kind: Kind, file: Provisioning, confirmed: Confirmed
) -> ProvisionReport:
    kept, snapshot = kept_runs(bench, kind), snapshot_of(kind, file)
    if _is_nothing(snapshot, kept.all()):
        return ProvisionReport(snapshot, plan_of(snapshot, ()), None)
    async with open_enerkey(bench.settings, bench.state, bench.clock, scope="TENANT") as session:
        run = ImportRun(TenantClient(session.connection), kept, bench.clock)
        planned, end = await _finish_open_run(run, kept, snapshot)
        if end is None:
            planned = _checked(bench, kind, file, confirmed)
            end = await run.send(snapshot)
        return ProvisionReport(
            snapshot,
            planned,
            end,
            session.requests_spent,
            session.requests_left,
            session.keys.warning(bench.clock.now()),
        )


async def _finish_open_run(
    run: ImportRun, kept: KeptRuns, snapshot: Snapshot
) -> tuple[Plan, ImportEnd | None]:
    """Follow a run that was left open; its end is that of `snapshot` when it is the same."""
    runs = kept.all()
    before = [each.snapshot for each in runs[:-1]]
    plan = plan_of(snapshot, before)
    if not runs or runs[-1].state != "running":
        return plan, None
    end = await run.resume(runs[-1])
    return plan, end if runs[-1].snapshot == snapshot else None


def _checked(bench: Workbench, kind: Kind, file: Provisioning, confirmed: Confirmed) -> Plan:
    report = plan_snapshot(bench, kind, file, confirmed)
    reasons = [*report.refusals, *_without_customer(bench, kind, file)]
    if reasons:
        raise PlanRefused(PlanReport(report.snapshot, report.plan, tuple(reasons)))
    return report.plan


def _without_customer(bench: Workbench, kind: Kind, file: Provisioning) -> list[str]:
    """Facilities may only name customers that EnerKey surely has."""
    if kind == "customers":
        return []
    accepted = kept_runs(bench, "customers").accepted()
    there = accepted.snapshot.objects() if accepted else []
    known = {each["externalCustomerId"] for each in there}
    lacking = sorted({each.externalCustomerId for each in file.facilities} - known)
    if not lacking:
        return []
    named = ", ".join(lacking)
    return [f"EnerKey has not taken these customers of facilities yet: {named}; send them first"]


def _is_nothing(snapshot: Snapshot, runs: Collection[KeptRun]) -> bool:
    """Whether there are no facilities and never were any."""
    return snapshot.kind == "facilities" and not snapshot.objects() and not runs


def _raise_if_failed(report: ProvisionReport) -> None:
    end = report.end
    if end is None or end.status.state == "completed":
        return
    said = "; ".join(end.status.errors) or "EnerKey gives no reason"
    what = f"run {end.run_id} of the {report.snapshot.kind} snapshot"
    raise ImportFailed(f"{what} ended as {end.status.word}: {said}")


@contextmanager
def _alone(bench: Workbench) -> Generator[None]:
    with bench.locks.hold(f"provisioning/{bench.settings.enerkey_base_url}", _LOCK_TIMEOUT_S):
        yield
