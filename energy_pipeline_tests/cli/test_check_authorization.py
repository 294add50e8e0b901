"""`energy-pipeline check` on sites of dialect v4: until when the owners' tokens hold."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.sources.enlighten.oauth.sealing import Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore, Holder
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens, token_name
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.quota import account_fingerprint
from energy_pipeline_tests.cli.consenting import DEMO_APPLICATION, at_home

SITES = """\
sites:
  - {id: a, name: A, timezone: UTC, start: 2024-01-01, enlighten: {system_id: 1}}
  - {id: b, name: B, timezone: UTC, start: 2024-01-01, enlighten: {system_id: 2}}
"""
ACCOUNT = account_fingerprint(DEMO_APPLICATION.client_id)
NOW = datetime.now(UTC)
REFRESH = "refresh-token-62e8"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home(tmp_path, "http://127.0.0.1:9", "v4", monkeypatch)
    Path("sites.yaml").write_text(SITES)


def store(key: str | None = None) -> AuthorizationStore:
    state = StateDatabase(f"sqlite:///{Path('data/state.db').absolute()}")
    return AuthorizationStore(state, Sealing(SecretStr(key) if key else None))


def keep(owner: str = "", days: float = 20.5, key: str | None = None) -> None:
    until = NOW + timedelta(days=days)
    access, refresh = SecretStr("access-token"), SecretStr(REFRESH)
    store(key).keep(Holder(ACCOUNT, owner), OwnerTokens(access, NOW, refresh, until, None, NOW))


def check() -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check"])
    assert REFRESH not in result.output
    said = [line for line in result.stdout.splitlines() if line.startswith("Enlighten,")]
    return result.exit_code, "\n".join(said), result.stderr


def test_until_when_the_refresh_token_holds():
    keep()
    until = NOW + timedelta(days=20.5)
    assert check() == (
        0,
        f"Enlighten, authorization: the refresh token holds until {until:%Y-%m-%d} (20 days, anew "
        "with each renewal), tokens not encrypted",
        "",
    )


def test_no_authorization_yet():
    status, said, error = check()
    assert (status, said) == (1, "")
    assert error.endswith(
        "state database: authorization: found nothing; allowed: an owner's consent: run "
        "`energy-pipeline enlighten authorize`\n"
    )
    assert not Path("data").exists(), "a look at the configuration makes no database"


def test_the_token_of_the_environment_is_a_beginning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENLIGHTEN_REFRESH_TOKEN", REFRESH)
    begins = "Enlighten, authorization: begins with ENLIGHTEN_REFRESH_TOKEN at the first request"
    assert check() == (0, begins, "")
    keep()
    assert check() == (0, begins, ""), "a new value begins anew"
    store().refuse_first(Holder(ACCOUNT), token_name(SecretStr(REFRESH)), "was refused")
    assert "the refresh token holds until" in check()[1]


def test_a_refused_token_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENLIGHTEN_REFRESH_TOKEN", REFRESH)
    store().refuse_first(Holder(ACCOUNT), token_name(SecretStr(REFRESH)), "was refused")
    status, _, error = check()
    assert status == 1
    assert "authorization: found was refused; allowed: an owner's consent" in error


def test_each_owner_is_told(monkeypatch: pytest.MonkeyPatch):
    Path("sites.yaml").write_text(SITES.replace("{system_id: 2}", "{system_id: 2, owner: larch}"))
    keep()
    status, said, error = check()
    assert status == 1
    assert said.startswith("Enlighten, authorization: the refresh token holds until")
    assert "authorization of owner larch: found nothing" in error
    assert "enlighten authorize --owner larch`" in error
    keep("larch", days=1.5)
    status, said, _ = check()
    assert status == 0
    assert "authorization of owner larch: the refresh token holds until" in said
    assert "(1 day, anew" in said
    monkeypatch.setenv("ENLIGHTEN_REFRESH_TOKEN", "another")
    assert "authorization: begins with" in check()[1]
    assert "owner larch: the refresh token holds" in check()[1]


def test_a_refresh_token_that_is_over_or_refused():
    keep(days=-2)
    status, _, error = check()
    assert status == 1
    assert f"found a refresh token that is over since {NOW - timedelta(days=2):%Y-%m-%d}" in error
    keep()
    store().refuse(Holder(ACCOUNT), "the vendor's no")
    assert "found the vendor's no; allowed: an owner's consent" in check()[2]


def test_encrypted_tokens(monkeypatch: pytest.MonkeyPatch):
    key = Fernet.generate_key().decode()
    keep(key=key)
    assert "found no key; allowed: the ENERGY_TOKEN_KEY with which" in check()[2]
    monkeypatch.setenv("ENERGY_TOKEN_KEY", Fernet.generate_key().decode())
    assert "found another key; allowed: the ENERGY_TOKEN_KEY with which" in check()[2]
    monkeypatch.setenv("ENERGY_TOKEN_KEY", key)
    assert check()[1].endswith("tokens encrypted")
    assert check()[0] == 0
