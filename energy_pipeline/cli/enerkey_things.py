"""`energy-pipeline enerkey`: one alarm, one action."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from energy_pipeline.cli.terminal import results
from energy_pipeline.errors import ConfigurationError, Problem, StoreError
from energy_pipeline.sinks.enerkey.actions import Actions, ActionUpdate, ListedAction
from energy_pipeline.sinks.enerkey.alarms import Alarm, fetch_alarm
from energy_pipeline.sinks.enerkey.images import ImageFormat
from energy_pipeline.sinks.enerkey.json_text import read_path
from energy_pipeline.sinks.enerkey.session import open_enerkey
from energy_pipeline.steps.enerkey_images import fetch_alarm_image
from energy_pipeline.workbench import Workbench, open_workbench

_FORMATS: dict[str, ImageFormat] = {".png": "png", ".pdf": "pdf"}


def run_alarm(id: int, image: Path | None) -> None:
    """Print an alarm and save its picture.

    Raises:
        EnergyPipelineError: there is no partner's key, EnerKey does not know the alarm, the file
            has another ending than .png and .pdf, or cannot be written.
    """
    format = _format_of(image)
    with open_workbench() as bench:
        alarm = asyncio.run(_alarm(bench, id))
        picture = fetch_alarm_image(bench, id, format) if image and format else None
    for name, value in asdict(alarm).items():
        if value is not None:
            results().print(f"{name}: {value}", markup=False, soft_wrap=True)
    if image and picture:
        _save(image, picture)
        results().print(f"picture: {image}", markup=False, soft_wrap=True)


def run_list_actions(facility_ids: Sequence[int]) -> None:
    """Print the actions of facilities; of none named: all.

    Raises:
        EnergyPipelineError: EnerKey does not answer.
    """
    with open_workbench() as bench:
        actions = asyncio.run(_listed(bench, facility_ids))
    table = Table()
    for name in ("id", "name", "status"):
        table.add_column(name)
    for each in actions:
        cells = (str(each.id), each.name or "", each.status or "")
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    results().print(table)


def run_get_action(id: int) -> None:
    """Print an action.

    Raises:
        EnergyPipelineError: EnerKey does not answer or does not know it.
    """
    with open_workbench() as bench:
        text = asyncio.run(_action_text(bench, id))
    results().print(text, markup=False, soft_wrap=True)


def run_update_action(id: int, settings: Sequence[str], *, is_rehearsal: bool) -> None:
    """Change an action, or show what would be changed.

    Raises:
        EnergyPipelineError: a setting cannot be read, a member is not there, somebody else has
            changed the action, or EnerKey does not take it.
    """
    changes = read_settings(settings)
    with open_workbench() as bench:
        update = asyncio.run(_update(bench, id, changes, is_rehearsal))
    results().print(_differences(update))
    if update.is_written:
        results().print("written, and read back")
    elif is_rehearsal:
        results().print("nothing was written")
    else:
        results().print("nothing to write: it is so already")
    for path, wanted, found in update.elsewhere:
        told = f"EnerKey itself changed {path}: {wanted} became {found}"
        results().print(told, markup=False, soft_wrap=True)


def read_settings(settings: Sequence[str]) -> dict[str, str]:
    """Return JSON values by path; what is no JSON is a text.

    Raises:
        ConfigurationError: a setting is not PATH=VALUE.
    """
    changes: dict[str, str] = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        try:
            if not equals:
                raise ValueError(f"found {setting!r}; allowed: PATH=VALUE")
            read_path(path)
        except ValueError as error:
            found, _, allowed = str(error).removeprefix("found ").partition("; allowed: ")
            raise ConfigurationError([Problem("command line", "--set", found, allowed)]) from None
        changes[path] = _json_text(value)
    return changes


def _json_text(value: str) -> str:
    try:
        json.loads(value, parse_constant=_refuse)
    except ValueError:
        return json.dumps(value, ensure_ascii=False)
    return value.strip()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


async def _alarm(bench: Workbench, id: int) -> Alarm:
    async with open_enerkey(bench.settings, bench.state, bench.clock, scope="PARTNER") as session:
        return await fetch_alarm(session.connection, id)


async def _listed(bench: Workbench, facility_ids: Sequence[int]) -> list[ListedAction]:
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        return await Actions(session.connection).list(facility_ids)


async def _action_text(bench: Workbench, id: int) -> str:
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        return (await Actions(session.connection).get(id)).text


async def _update(
    bench: Workbench, id: int, changes: dict[str, str], is_rehearsal: bool
) -> ActionUpdate:
    async with open_enerkey(bench.settings, bench.state, bench.clock) as session:
        actions = Actions(session.connection)
        return await actions.update(id, changes, is_rehearsal=is_rehearsal)


def _differences(update: ActionUpdate) -> Table:
    table = Table(title="the action")
    for name in ("member", "before", "after"):
        table.add_column(name)
    for row in update.differences:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    return table


def _format_of(image: Path | None) -> ImageFormat | None:
    if image is None:
        return None
    format = _FORMATS.get(image.suffix.lower())
    if format is None:
        problem = Problem("command line", "--image", str(image), "a file that ends in .png or .pdf")
        raise ConfigurationError([problem])
    return format


def _save(file: Path, content: bytes) -> None:
    """Write the file, whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.write_bytes(content)
        new.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error
