"""`energy-pipeline enlighten show` and `find`: what the cloud says now, as a table.

On a terminal that is too narrow for the table, each row is a list of its members.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from energy_pipeline.cli.terminal import results
from energy_pipeline.steps.enlighten_account import hits_left
from energy_pipeline.steps.site_views import site_view
from energy_pipeline.steps.system_search import find_systems
from energy_pipeline.workbench import Workbench, open_workbench

Rows = Sequence[Mapping[str, Any]]

_UNBOUNDED = 10_000  # columns of a terminal


def run_show(site: str, what: str) -> None:
    """Print a view of a site.

    Raises:
        EnergyPipelineError: it cannot be asked for, or was not answered.
    """
    with open_workbench() as bench:
        _print(bench, asyncio.run(site_view(bench, site, what)))


def run_find(text: str, site: str) -> None:
    """Print the systems that a text means.

    Raises:
        EnergyPipelineError: it cannot be asked for, or was not answered.
    """
    with open_workbench() as bench:
        _print(bench, asyncio.run(find_systems(bench, text, site)))


def _print(bench: Workbench, rows: Rows) -> None:
    """Print rows, without columns that hold nothing, and the requests that are left."""
    console = results()
    if rows:
        columns = [name for name in rows[0] if any(row[name] is not None for row in rows)]
        table = _table(rows, columns)
        unbounded = console.options.update(max_width=_UNBOUNDED)
        if console.measure(table, options=unbounded).maximum <= console.width:
            console.print(table)
        else:
            console.print("\n\n".join(_record(row, columns) for row in rows), markup=False)
    else:
        console.print("nothing")
    left = ", ".join(f"{number} this {period}" for period, number in hits_left(bench).items())
    console.print(f"requests left: {left}", markup=False)


def _table(rows: Rows, columns: Sequence[str]) -> Table:
    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(_shown(row[name]), overflow="fold") for name in columns))
    return table


def _record(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Return a line for each member, for a terminal that is too narrow for the table."""
    width = max(map(len, columns))
    return "\n".join(f"{name:<{width}}  {_shown(row[name])}" for name in columns)


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case float():
            return f"{value:,.3f}".rstrip("0").rstrip(".")
        case dict():
            return ", ".join(str(each) for each in value.values() if each not in (None, ""))
        case _:
            return str(value)
