"""An owner's tokens: begun with the first, reused, renewed in time, never thrown away."""

import asyncio
import stat
from dataclasses import replace
from datetime import datetime

import pytest
from cryptography.fernet import Fernet

from energy_pipeline.errors import AccessRefused, ConfigurationError, ServiceUnavailable
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION
from energy_pipeline.sources.enlighten.oauth.refusals import GrantRefused
from energy_pipeline.sources.enlighten.oauth.store import Holder
from energy_pipeline_tests.simulators.enlighten.asking import PUNCTUAL
from energy_pipeline_tests.sources.enlighten.oauth.conftest import Machine

HOUR_S, DAY_S = 3600, 86_400
WAY_BACK = "energy-pipeline enlighten authorize"


def lose_answers(machine: Machine, how_many: int = 3) -> None:
    """The next requests are done, and their answers reach nobody."""
    machine.cloud.faults = replace(PUNCTUAL, next_failures=("drop",) * how_many)


def test_the_first_token_begins_a_chain_that_is_stored_for_its_owner_only(machine: Machine):
    token = machine.token()
    assert machine.opens(token)
    assert machine.token() == token
    assert machine.asked() == 1
    kept = machine.kept()
    assert kept is not None
    assert kept.refresh.get_secret_value() != machine.first
    assert stat.S_IMODE((machine.folder / "state.db").stat().st_mode) == 0o600


def test_it_is_renewed_shortly_before_its_end_and_not_sooner(machine: Machine):
    token = machine.token()
    machine.advance(23.4 * HOUR_S)
    assert machine.token() == token
    machine.advance(0.2 * HOUR_S)
    assert machine.opens(token)
    renewed = machine.token()
    assert renewed != token
    assert machine.asked() == 2


def test_a_chain_of_a_year_needs_the_first_token_once(machine: Machine):
    machine.token()
    machine.first = None
    for _ in range(14):
        machine.advance(27 * DAY_S)
        assert machine.opens(machine.token())
    assert machine.asked() == 15


def test_one_object_reads_the_state_once_for_many_requests(machine: Machine):
    machine.token()
    source = machine.authorization()
    asyncio.run(source.token())
    machine.state.close()
    (machine.folder / "state.db").rename(machine.folder / "away.db")
    assert asyncio.run(source.token())


def test_requests_side_by_side_share_one_refresh(machine: Machine):
    async def side_by_side() -> set[str]:
        source = machine.authorization()
        found = await asyncio.gather(*(source.token() for _ in range(20)))
        return {token.get_secret_value() for token in found}

    assert len(asyncio.run(side_by_side())) == 1
    assert machine.asked() == 1


def test_a_refused_token_is_renewed_once(machine: Machine):
    refused = machine.token()
    machine.advance(HOUR_S)
    renewed = machine.renewed(refused)
    assert renewed != refused
    assert machine.renewed(refused) == renewed, "somebody else has renewed it"
    assert machine.asked() == 2
    with pytest.raises(AccessRefused, match=r"although it is new.*ENLIGHTEN_API_KEY"):
        machine.renewed(renewed)
    assert machine.asked() == 2


def test_a_new_first_token_wins_over_stored_ones_and_an_old_one_does_not(machine: Machine):
    old, stored = machine.first, machine.token()
    machine.first = machine.new_first()
    begun_anew = machine.token()
    assert begun_anew != stored
    machine.first = old
    assert machine.token() == begun_anew
    assert machine.asked() == 2


def test_a_new_first_token_that_is_refused_leaves_the_stored_ones_in_use(machine: Machine):
    token = machine.token()
    machine.first = "not-a-token-at-all"
    assert machine.token() == token
    assert machine.token() == token
    assert machine.asked() == 2, "a refused token is not sent again"


def test_a_first_token_that_is_refused_says_so_in_every_run_and_is_sent_once(machine: Machine):
    machine.first = "not-a-token-at-all"
    for _ in range(2):
        with pytest.raises(AccessRefused, match=rf"invalid_grant.*{WAY_BACK}"):
            machine.token()
    assert machine.asked() == 1


def test_without_any_token_the_way_to_one_is_told(machine: Machine):
    machine.first = None
    with pytest.raises(AccessRefused, match=rf"no tokens yet.*{WAY_BACK}`, or set ENLIGHTEN"):
        machine.token()
    with pytest.raises(
        AccessRefused, match=rf"of owner larkspur yet.*{WAY_BACK} --owner larkspur`"
    ):
        machine.token("larkspur")
    assert machine.asked() == 0


def test_an_owner_who_is_not_named_right_is_shown_the_names(machine: Machine):
    machine.token()
    tokens = machine.kept()
    assert tokens is not None
    machine.store.keep(machine.holder("larkspur"), tokens)
    with pytest.raises(AccessRefused) as caught:
        machine.token("lakspur")
    known = "(there are those of the owner without a name, larkspur)"
    assert f"no tokens of owner lakspur yet {known}. Let the owner" in str(caught.value)


