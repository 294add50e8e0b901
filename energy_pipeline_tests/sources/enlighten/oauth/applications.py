"""The simulated cloud's application as its user has it; light, for child processes."""

from random import Random

from pydantic import SecretStr

from energy_pipeline.clock import Clock
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.sources.enlighten.oauth.authorization import OwnerAuthorization
from energy_pipeline.sources.enlighten.oauth.endpoint import Application, TokenEndpoint
from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import Locks


def application_at(base_url: str, secret: str = DEMO_APPLICATION.client_secret) -> Application:
    return Application(base_url, SecretStr(DEMO_APPLICATION.client_id), SecretStr(secret))


def authorization(
    url: str,
    state: StateDatabase,
    base_url: str,
    clock: Clock,
    first: str | None = None,
    owner: str = "",
    key: str | None = None,
    secret: str = DEMO_APPLICATION.client_secret,
) -> OwnerAuthorization:
    endpoint = TokenEndpoint(application_at(base_url, secret), clock, Random(1))
    store = AuthorizationStore(state, Sealing(SecretStr(key) if key else None))
    token = SecretStr(first) if first else None
    return OwnerAuthorization(owner, endpoint, store, Locks.for_state(url), clock, token)
