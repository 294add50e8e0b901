"""Commands of the Enlighten cloud; what each does is in its own module."""

import re
from datetime import date
from typing import Annotated, Literal, get_args

import typer

from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.configuration.members import SITE_ID

enlighten = typer.Typer(help="The Enlighten cloud: access and plan.", no_args_is_help=True)

View = Literal[
    "summary", "system", "gateways", "inverters", "counters", "phases", "power", "alarms"
]
VIEWS = get_args(View)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day is written YYYY-MM-DD") from None


def _owner_name(text: str) -> str:
    if text and not re.fullmatch(SITE_ID, text):
        raise typer.BadParameter("a name is made of small letters, digits and - (not first)")
    return text


Owner = Annotated[
    str,
    typer.Option(
        parser=_owner_name,
        metavar="NAME",
        help="v4: names this owner's authorization, where several owners give one.",
    ),
]


@enlighten.command()
def authorize(
    api: Annotated[
        EnlightenApi | None, typer.Option(help="Dialect; ENLIGHTEN_API by default.")
    ] = None,
    owner: Owner = "",
    app_id: Annotated[
        str | None, typer.Option(help="v2: the number in your application's Authorization URL.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")] = 0,
    paste: Annotated[
        bool, typer.Option("--paste", help="Take the answer from the keyboard, not from a browser.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="v4: replace tokens of another Enlighten user.")
    ] = False,
) -> None:
    """Let an owner give access, and write the systems found into the site file."""
    from energy_pipeline.cli.authorize import Question, run_authorize

    run_authorize(Question(api, owner, app_id, port, paste, replace))


@enlighten.command()
def systems(owner: Owner = "") -> None:
    """List the systems that an owner's tokens show, and write entries for the new ones (v4)."""
    from energy_pipeline.cli.authorize import run_systems

    run_systems(owner)


@enlighten.command()
def budget(
    first: Annotated[
        date | None,
        typer.Option(
            "--from",
            parser=_day,
            metavar="YYYY-MM-DD",
            help="First UTC day of a backfill; by default the earliest start of a site.",
        ),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option(
            "--to",
            parser=_day,
            metavar="YYYY-MM-DD",
            help="Last UTC day of a backfill; yesterday by default.",
        ),
    ] = None,
) -> None:
    """Show what the sites cost, what the plan carries and how long a backfill takes; no request."""
    from energy_pipeline.cli.budget import run_budget

    run_budget(first, last)


@enlighten.command()
def show(
    site: Annotated[
        str,
        typer.Argument(metavar="SITE", help="Id of a site in the site file that has enlighten."),
    ],
    what: Annotated[
        View, typer.Argument(metavar="WHAT", help=f"What is shown of it: {', '.join(VIEWS)}.")
    ],
) -> None:
    """Show what Enlighten says of a site now; one to three requests."""
    from energy_pipeline.cli.show import run_show

    run_show(site, what)


@enlighten.command()
def find(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="A gateway's serial number, or part of a name.")
    ],
    site: Annotated[
        str,
        typer.Option(
            metavar="SITE", help="Ask in the name of this site's owner; by default of the first's."
        ),
    ] = "",
) -> None:
    """Find the system of a gateway or of a name; one request."""
    from energy_pipeline.cli.show import run_find

    run_find(text, site)
