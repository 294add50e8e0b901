"""What a person reads in the browser after the consent: plain, and without any secret."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from energy_pipeline.errors import EnergyPipelineError
from energy_pipeline.steps.new_sites import SeenSystem

_STYLE = """\
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 4rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; font-weight: 600 }
table { border-collapse: collapse; margin: 1.5rem 0; width: 100% }
th, td { text-align: left; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid #8886 }
td:first-child { font-variant-numeric: tabular-nums }
code { font-size: .95em; background: #8882; padding: .1em .3em; border-radius: .2em }
[role=alert] { border-left: .25rem solid #c33; padding-left: 1rem; overflow-wrap: anywhere }
"""


@dataclass(frozen=True)
class Outcome:
    """What came of an answer.

    Args:
        title: in a few words.
        paragraphs: plain text.
        systems: what the owner shows.
        error: why it failed.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    systems: Sequence[SeenSystem] = field(default=())
    error: EnergyPipelineError | None = None


def html_page(outcome: Outcome) -> str:
    """Return the whole page."""
    title = escape(outcome.title)
    alert = f'<p role="alert">{escape(str(outcome.error))}</p>' if outcome.error else ""
    text = "".join(f"<p>{_with_commands(each)}</p>" for each in outcome.paragraphs)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1>{alert}{_table(outcome.systems)}{text}"
        "<p>This page can be closed; the terminal goes on.</p></body></html>\n"
    )


def _with_commands(text: str) -> str:
    """Return a paragraph in which what is to be typed looks like it."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _table(systems: Sequence[SeenSystem]) -> str:
    if not systems:
        return ""
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells_of(each)) + "</tr>"
        for each in systems
    )
    return f"<table><thead><tr>{_HEAD}</tr></thead><tbody>{rows}</tbody></table>"


COLUMNS = ("system", "name", "time zone", "in the site file")
_HEAD = "".join(f"<th>{name}</th>" for name in COLUMNS)


def cells_of(system: SeenSystem) -> tuple[str, str, str, str]:
    """Return a system's row under `COLUMNS`."""
    return (str(system.system_id), system.name, system.timezone, system.remark)
