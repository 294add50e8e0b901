"""Commands of EnerKey beyond the daily upload; what each does is in its own module."""

from pathlib import Path
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


enerkey = typer.Typer(help="Single things at EnerKey.", no_args_is_help=True)
action = typer.Typer(help="Energy management actions.", no_args_is_help=True)
enerkey.add_typer(action, name="action")

Id = Annotated[int, typer.Argument(min=1, metavar="ID", help="EnerKey's id.")]


@enerkey.command()
def alarm(
    id: Id,
    image: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="Save its picture here; .png or .pdf decides the format."
        ),
    ] = None,
) -> None:
    """Show an alarm (a partner's key is needed)."""
    from energy_pipeline.cli.enerkey_things import run_alarm

    run_alarm(id, image)


@enerkey.command()
def repush(
    meter: Annotated[int, typer.Argument(min=1, help="A meter made for the purpose.")],
    hour: Annotated[
        str, typer.Option(help="An old hour that is empty, such as 2020-01-01T00:00Z.")
    ],
    consent: Annotated[
        int, typer.Option(metavar="METER", help="The meter again: it is written to, for ever.")
    ],
    wait_minutes: Annotated[
        float, typer.Option(min=0, help="Between a push and the look at it.")
    ] = 15.0,
) -> None:
    """Find out what a second push of an hour does, for ENERKEY_REPUSH; takes four waits."""
    from energy_pipeline.cli.repush import run_repush

    run_repush(meter, hour, consent, wait_minutes)


@action.command(name="list")
def list_actions(
    facility: Annotated[
        list[int] | None, typer.Option(min=1, metavar="ID", help="Of this facility; repeat it.")
    ] = None,
) -> None:
    """List the actions of the profile."""
    from energy_pipeline.cli.enerkey_things import run_list_actions

    run_list_actions(facility or ())


@action.command()
def get(id: Id) -> None:
    """Print an action as EnerKey has it."""
    from energy_pipeline.cli.enerkey_things import run_get_action

    run_get_action(id)


@action.command()
def update(
    id: Id,
    set: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="PATH=VALUE", help="E.g. status=Done or estimatedSavings[0].value=5."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference, write nothing.")
    ] = False,
) -> None:
    """Change members of an action; all others stay as they are."""
    from energy_pipeline.cli.enerkey_things import run_update_action

    run_update_action(id, set, is_rehearsal=dry_run)
