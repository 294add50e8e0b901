"""A simulated cloud on loopback, and machines whose applications know it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.server import serve
from energy_pipeline.sources.enlighten.oauth.authorization import OwnerAuthorization
from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore, Holder
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.simulators.enlighten.asking import NOON, simulator
from energy_pipeline_tests.sources.enlighten.oauth.applications import (
    application_at,
    authorization,
)


class Machine:
    """A state database, and the authorizations that work with it; a call is a run of its own."""

    def __init__(self, folder: Path, base_url: str, cloud: EnlightenSimulator) -> None:
        self.url = f"sqlite:///{folder / 'state.db'}"
        self.folder = folder
        self.base_url = base_url
        self.cloud = cloud
        self.clock = ManualClock(NOON)
        self.state = StateDatabase(self.url)
        self.first: str | None = self.new_first()
        self.key: str | None = None
        self.secret = DEMO_APPLICATION.client_secret

    def new_first(self) -> str:
        """A refresh token as an owner's consent gives it."""
        return str(self.cloud.new_tokens()["refresh_token"])

    def authorization(self, owner: str = "") -> OwnerAuthorization:
        first = None if owner else self.first
        return authorization(
            self.url, self.state, self.base_url, self.clock, first, owner, self.key, self.secret
        )

    def token(self, owner: str = "") -> str:
        return asyncio.run(self.authorization(owner).token()).get_secret_value()

    def renewed(self, refused: str) -> str:
        found = asyncio.run(self.authorization().renewed(SecretStr(refused)))
        return found.get_secret_value()

    def kept(self, owner: str = "") -> OwnerTokens | None:
        return self.store.tokens(self.holder(owner))

    @property
    def store(self) -> AuthorizationStore:
        return AuthorizationStore(self.state, Sealing(SecretStr(self.key) if self.key else None))

    def holder(self, owner: str = "") -> Holder:
        return Holder(application_at(self.base_url).account, owner)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.cloud.clock.advance(seconds)

    def asked(self) -> int:
        """How often the token endpoint was asked."""
        return len(self.cloud.requests)

    def opens(self, token: str) -> bool:
        now = int(self.cloud.clock.now().timestamp())
        return self.cloud._state.tokens.bearer(token, "access", now) is not None


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    cloud = simulator()
    assert isinstance(cloud.clock, VirtualClock)
    with serve(cloud.app) as server:
        machine = Machine(tmp_path, server.base_url, cloud)
        yield machine
        machine.state.close()
