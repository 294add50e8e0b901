"""Where people read: results on standard output, mistakes on standard error."""

import sys

from rich.console import Console

_WIDTH_OF_FILES = 200


def results() -> Console:
    """Return the console of results; a file or pipe gets lines wide enough for the tables."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES, highlight=False)


def mistakes() -> Console:
    """Return the console of mistakes: plain text whose lines are never broken."""
    return Console(stderr=True, soft_wrap=True, markup=False, highlight=False, emoji=False)
