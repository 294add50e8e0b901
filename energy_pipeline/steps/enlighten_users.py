"""The Enlighten users that granted access to the sites: one list of systems each."""

from collections.abc import Iterable
from typing import NamedTuple

from energy_pipeline.configuration.sites import EnlightenAccess, Site


class User(NamedTuple):
    """A user with the sites that are opened in his name; never shown, since the id is secret.

    Args:
        access: of the first site.
        sites: at least one.
    """

    access: EnlightenAccess
    sites: tuple[Site, ...]


def users_of(sites: Iterable[Site]) -> list[User]:
    """Return the users by the order of their first sites.

    Dialect v2 names a user with each site; in v4 each owner has an authorization.
    """
    users: dict[tuple[str, str], User] = {}
    for site in sites:
        access = site.enlighten
        if access is None:
            continue
        user_id = access.user_id.get_secret_value() if access.user_id else ""
        key = access.api, user_id if access.api == "v2" else access.owner or ""
        known = users.get(key, User(access, ()))
        users[key] = known._replace(sites=(*known.sites, site))
    return list(users.values())
