"""`energy-pipeline envoy capture`: a gateway's answers for a bug report, made anonymous."""

import asyncio
from pathlib import Path

from energy_pipeline.cli.terminal import results
from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.sources.envoy.capture import capture_gateway
from energy_pipeline.steps.gateways import open_fleet
from energy_pipeline.workbench import Workbench, open_workbench


def run_capture(site: str, folder: Path | None) -> None:
    """Ask the site's gateway for everything and write the anonymous answers into a folder.

    Args:
        site: id of the site.
        folder: a new or empty one; None is `envoy-<site>` here.

    Raises:
        EnergyPipelineError: the site has no gateway, the gateway cannot be asked, or the folder
            holds something.
    """
    target = folder or Path(f"envoy-{site}")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise EnergyPipelineError(f"{target}: found something; allowed: a new or empty folder")
    with open_workbench([site]) as bench:
        files = asyncio.run(_captured(bench, site))
    target.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")
    lines = [
        f"{len(files)} files in {target}",
        "Serial numbers, MAC and IP addresses, e-mail addresses and network names are replaced.",
        "Look through the files before you give them to anybody.",
    ]
    results().print("\n".join(lines), markup=False)


async def _captured(bench: Workbench, site: str) -> dict[str, str]:
    fleet, unusable = open_fleet(bench, bench.registry.sites)
    for gateway in unusable:
        raise gateway.error
    if not fleet.gateways:
        raise EnergyPipelineError(f"site {site} has no gateway: sites.yaml names no envoy for it")
    return await capture_gateway(fleet, fleet.gateways[0])
