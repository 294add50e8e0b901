"""Who takes part beside the systems: applications of developers and the owners who sign in."""

from dataclasses import dataclass, field
from typing import Literal, get_args

Group = Literal["system_details", "production", "consumption", "devices"]
"""Groups of v4 endpoints, as a plan grants them and an application ticks them."""

EVERY_GROUP: frozenset[Group] = frozenset(get_args(Group))


@dataclass(frozen=True)
class Application:
    """A registered application, as its developer sees it on the portal.

    Attributes:
        client_id: identifies it to OAuth.
        client_secret: proves it.
        api_key: goes with every call.
        app_id: its number in the address of v2's consent page.
        name: what owners read when they are asked.
        groups: v4 endpoints that it has ticked; the plan can allow fewer.
    """

    client_id: str
    client_secret: str = field(repr=False)
    api_key: str = field(repr=False)
    app_id: str
    name: str
    groups: frozenset[Group] = EVERY_GROUP


@dataclass(frozen=True)
class Owner:
    """Somebody who can sign in.

    Attributes:
        email: name to sign in with.
        password: its password.
        user_id: the user that v2 knows and whose systems v4 shows.
    """

    email: str
    password: str = field(repr=False)
    user_id: str


DEMO_API_KEY = "simulated-api-key"
DEMO_APPLICATION = Application(
    client_id="simulated-client-id",
    client_secret="simulated-client-secret",  # noqa: S106
    api_key=DEMO_API_KEY,
    app_id="1409612345678",
    name="Energy pipeline",
)
DEMO_EMAIL = "owner@example.test"
DEMO_PASSWORD = "simulated-password"  # noqa: S105
