"""What is kept of authorizations, whole or not at all, in either kind of database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from energy_pipeline.errors import ConfigurationError
from energy_pipeline.sources.enlighten.oauth import store as module
from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore, Holder
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.state.conftest import state, state_url  # noqa: F401 - fixtures

NOW = datetime(2024, 6, 10, 12, tzinfo=UTC)
TOKENS = OwnerTokens(
    SecretStr("access-1"),
    NOW + timedelta(days=1),
    SecretStr("refresh-1"),
    NOW + timedelta(days=30),
    "somebody",
    NOW,
)
NEXT = replace(TOKENS, access=SecretStr("access-2"), refresh=SecretStr("refresh-2"), user=None)
HOLDER, OTHER = Holder("app"), Holder("app", "larkspur")


@pytest.fixture
def store(state: StateDatabase) -> AuthorizationStore:  # noqa: F811
    return AuthorizationStore(state, Sealing(None))


def test_tokens_come_back_as_they_were_kept(store: AuthorizationStore):
    assert store.tokens(HOLDER) is store.standing(HOLDER) is None
    store.keep(HOLDER, TOKENS)
    store.keep(OTHER, NEXT)
    assert (store.tokens(HOLDER), store.tokens(OTHER)) == (TOKENS, NEXT)
    store.keep(HOLDER, NEXT)
    assert store.tokens(HOLDER) == NEXT
    assert store.tokens(Holder("another")) is None
    assert store.owners("app") == ["", "larkspur"]


def test_a_refusal_stays_until_new_tokens_come(store: AuthorizationStore):
    store.keep(HOLDER, TOKENS)
    store.refuse(HOLDER, "no")
    standing = store.standing(HOLDER)
    assert standing is not None
    assert (standing.refusal, standing.user) == ("no", "somebody")
    store.keep(HOLDER, NEXT)
    standing = store.standing(HOLDER)
    assert standing is not None
    assert standing.refusal is None


def test_a_note_stays_until_the_refresh_has_an_end(store: AuthorizationStore):
    later = NOW + timedelta(hours=1)
    assert store.begin_refresh(HOLDER, "name", NOW) is None
    assert store.begin_refresh(HOLDER, "name", later) == NOW
    assert store.begin_refresh(OTHER, "name", later) is None
    store.end_refresh(HOLDER, "name")
    assert store.begin_refresh(HOLDER, "name", later) is None
    store.keep(HOLDER, TOKENS)
    assert store.begin_refresh(HOLDER, "name", NOW) is None
    store.refuse(HOLDER, "no")
    assert store.begin_refresh(HOLDER, "name", NOW) is None
    assert store.begin_refresh(OTHER, "name", NOW) == later


def test_first_tokens_are_seen_once(store: AuthorizationStore):
    assert not store.is_seen(HOLDER, "first")
    store.keep(HOLDER, TOKENS, "first")
    assert store.is_seen(HOLDER, "first")
    assert store.refusal_of_first(HOLDER, "first") is None
    store.refuse_first(HOLDER, "second", "no")
    assert store.refusal_of_first(HOLDER, "second") == "no"
    assert store.is_seen(HOLDER, "second")
    assert not store.is_seen(OTHER, "first")


def test_what_cannot_be_kept_whole_is_not_kept_at_all(
    store: AuthorizationStore, monkeypatch: pytest.MonkeyPatch
):
    store.keep(HOLDER, TOKENS)
    store.begin_refresh(HOLDER, "name", NOW)

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(module, "_mark_seen", broken)
    with pytest.raises(RuntimeError):
        store.keep(HOLDER, NEXT, "first")
    assert store.tokens(HOLDER) == TOKENS
    assert store.begin_refresh(HOLDER, "name", NOW + timedelta(hours=1)) == NOW


def test_sealed_tokens_open_with_their_key_alone(state: StateDatabase):  # noqa: F811
    keys = [SecretStr(Fernet.generate_key().decode()) for _ in range(2)]
    right, wrong = (AuthorizationStore(state, Sealing(key)) for key in keys)
    right.keep(HOLDER, TOKENS)
    assert right.tokens(HOLDER) == TOKENS
    assert wrong.standing(HOLDER) == right.standing(HOLDER)
    for other, found in ((wrong, "another key"), (AuthorizationStore(state, Sealing(None)), "no ")):
        with pytest.raises(ConfigurationError, match=f"ENERGY_TOKEN_KEY: found {found}"):
            other.tokens(HOLDER)
    wrong.keep(HOLDER, NEXT)
    assert wrong.tokens(HOLDER) == NEXT
