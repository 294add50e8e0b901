"""`energy-pipeline provisioning`: the plan before anything is sent, the meter ids afterwards."""

from collections.abc import Sequence

from rich.table import Table

from energy_pipeline.cli.terminal import mistakes, results
from energy_pipeline.errors import ConfigurationError
from energy_pipeline.sinks.enerkey.provisioning.plan import Plan
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind
from energy_pipeline.steps.meter_takeover import Takeover, take_over
from energy_pipeline.steps.provisioning import Confirmed, PlanReport, plan_snapshot, read_file
from energy_pipeline.workbench import open_workbench

NO_CHANGE, CHANGES, REFUSED = 0, 2, 3
_KINDS: tuple[Kind, ...] = ("customers", "facilities")


def run_plan(confirm_delete: frozenset[str], confirm_plan: str | None) -> int:
    """Print the plans of both snapshots and return the exit status; asks nobody.

    Raises:
        ConfigurationError: every mistake of the environment or of the site file.
    """
    confirmed = Confirmed(confirm_delete, confirm_plan)
    with open_workbench() as bench:
        try:
            file = read_file(bench)
        except ConfigurationError as error:
            mistakes().print(f"refused, the file has mistakes:\n{error}")
            return REFUSED
        reports = [plan_snapshot(bench, kind, file, confirmed) for kind in _KINDS]
    return show_plans([report for report in reports if not _is_nothing(report)])


def show_plans(reports: Sequence[PlanReport]) -> int:
    """Print plans with the reasons against them and return the exit status."""
    for report in reports:
        _show(report)
    if any(report.refusals for report in reports):
        return REFUSED
    return NO_CHANGE if all(report.plan.is_empty for report in reports) else CHANGES


def run_meters(*, dry_run: bool) -> None:
    """Take EnerKey's meter ids over into the site file and print what was taken.

    Raises:
        EnergyPipelineError: EnerKey does not answer, or the site file cannot be written.
    """
    with open_workbench() as bench:
        takeover = take_over(bench, dry_run=dry_run)
    console = results()
    if takeover.taken:
        console.print(_takeover_table(takeover))
    for reason in takeover.not_taken:
        mistakes().print(reason)
    done = "would be written to" if dry_run else "written to"
    told = f"{len(takeover.taken)} meters {done} {takeover.file}"
    console.print(told if takeover.taken else "nothing to take over", markup=False)


def _is_nothing(report: PlanReport) -> bool:
    return report.plan.is_first and report.plan.after == 0 and not report.refusals


def _show(report: PlanReport) -> None:
    plan, console = report.plan, results()
    console.print(_plan_table(plan) if not plan.is_empty else f"{plan.kind}: nothing changes")
    for reason in report.refusals:
        mistakes().print(f"refused: {reason}")


def _plan_table(plan: Plan) -> Table:
    counts = (
        f"{len(plan.added)} added, {len(plan.changed)} changed, {len(plan.renamed)} renamed, "
        f"{len(plan.deleted)} deleted"
    )
    table = Table(title=f"{plan.kind}: {counts}; plan {plan.hash}")
    for name in ("change", "what", "id", "name", "member", "before", "after"):
        table.add_column(name)
    for row in plan.rows():
        table.add_row(*(_plain(text) for text in row.values()))
    return table


def _takeover_table(takeover: Takeover) -> Table:
    table = Table(title="meters of the sites")
    for name in ("site", "stream", "meter", "facility", "reading", "unit", "before"):
        table.add_column(name)
    for each in takeover.taken:
        before = "" if each.before is None else str(each.before)
        cells = (each.site, each.stream, each.meter_id, each.facility_id, each.reading, each.unit)
        table.add_row(*(_plain(str(cell)) for cell in cells), before)
    return table


def _plain(text: str) -> str:
    """Return a text in which nothing is markup."""
    return text.replace("[", r"\[")
