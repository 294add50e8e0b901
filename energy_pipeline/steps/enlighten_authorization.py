"""Authorizations of the user's application: one for each owner that the site file names."""

from random import SystemRandom

from pydantic import SecretStr

from energy_pipeline.configuration.environment import ENVIRONMENT, Settings
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.sources.enlighten.oauth.authorization import OwnerAuthorization
from energy_pipeline.sources.enlighten.oauth.consent import Consents
from energy_pipeline.sources.enlighten.oauth.endpoint import Application, TokenEndpoint
from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore
from energy_pipeline.workbench import Workbench


def open_authorization(bench: Workbench, owner: str = "") -> OwnerAuthorization:
    """Return the tokens of an owner, which are fetched when they are asked for.

    Args:
        bench: settings, state, locks and clock.
        owner: as the site file calls the owner; empty where it names none.

    Raises:
        ConfigurationError: the environment does not name the application.
    """
    endpoint = TokenEndpoint(application_of(bench.settings), bench.clock, SystemRandom())
    store = authorization_store(bench)
    first = None if owner else bench.settings.enlighten_refresh_token
    return OwnerAuthorization(owner, endpoint, store, bench.locks, bench.clock, first)


def open_consents(bench: Workbench) -> Consents:
    """Return what takes the codes of owners' consents.

    Raises:
        ConfigurationError: the environment does not name the application.
    """
    endpoint = TokenEndpoint(application_of(bench.settings), bench.clock, SystemRandom())
    return Consents(endpoint, authorization_store(bench), bench.locks, bench.clock)


def authorization_store(bench: Workbench) -> AuthorizationStore:
    """Return where tokens are kept."""
    return AuthorizationStore(bench.state, Sealing(bench.settings.energy_token_key))


def application_of(settings: Settings) -> Application:
    """Return the user's application at the vendor.

    Raises:
        ConfigurationError: the environment does not name it.
    """
    parts = {
        "ENLIGHTEN_CLIENT_ID": settings.enlighten_client_id,
        "ENLIGHTEN_CLIENT_SECRET": settings.enlighten_client_secret,
    }
    allowed = "the one on your application's page at the vendor's developer portal"
    if lacking := [name for name, value in parts.items() if value is None]:
        raise ConfigurationError([Problem(ENVIRONMENT, n, "nothing", allowed) for n in lacking])
    client_id, client_secret = (value or SecretStr("") for value in parts.values())
    return Application(settings.enlighten_base_url, client_id, client_secret)
