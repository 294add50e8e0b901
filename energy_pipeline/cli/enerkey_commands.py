"""Commands of EnerKey beyond the daily upload; what each does is in its own module."""

from typing import Annotated

import typer

provisioning = typer.Typer(help="A partner's customers, facilities, meters.", no_args_is_help=True)


@provisioning.command()
def plan(
    confirm_delete: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An id that may be deleted; repeat it.")
    ] = None,
    confirm_plan: Annotated[
        str | None, typer.Option(metavar="HASH", help="Hash of the plan that was looked at.")
    ] = None,
) -> None:
    """Show what provisioning.yaml would change: exit status 0 nothing, 2 something, 3 refused."""
    from energy_pipeline.cli.provisioning import run_plan

    raise typer.Exit(run_plan(frozenset(confirm_delete or ()), confirm_plan))


@provisioning.command()
def meters(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show them, write nothing.")] = False,
) -> None:
    """Take the ids that EnerKey gave to the sites' meters over into the site file."""
    from energy_pipeline.cli.provisioning import run_meters

    run_meters(dry_run=dry_run)
