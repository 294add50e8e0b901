"""Whatever happens in whatever order: a token that opens, or the way back, and never a loop."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from energy_pipeline.errors import ServiceError
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.sources.enlighten.oauth.authorization import OwnerAuthorization
from energy_pipeline.sources.enlighten.oauth.endpoint import TokenEndpoint
from energy_pipeline.sources.enlighten.oauth.refusals import GrantRefused
from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import Locks
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.simulators.enlighten.asking import NOON, house, simulator
from energy_pipeline_tests.sources.enlighten.oauth.applications import application_at

HOUSE = house()
CLOUD = "https://cloud.example"
HAPPENINGS = st.one_of(
    st.integers(1, 800).map(lambda hours: ("hours", hours)),
    st.sampled_from(["token", "renewed", "killed", "lost", "down"]).map(lambda name: (name, 0)),
)


class Killed(BaseException):
    """The process dies here."""


class World:
    """A machine and the cloud, in one process; every call is a run of its own."""

    def __init__(self, folder: Path, grace_s: int) -> None:
        self.cloud = simulator(HOUSE, switches=Switches(refresh_grace_s=grace_s))
        self.clock = ManualClock(NOON)
        self.url = f"sqlite:///{folder / 'state.db'}"
        self.state = StateDatabase(self.url)
        self.store = AuthorizationStore(self.state, Sealing(None))
        self.first = SecretStr(str(self.cloud.new_tokens()["refresh_token"]))
        self.trouble = ""
        self.asked = 0
        self.may_be_lost = False
        self.renewed_at = NOON

    async def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.trouble == "down":
            return httpx.Response(503)
        self.may_be_lost |= self.trouble in ("lost", "killed")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.cloud.app)) as http:
            answer = await http.send(request)
        if self.trouble == "lost":
            raise httpx.ReadError("cut")
        return httpx.Response(answer.status_code, content=answer.content)

    def source(self) -> OwnerAuthorization:
        transport = httpx.MockTransport(self.handle)
        application = application_at(CLOUD)
        endpoint = TokenEndpoint(application, self.clock, Random(1), transport=transport)
        if self.trouble == "killed":
            self.store.keep = self.die  # type: ignore[method-assign]
        else:
            self.store = AuthorizationStore(self.state, Sealing(None))
        locks = Locks.for_state(self.url)
        return OwnerAuthorization("", endpoint, self.store, locks, self.clock, self.first)

    def die(self, *_: object) -> None:
        raise Killed

    def happen(self, name: str, hours: int) -> None:
        if name == "hours":
            self.clock.advance(hours * 3600)
            self.cloud.clock.set(self.clock.now())
            self.may_be_lost |= self.clock.now() - self.renewed_at > timedelta(days=29)
            return
        self.trouble = "" if name in ("token", "renewed") else name
        source, before = self.source(), self.asked
        try:
            token = asyncio.run(source.token())
            if name == "renewed":
                token = asyncio.run(source.renewed(token))
        except Killed:
            return
        except ServiceError as error:
            self.check(error)
            return
        finally:
            self.cloud.clock.set(self.clock.now())  # waits between tries have moved it
            assert self.asked - before <= 6
        assert self.opens(token)
        if self.asked > before:
            self.renewed_at = self.clock.now()

    def check(self, error: ServiceError) -> None:
        if isinstance(error, GrantRefused):
            assert self.may_be_lost, error
            assert "energy-pipeline enlighten authorize" in str(error)
        assert self.first.get_secret_value() not in str(error)

    def opens(self, token: SecretStr) -> bool:
        now = int(self.clock.now().timestamp())
        return self.cloud._state.tokens.bearer(token.get_secret_value(), "access", now) is not None


@settings(max_examples=30, deadline=None)
@given(st.lists(HAPPENINGS, max_size=8))
def test_an_authorization_is_lost_only_when_an_answer_was_and_then_it_says_so(happenings):
    with TemporaryDirectory() as folder:
        world = World(Path(folder), grace_s=0)
        for name, hours in happenings:
            world.happen(name, hours)
        world.first = SecretStr(str(world.cloud.new_tokens()["refresh_token"]))
        world.trouble = ""
        assert world.opens(asyncio.run(world.source().token())), "a new consent always helps"
        world.state.close()


@settings(max_examples=15, deadline=None)
@given(st.lists(HAPPENINGS.filter(lambda each: each[1] < 24), max_size=8))
def test_nothing_is_lost_where_used_tokens_live_on_for_a_while(happenings):
    with TemporaryDirectory() as folder:
        world = World(Path(folder), grace_s=10 * 86_400)
        for name, hours in happenings:
            world.happen(name, hours)
        world.trouble = ""
        assert world.opens(asyncio.run(world.source().token()))
        world.state.close()
