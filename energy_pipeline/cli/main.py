"""`energy-pipeline`: the commands and their options; what each does is in its own module.

A mistake that this package foresees is said in plain words on standard error, with exit status 1.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from energy_pipeline.cli.enerkey_commands import enerkey, provisioning
from energy_pipeline.cli.enlighten_commands import enlighten
from energy_pipeline.cli.terminal import mistakes
from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.configuration.members import existing_zone
from energy_pipeline.errors import ConfigurationError, EnergyPipelineError


class _Commands(TyperGroup):
    """Runs a command; its foreseen errors end in words, not in a traceback."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as in the base
        try:
            return super().invoke(ctx)
        except EnergyPipelineError as error:
            mistakes().print(_told(error))
            raise typer.Exit(1) from None


def _told(error: EnergyPipelineError) -> str:
    if not isinstance(error, ConfigurationError):
        return str(error)
    count = len(error.problems)
    return f"{count} mistake{'s' if count > 1 else ''} in the configuration:\n{error}"


app = typer.Typer(
    cls=_Commands,
    help="Brings every hour of Enphase solar sites into EnerKey.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

envoy = typer.Typer(help="Gateways in the local network.", no_args_is_help=True)
app.add_typer(envoy, name="envoy")

app.add_typer(enlighten, name="enlighten")
app.add_typer(provisioning, name="provisioning")
app.add_typer(enerkey, name="enerkey")

Data = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Replay this interval export of Enlighten."),
]
Timezone = Annotated[
    str,
    typer.Option(parser=existing_zone, metavar="ZONE", help="IANA zone of the simulated house."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free port.")]
Api = Annotated[
    EnlightenApi,
    typer.Option(help="Dialect in which the printed files meet Enlighten; it speaks both."),
]

EnerKeySwitches = Annotated[
    list[str],
    typer.Option(
        "--enerkey",
        metavar="NAME=VALUE",
        help="Let EnerKey behave in another way, e.g. repush_consumption=reject; may be repeated.",
    ),
]


@app.command()
def check(
    connect: Annotated[bool, typer.Option("--connect", help="Also ask each service.")] = False,
) -> None:
    """Validate the configuration and show the sites."""
    from energy_pipeline.cli.check import run_check

    run_check()
    if connect:
        from energy_pipeline.cli.connect import run_connect

        raise typer.Exit(0 if run_connect() else 1)


@app.command()
def simulate(
    data: Data = None,
    timezone: Timezone = "Europe/Helsinki",
    enlighten_port: Port = 0,
    enerkey_port: Port = 0,
    envoy_port: Port = 0,
    login_port: Port = 0,
    api: Api = "v4",
    enerkey: EnerKeySwitches = [],  # noqa: B006  # typer's way to say none
) -> None:
    """Serve simulated Enlighten, EnerKey and a gateway until Ctrl+C."""
    from energy_pipeline.cli.simulate import Ports, run_simulate

    ports = Ports(enlighten_port, enerkey_port, envoy_port, login_port)
    run_simulate(data, timezone, ports, api, enerkey)


@app.command()
def demo(data: Data = None, timezone: Timezone = "Europe/Helsinki") -> None:
    """Run the main job on simulated services and show what came of it."""
    from energy_pipeline.cli.demo import run_demo

    if not run_demo(data, timezone):
        raise typer.Exit(1)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the page, on 127.0.0.1.")] = 3000,
) -> None:
    """Open the Dagster page and daemon, on your own sites or on the demo."""
    from energy_pipeline.cli.ui import run_ui
    from energy_pipeline.configuration.environment import load_settings

    raise typer.Exit(run_ui(load_settings(os.environ).energy_sites_file, port))


@envoy.command()
def capture(
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="Id of a site in the site file with a gateway.")
    ],
    to: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="New or empty folder; envoy-SITE by default."),
    ] = None,
) -> None:
    """Save what a gateway answers, made anonymous, for a bug report."""
    from energy_pipeline.cli.envoy import run_capture

    run_capture(site, to)
