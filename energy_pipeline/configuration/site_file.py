"""Adding sites to `sites.yaml`: at its end, every line before them left as it is.

Nothing is written that does not read again as the old sites and the new ones. A file to which
nothing can be added in that way is not touched; the entries go into a new one beside it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import yaml

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.site_entries import NewSite, entries_text
from energy_pipeline.configuration.sites import Registry, load_registry
from energy_pipeline.errors import ConfigurationError, StoreError

_HEAD = """\
# The site registry; sites.example.yaml shows every member that an entry may have.
sites:
"""
_OWNER_ONLY = 0o600


def known_sites(path: Path, settings: Settings) -> Registry:
    """Return the sites of a file; none when there is no file.

    Raises:
        ConfigurationError: every mistake of the file.
    """
    return load_registry(path, settings) if path.exists() else Registry(sites=())


def add_sites(path: Path, sites: Sequence[NewSite], settings: Settings) -> Path:
    """Add sites to the end of a file, or write a new one, readable by its owner only.

    Returns:
        The file that has the entries now: `path`, or one beside it when `path` cannot take them.

    Raises:
        ConfigurationError: the file has mistakes already.
        StoreError: the file cannot be written.
    """
    target = path.resolve()
    known = known_sites(target, settings)
    old = target.read_bytes().decode() if target.exists() else None
    text = _HEAD + entries_text(sites).removeprefix("\n") if old is None else _appended(old, sites)
    if text is not None and _write(target, text, [*_ids(known), *_ids(sites)], settings):
        return path
    beside = _free_name(target)
    _write(beside, _HEAD + entries_text(sites).removeprefix("\n"), _ids(sites), settings)
    return beside


def _appended(old: str, sites: Sequence[NewSite]) -> str | None:
    """Return the text with the entries at its end; None where its form leaves no place."""
    match yaml.compose(old, yaml.SafeLoader):
        case yaml.MappingNode(value=[*_, (_, yaml.SequenceNode(value=[*_, last]) as entries)]):
            if entries.flow_style:  # [...]; of a block it says nothing or no
                return None
            dash = old.rfind("-", 0, last.start_mark.index)
            indent = dash - old.rfind("\n", 0, dash) - 1
            return old + ("" if old.endswith("\n") else "\n") + entries_text(sites, indent)
        case _:
            return None


def replace_file(
    target: Path, text: str, is_right: Callable[[Registry], bool], settings: Settings
) -> bool:
    """Put a text in a site file's place if it reads as it should; tell whether it does.

    Args:
        target: the file itself, no link to it.
        text: what it is to hold.
        is_right: whether its sites are those that are meant.
        settings: by which it is read.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=target.parent, suffix=".yaml", delete=False
        ) as file:
            file.write(text)
        written = Path(file.name)
        try:
            if not _reads_right(written, is_right, settings):
                return False
            mode = target.stat().st_mode & 0o777 if target.exists() else _OWNER_ONLY
            written.chmod(mode)
            os.replace(written, target)  # noqa: PTH105 - says that it replaces
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}") from error
    return True


def _write(target: Path, text: str, ids: Sequence[str], settings: Settings) -> bool:
    """Put the text in the file's place if it reads as these sites; tell whether it does."""
    return replace_file(target, text, lambda registry: _ids(registry) == [*ids], settings)


def _reads_right(file: Path, is_right: Callable[[Registry], bool], settings: Settings) -> bool:
    try:
        return is_right(load_registry(file, settings))
    except ConfigurationError:
        return False


def _ids(sites: Registry | Sequence[NewSite]) -> list[str]:
    return [site.id for site in (sites.sites if isinstance(sites, Registry) else sites)]


def _free_name(path: Path) -> Path:
    number = 1
    while (beside := path.with_name(f"{path.stem}.new-{number}{path.suffix}")).exists():
        number += 1
    return beside