def test_owners_have_tokens_of_their_own(machine: Machine):
    machine.token()
    machine.first = machine.new_first()
    machine.token()
    tokens = machine.kept()
    assert tokens is not None
    machine.store.keep(machine.holder("larkspur"), tokens)
    machine.advance(DAY_S)
    assert machine.token("larkspur") != tokens.access.get_secret_value()
    assert machine.kept() == tokens
    assert machine.store.owners(machine.holder().account) == ["", "larkspur"]


def test_a_refresh_token_that_was_over_says_since_when(machine: Machine):
    machine.token()
    machine.advance(31 * DAY_S)
    for _ in range(2):
        with pytest.raises(GrantRefused, match=rf"was over on 2024-07-10, unused.*{WAY_BACK}"):
            machine.token()
    assert machine.asked() == 2, "what was refused is not sent again"
    machine.first = machine.new_first()
    assert machine.opens(machine.token())


def test_an_answer_that_is_lost_on_the_way_is_told_as_what_it_is(machine: Machine):
    machine.token()
    machine.advance(DAY_S)
    lose_answers(machine, 1)
    with pytest.raises(GrantRefused, match=rf"got no answer that could be stored.*{WAY_BACK}"):
        machine.token()


def test_answers_that_are_all_lost_are_known_in_the_next_run(machine: Machine):
    machine.token()
    machine.advance(DAY_S)
    lose_answers(machine)
    with pytest.raises(ServiceUnavailable):
        machine.token()
    with pytest.raises(GrantRefused, match="refresh that began at 2024-06-11 12:07 UTC got no"):
        machine.token()


def test_a_lost_answer_does_no_harm_where_the_old_token_lives_on_for_a_while(machine: Machine):
    machine.cloud.switches = replace(machine.cloud.switches, refresh_grace_s=60)
    machine.token()
    machine.advance(DAY_S)
    lose_answers(machine, 2)
    assert machine.opens(machine.token())


def test_a_service_that_is_down_does_not_matter_while_the_token_holds(machine: Machine):
    token = machine.token()
    machine.advance(23.8 * HOUR_S)
    machine.cloud.faults = replace(PUNCTUAL, unavailable_share=1.0)
    source = machine.authorization()
    assert asyncio.run(source.token()).get_secret_value() == token
    asked = machine.asked()
    assert asyncio.run(source.token()).get_secret_value() == token
    assert machine.asked() == asked, "the next try waits a while"
    machine.advance(HOUR_S)
    with pytest.raises(ServiceUnavailable):
        machine.token()
    machine.cloud.faults = PUNCTUAL
    assert machine.opens(machine.token())


def test_a_wrong_secret_of_the_application_costs_no_token(machine: Machine):
    machine.token()
    machine.advance(DAY_S)
    machine.secret = "another-secret"
    with pytest.raises(AccessRefused, match="Check ENLIGHTEN_CLIENT_ID and ENLIGHTEN_CLIENT_SEC"):
        machine.token()
    machine.secret = DEMO_APPLICATION.client_secret
    assert machine.opens(machine.token())


def test_a_run_that_is_cancelled_while_it_refreshes_keeps_what_it_gets(machine: Machine):
    token = machine.token()
    machine.advance(DAY_S)

    async def cancelled() -> None:
        source, begun = machine.authorization(), asyncio.Event()
        begin = source._store.begin_refresh

        def begin_refresh(holder: Holder, name: str, now: datetime) -> datetime | None:
            begun.set()
            return begin(holder, name, now)

        source._store.begin_refresh = begin_refresh  # type: ignore[method-assign]
        task = asyncio.ensure_future(source.token())
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(cancelled())
    kept = machine.kept()
    assert kept is not None
    assert kept.access.get_secret_value() != token


def test_encrypted_tokens_need_their_key(machine: Machine):
    machine.key = Fernet.generate_key().decode()
    token = machine.token()
    kept = machine.kept()
    assert kept is not None
    content = b"".join(file.read_bytes() for file in machine.folder.glob("state.db*"))
    for secret in (token, kept.refresh.get_secret_value(), str(machine.first), machine.key):
        assert secret.encode() not in content
    for key, found in ((None, "no key"), (Fernet.generate_key().decode(), "another key")):
        machine.key = key
        with pytest.raises(
            ConfigurationError, match=rf"ENERGY_TOKEN_KEY: found {found};.*{WAY_BACK}"
        ):
            machine.token()


def test_a_key_that_is_set_later_encrypts_from_the_next_refresh_on(machine: Machine):
    token = machine.token()
    machine.key = Fernet.generate_key().decode()
    assert machine.token() == token
    machine.advance(DAY_S)
    machine.token()
    standing = machine.store.standing(machine.holder())
    assert standing is not None
    assert standing.is_sealed
