"""Entries of `sites.yaml` for systems that an owner has just given access to, as text.

What the members mean is in `sites.py`; how entries get into a file is in `site_file.py`.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from pydantic import SecretStr

from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.configuration.members import existing_zone

_PLAIN_NAME = re.compile(r"[^\W\d_][\w ().,/+-]*[\w).]", re.ASCII)
_WORDS_OF_YAML = ("true", "false", "null", "yes", "no", "on", "off")


@dataclass(frozen=True, slots=True)
class Access:
    """How the systems are read.

    Args:
        api: the dialect.
        owner: v4: name of the owner's authorization; empty where it has none.
        user_id: v2: the user who consented.
    """

    api: EnlightenApi
    owner: str = ""
    user_id: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class NewSite:
    """A system as a site.

    Args:
        id: unique among all sites.
        name: for people.
        timezone: IANA.
        start: first UTC day that is asked for.
        system_id: of the system.
        access: how it is read.
    """

    id: str
    name: str
    timezone: str
    start: date
    system_id: int
    access: Access

    def lines(self) -> Iterator[str]:
        """Yield the lines of its entry, the first one without its dash."""
        yield f"id: {_scalar(self.id)}"
        yield f"name: {_scalar(self.name)}"
        yield f"timezone: {self.timezone}"
        yield f"start: {self.start}"
        yield "enlighten:"
        yield f"  api: {self.access.api}"
        yield f"  system_id: {self.system_id}"
        if self.access.owner:
            yield f"  owner: {_scalar(self.access.owner)}"
        if self.access.user_id is not None:
            yield f"  user_id: {json.dumps(self.access.user_id.get_secret_value())}"
        yield "  production: micro  # or meter, where a revenue-grade meter measures it"


def entries_text(sites: Iterable[NewSite], indent: int = 2) -> str:
    """Return the entries, each after an empty line.

    Args:
        sites: in order.
        indent: spaces before each dash.
    """
    text = ""
    for site in sites:
        first, *others = site.lines()
        text += f"\n{' ' * indent}- {first}\n"
        text += "".join(f"{' ' * (indent + 2)}{line}\n" for line in others)
    return text


def unique_id(name: str | None, system_id: int, taken: Collection[str]) -> str:
    """Return a site's id made of its name: small letters, digits and dashes.

    Args:
        name: the system's.
        system_id: names a system whose name has none of them.
        taken: ids that other sites have.
    """
    plain = unicodedata.normalize("NFKD", name or "").encode("ascii", "ignore").decode().lower()
    wanted = re.sub("[^a-z0-9]+", "-", plain).strip("-") or f"system-{system_id}"
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def is_zone(name: str | None) -> bool:
    """Return whether a system's time zone can be a site's."""
    try:
        return bool(name and existing_zone(name))
    except ValueError:
        return False


def _scalar(text: str) -> str:
    """Return a text as YAML reads it again: plain where that is safe, quoted elsewhere."""
    is_plain = _PLAIN_NAME.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else json.dumps(text, ensure_ascii=False)
