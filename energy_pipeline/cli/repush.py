"""`energy-pipeline enerkey repush`: find out what a second push of an hour does, with consent."""

import asyncio
from datetime import UTC, datetime, timedelta

from rich.table import Table

from energy_pipeline.cli.terminal import results
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.sinks.enerkey.repush_probe import ProbeReport, probe_repush
from energy_pipeline.sinks.enerkey.session import open_enerkey
from energy_pipeline.steps.upload import upload_lock
from energy_pipeline.workbench import Workbench, open_workbench

_YOUNGEST = timedelta(days=30)
_WHERE = "command line"


def run_repush(meter_id: int, hour: str, consent: int, wait_minutes: float) -> None:
    """Write to an hour of a meter four times and print what that says.

    Raises:
        EnergyPipelineError: nobody has consented, the meter is one of the sites', the hour is
            young, not full or not empty, or EnerKey does not take part.
    """
    with open_workbench() as bench:
        at = _hour(hour, bench.clock.now())
        problems = _problems(bench, meter_id, consent)
        if at is None:
            allowed = "a full hour with offset, older than 30 days, such as 2020-01-01T00:00Z"
            problems.append(Problem(_WHERE, "--hour", hour, allowed))
        if at is None or problems:
            raise ConfigurationError(problems)
        with upload_lock(bench):
            report = asyncio.run(_probe(bench, meter_id, at, 60 * wait_minutes))
    _show(report)


def _hour(text: str, now: datetime) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_full = at.tzinfo is not None and not (at.minute or at.second or at.microsecond)
    return at.astimezone(UTC) if is_full and at <= now - _YOUNGEST else None


def _problems(bench: Workbench, meter_id: int, consent: int) -> list[Problem]:
    problems: list[Problem] = []
    ours = {upload.meter_id for site in bench.registry.sites for upload in site.uploads}
    if consent != meter_id:
        allowed = f"{meter_id}: that this meter is written to, and that it cannot be undone"
        problems.append(Problem(_WHERE, "--consent", str(consent), allowed))
    if meter_id in ours:
        allowed = "a meter that was made for the purpose, none of the site file"
        problems.append(Problem(_WHERE, "METER", str(meter_id), allowed))
    return problems


async def _probe(bench: Workbench, meter_id: int, hour: datetime, wait_s: float) -> ProbeReport:
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        return await probe_repush(session.client, meter_id, hour, bench.clock, wait_s)


def _show(report: ProbeReport) -> None:
    table = Table()
    for name in ("pushed", "taken", "EnerKey shows"):
        table.add_column(name)
    for step in report.steps:
        taken = "no" if step.is_refused else "yes"
        table.add_row(
            f"{step.value:g}", taken, "nothing" if step.shown is None else f"{step.shown:g}"
        )
    results().print(table)
    if report.model == "unknown":
        results().print("No known model: leave ENERKEY_REPUSH=unknown.")
    else:
        results().print(f"ENERKEY_REPUSH={report.model}")
