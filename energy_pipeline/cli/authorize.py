"""`energy-pipeline enlighten authorize` and `systems`: from a consent to entries in `sites.yaml`.

The page that waits for the browser is in `answer_page.py`, the two kinds of consent in
`consents.py`.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from energy_pipeline.cli.answer_page import AnswerPage, Members
from energy_pipeline.cli.consents import CodeConsent, Consent, UserIdConsent
from energy_pipeline.cli.result_page import COLUMNS, Outcome, cells_of
from energy_pipeline.cli.terminal import results
from energy_pipeline.configuration.environment import (
    ENVIRONMENT,
    EnlightenApi,
    Settings,
    load_settings,
)
from energy_pipeline.configuration.site_entries import Access
from energy_pipeline.configuration.site_file import add_sites, known_sites
from energy_pipeline.errors import ConfigurationError, EnergyPipelineError, Problem
from energy_pipeline.steps.new_sites import list_systems, new_sites, seen_systems
from energy_pipeline.workbench import Workbench, open_workbench

WAIT_S = 600.0


@dataclass(frozen=True)
class Question:
    """What the user wants to be authorized for.

    Args:
        api: the dialect; None as ENLIGHTEN_API says.
        owner: v4: name of the owner's authorization; empty where there is one.
        app_id: v2: the application's number.
        port: of the page; 0 takes a free one.
        paste: the answer comes from the keyboard.
        replace: v4: tokens of another user may be replaced.
    """

    api: EnlightenApi | None = None
    owner: str = ""
    app_id: str | None = None
    port: int = 0
    paste: bool = False
    replace: bool = False


def run_authorize(question: Question, wait_s: float = WAIT_S) -> None:
    """Ask the owner, use the answer, and say what there is now.

    Raises:
        EnergyPipelineError: the configuration does not do, nobody answered, or no access was given.
    """
    settings = load_settings(os.environ)
    with _bench(settings) as bench:
        consent = _consent(bench, question)
        if question.paste:
            outcome = asyncio.run(_used(bench, consent, *_pasted(consent)))
        else:
            outcome = asyncio.run(_from_browser(bench, consent, question.port, wait_s))
    _print(outcome)


def run_systems(owner: str) -> None:
    """List the systems that an owner's tokens show, and write entries for the new ones.

    Raises:
        EnergyPipelineError: there are no such tokens, or the vendor gives no list.
    """
    with _bench(load_settings(os.environ)) as bench:
        _print(asyncio.run(_found(bench, Access("v4", owner=owner))))


def _bench(settings: Settings) -> AbstractContextManager[Workbench]:
    """Open a workbench with the sites that there are, which may be none yet."""
    return open_workbench(registry=known_sites(settings.energy_sites_file, settings))


def _consent(bench: Workbench, question: Question) -> Consent:
    settings = bench.settings
    if settings.enlighten_api_key is None:
        allowed = "the key of your application, with which its owners' systems are listed"
        raise ConfigurationError([Problem(ENVIRONMENT, "ENLIGHTEN_API_KEY", "nothing", allowed)])
    if (question.api or settings.enlighten_api) == "v4":
        return CodeConsent(bench, question.owner, replace=question.replace)
    if question.app_id is None:
        allowed = "the number in your application's Authorization URL, after app_id="
        raise ConfigurationError([Problem("command line", "--app-id", "nothing", allowed)])
    return UserIdConsent(settings.enphase_login_url, question.app_id)


async def _from_browser(bench: Workbench, consent: Consent, port: int, wait_s: float) -> Outcome:
    async def use(members: Members) -> Outcome:
        return await _used(bench, consent, members, page.address)

    page = AnswerPage(port, consent.path, consent.belongs, use)
    _say(
        "Open this address in a browser of this machine, and sign in as the owner of the systems:",
        f"\n{consent.url(page.address)}\n",
        f"Waiting {wait_s / 60:g} minutes for the answer. Ctrl+C ends it; on a machine without a "
        "browser, use --paste.",
    )
    return await page.wait(wait_s)


def _pasted(consent: Consent) -> tuple[Members, str | None]:
    """Return the answer that a person brings, and the address to which the vendor has led."""
    _say(
        "Open this address in any browser, and sign in as the owner of the systems:",
        f"\n{consent.url(consent.shown_at)}\n",
    )
    text = typer.prompt("Paste what the page shows then (it stays hidden)", hide_input=True)
    return consent.copied(text), consent.shown_at


async def _used(
    bench: Workbench, consent: Consent, members: Members, redirect: str | None
) -> Outcome:
    """Use an answer; a foreseen error is an outcome too."""
    try:
        access = await consent.access(members, redirect)
    except EnergyPipelineError as error:
        return Outcome("No access", ("Run the command again when this is mended.",), error=error)
    return await _written(bench, access)


async def _written(bench: Workbench, access: Access) -> Outcome:
    """List the systems of an owner who has just given access; a foreseen error is an outcome."""
    try:
        return await _found(bench, access)
    except EnergyPipelineError as error:
        title = "Access is given, but no site is written"
        again = f"energy-pipeline enlighten systems{_owner_option(access)}"
        kept = f"The access is kept: `{again}` goes on from here." if access.api == "v4" else ""
        return Outcome(title, (kept or "Run the command again when this is mended.",), error=error)


async def _found(bench: Workbench, access: Access) -> Outcome:
    """List the systems and write entries for the new ones."""
    settings = bench.settings
    listed = await list_systems(bench, access)
    known = known_sites(settings.energy_sites_file, settings)
    seen = seen_systems(bench, access, listed, known)
    new = new_sites(seen)
    file = add_sites(settings.energy_sites_file, new, settings) if new else None
    title = f"{len(seen)} {'system' if len(seen) == 1 else 'systems'} can be read now"
    return Outcome(title, tuple(_what_next(file, settings, len(new))), seen)


def _what_next(file: Path | None, settings: Settings, new: int) -> Iterator[str]:
    if file is None:
        yield f"Nothing had to be written into {settings.energy_sites_file}."
        return
    yield f"{new} new {'site' if new == 1 else 'sites'} in {file}."
    if file != settings.energy_sites_file:
        yield f"{settings.energy_sites_file} has no place for them at its end: move them over."
    yield (
        "Next: `energy-pipeline check --connect` proves that it works, `energy-pipeline enlighten "
        "budget` tells what the plan carries."
    )


def _owner_option(access: Access) -> str:
    return f" --owner {access.owner}" if access.owner else ""


def _print(outcome: Outcome) -> None:
    """Print an outcome; of one that failed, raise the error after what can be done."""
    console = results()
    if outcome.systems:
        table = Table(*COLUMNS)
        for system in outcome.systems:
            table.add_row(*(Text(cell, overflow="fold") for cell in cells_of(system)))
        console.print(table)
    _say(outcome.title, *outcome.paragraphs)
    if outcome.error:
        raise outcome.error


def _say(*lines: str) -> None:
    results().print("\n".join(lines), markup=False, soft_wrap=True)
