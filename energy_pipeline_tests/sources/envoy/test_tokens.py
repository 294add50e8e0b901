"""Tokens: given or fetched, reused, renewed in time, and never fetched twice for nothing."""

import asyncio
import multiprocessing
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from pydantic import SecretStr

from energy_pipeline.errors import AccessRefused, ServiceUnavailable
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import (
    Account,
    LoginSimulator,
    LoginSwitches,
    TokenAuthority,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline.sources.envoy.claims import TokenClaims, is_token, read_claims
from energy_pipeline.sources.envoy.login import Login, LoginRefused, TokenService
from energy_pipeline.sources.envoy.token_store import TokenStore
from energy_pipeline.sources.envoy.tokens import FetchedToken, GatewayToken, GivenToken
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.locks import Locks
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.simulators.envoy.conftest import NOON

SERIAL = "122000000001"
EMAIL, PASSWORD = "owner@example.com", "correct horse"
YEAR, HOUR = timedelta(days=365), timedelta(hours=1)


class Owner:
    """An account at the simulated services, and the tokens of its gateway on one machine."""

    def __init__(self, url: str, base_url: str, cloud: LoginSimulator) -> None:
        self.cloud = cloud
        self.clock = ManualClock(NOON)
        self.state = StateDatabase(url)
        self.base_url = base_url
        self.password = PASSWORD
        self._url = url

    def source(self, serial: str = SERIAL) -> FetchedToken:
        return source(self._url, self.state, self.base_url, self.password, self.clock, serial)

    def current(self, serial: str = SERIAL) -> GatewayToken:
        return asyncio.run(self.source(serial).current())

    def renewed(self, rejected: SecretStr) -> GatewayToken:
        return asyncio.run(self.source().renewed(rejected))

    def asked(self, path: str = "/tokens") -> int:
        return [request.path for request in self.cloud.requests].count(path)


def source(url, state, base_url, password, clock, serial) -> FetchedToken:
    login = Login(base_url, base_url, SecretStr(EMAIL), SecretStr(password))
    service = TokenService(login, clock, Random(1))
    return FetchedToken(serial, service, TokenStore(state), Locks.for_state(url), clock)


@pytest.fixture
def cloud(authority: TokenAuthority) -> LoginSimulator:
    account = Account(email=EMAIL, password=PASSWORD, serials=frozenset({SERIAL}))
    mfa = Account(email="mfa@example.com", password=PASSWORD, has_mfa=True)
    return LoginSimulator(authority, VirtualClock(NOON, fixed=True), [account, mfa])


@pytest.fixture
def owner(tmp_path: Path, cloud: LoginSimulator) -> Iterator[Owner]:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    with serve(cloud.app) as server:
        owner = Owner(url, server.base_url, cloud)
        with closing(owner.state):
            yield owner


def test_a_token_is_fetched_once_and_kept_where_only_the_owner_can_read(
    owner: Owner, tmp_path: Path
):
    first = owner.current()
    assert read_claims(first.value).expires_at == NOON + YEAR
    assert first.remark is None
    owner.clock.advance(300 * 86_400)
    assert owner.current() == first
    assert owner.asked() == 1
    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o600
    assert first.value.get_secret_value() not in repr(first)


def test_it_is_renewed_shortly_before_its_end(owner: Owner):
    first = owner.current()
    owner.clock.set(NOON + YEAR - timedelta(days=8))
    assert owner.current() == first
    owner.clock.set(NOON + YEAR - timedelta(days=7))
    assert owner.current().value != first.value
    assert owner.asked() == 2


def test_an_installers_token_is_renewed_after_almost_twelve_hours_and_says_so(owner: Owner):
    owner.cloud.switches = LoginSwitches(life=timedelta(hours=12))
    owner.cloud._accounts[EMAIL] = Account(  # the account changes its role
        email=EMAIL, password=PASSWORD, serials=frozenset({SERIAL}), role="installer"
    )
    first = owner.current()
    assert first.remark is not None
    assert "installer's: it holds 12 hours, until 2026-06-11 23:33 UTC" in first.remark
    assert "an owner's holds a year" in first.remark
    owner.clock.set(NOON + timedelta(hours=11, minutes=45))
    assert owner.current().value == first.value
    owner.clock.set(NOON + timedelta(hours=11, minutes=46))
    assert owner.current().value != first.value


def test_while_a_token_holds_a_failed_renewal_is_no_failure(owner: Owner):
    first = owner.current()
    owner.cloud.switches = LoginSwitches(is_down=True)
    owner.clock.set(NOON + YEAR - timedelta(days=3))
    kept = owner.current()
    assert kept.value == first.value
    assert kept.remark is not None
    assert "holds until 2027-06-11 11:33 UTC and could not be renewed" in kept.remark
    asked = owner.asked("/login/login.json")
    assert owner.current().value == first.value
    assert owner.asked("/login/login.json") == asked, "not asked again within the hour"
    owner.clock.advance(3601)
    owner.current()
    assert owner.asked("/login/login.json") > asked


def test_without_a_token_a_service_that_is_down_is_asked_every_time(owner: Owner):
    owner.cloud.switches = LoginSwitches(is_down=True)
    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            owner.current()
    owner.cloud.switches = LoginSwitches()
    assert is_token(owner.current().value.get_secret_value())


def test_a_wrong_password_is_tried_once_an_hour_for_all_gateways(owner: Owner):
    owner.password = "wrong"
    with pytest.raises(LoginRefused, match="ENPHASE_PASSWORD"):
        owner.current()
    for serial in (SERIAL, "122000000002"):
        with pytest.raises(AccessRefused, match=r"ENPHASE_PASSWORD.*asked again after 12:33 UTC"):
            owner.current(serial)
    assert owner.asked("/login/login.json") == 1
    owner.clock.advance(3601)
    with pytest.raises(LoginRefused):
        owner.current()
    owner.password = PASSWORD
    assert owner.current().remark is None, "another password is tried at once"


def test_a_gateway_that_the_account_does_not_own_is_asked_for_once_an_hour(owner: Owner):
    for _ in range(2):
        with pytest.raises(AccessRefused, match="no token for gateway 122000000009"):
            owner.current("122000000009")
    assert owner.asked() == 1
    owner.current()
    assert owner.asked() == 2


def test_a_rejected_token_is_renewed_once(owner: Owner):
    first = owner.current()
    owner.clock.advance(2 * 86_400)
    second = owner.renewed(first.value)
    assert second.value != first.value
    assert owner.renewed(first.value) == second, "another process had renewed it"
    assert owner.asked() == 2
    with pytest.raises(AccessRefused, match=f"{SERIAL} rejects a token that was fetched at 11:33"):
        owner.renewed(second.value)
    assert owner.asked() == 2


class StandingClock(ManualClock):
    """Shows one instant; who sleeps, really waits for the other processes."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _child(url: str, base_url: str, now: datetime, start, tokens) -> None:
    with closing(StateDatabase(url)) as state:
        fetched = source(url, state, base_url, PASSWORD, StandingClock(now), SERIAL)
        start.wait()
        tokens.put(asyncio.run(fetched.current()).value.get_secret_value())


def test_processes_that_need_it_at_the_same_moment_fetch_one(owner: Owner, tmp_path: Path):
    spawn = multiprocessing.get_context("spawn")
    start, tokens = spawn.Barrier(3), spawn.Queue()
    args = (f"sqlite:///{tmp_path / 'state.db'}", owner.base_url, NOON, start, tokens)
    children = [spawn.Process(target=_child, args=args) for _ in range(3)]
    for child in children:
        child.start()
    found = {tokens.get(timeout=60) for _ in children}
    for child in children:
        child.join()
    assert len(found) == 1
    assert (owner.asked(), owner.asked("/login/login.json")) == (1, 1)


def given(token: str, now: datetime = NOON) -> GatewayToken:
    return asyncio.run(
        GivenToken(SERIAL, SecretStr(token), "ROOF_TOKEN", ManualClock(now)).current()
    )


def test_a_given_token_is_taken_as_it_is(authority: TokenAuthority):
    token = authority.issue(SERIAL, NOON)
    assert given(token) == GatewayToken(SecretStr(token))
    assert given("opaque") == GatewayToken(SecretStr("opaque"))
    source = GivenToken(SERIAL, SecretStr(token), "ROOF_TOKEN", ManualClock(NOON))
    with pytest.raises(AccessRefused, match="in ROOF_TOKEN is rejected by the gateway"):
        asyncio.run(source.renewed(SecretStr(token)))


@pytest.mark.parametrize(
    ("serial", "now", "words"),
    [
        ("122000000009", NOON, f"is for gateway 122000000009; allowed: {SERIAL}"),
        ("un-commissioned", NOON, f"is for gateway un-commissioned; allowed: {SERIAL}"),
        (SERIAL, NOON + YEAR, "has expired on 2027-06-11 11:33 UTC"),
    ],
)
def test_a_given_token_that_does_not_fit(
    authority: TokenAuthority, serial: str, now: datetime, words: str
):
    token = authority.issue(serial, NOON)
    with pytest.raises(AccessRefused, match=rf"ROOF_TOKEN {words}\. Put a new one") as caught:
        given(token, now)
    assert token not in str(caught.value)


def test_the_end_of_a_given_token_is_announced(authority: TokenAuthority):
    token = authority.issue(SERIAL, NOON)
    assert given(token, NOON + YEAR - timedelta(days=30)).remark is None
    remark = given(token, NOON + YEAR - timedelta(days=30) + HOUR).remark
    assert remark is not None
    assert "holds until 2027-06-11 11:33 UTC; nobody renews it" in remark


def test_a_token_that_cannot_be_read_is_no_error():
    assert read_claims(SecretStr("a.b.c")) == TokenClaims()
    assert not TokenClaims().is_over(NOON)
    assert not is_token("<html></html>")
    assert not is_token("a.b")
