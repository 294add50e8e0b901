"""How the authorizations stand that the sites of dialect v4 need: said without asking anybody."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.errors import ConfigurationError, Problem
from energy_pipeline.sources.enlighten.oauth.authorization import FIRST
from energy_pipeline.sources.enlighten.oauth.sealing import NO_KEY, OTHER_KEY, Sealing
from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore, Holder, Standing
from energy_pipeline.sources.enlighten.oauth.tokens import token_name
from energy_pipeline.state.database import StateDatabase
from energy_pipeline.state.location import parse_state_url, sqlite_file
from energy_pipeline.steps.enlighten_authorization import application_of, authorization_store
from energy_pipeline.steps.key_expiry import Expiry
from energy_pipeline.workbench import Workbench

_WHERE = "state database"
_WARN_DAYS = (7, 1)


def authorizations(
    settings: Settings, registry: Registry, now: datetime
) -> tuple[list[str], list[Problem]]:
    """Return a sentence for each owner whose tokens are in order, and what is wrong with others.

    Nothing is written: a state database that is not there yet holds no tokens.

    Args:
        settings: application, state and key.
        registry: the sites.
        now: the present instant, aware.

    Raises:
        ConfigurationError: the environment does not name the application.
        StoreError: the state database cannot be read.
    """
    owners = _owners(registry)
    if not owners:
        return [], []
    account = application_of(settings).account
    file = sqlite_file(parse_state_url(settings.state_url))
    if file is not None and not file.exists():
        return _told([(owner, None, None) for owner in owners], settings, now)
    with closing(StateDatabase(settings.state_url)) as state:
        store = AuthorizationStore(state, Sealing(settings.energy_token_key))
        found = [_standing(store, Holder(account, owner), settings, now) for owner in owners]
    return _told(found, settings, now)


def ending_authorizations(bench: Workbench) -> list[Expiry]:
    """Return what is to be told of owners whose refresh token ends soon, or does no more.

    One that was just consented to, or begins with the environment, is not told of.

    Raises:
        ConfigurationError: the environment does not name the application.
        StoreError: the state database cannot be read.
    """
    owners, now = _owners(bench.fleet), bench.clock.now()
    if not owners:
        return []
    account, store = application_of(bench.settings).account, authorization_store(bench)
    found: list[Expiry] = []
    for owner in owners:
        whose, standing, trouble = _standing(store, Holder(account, owner), bench.settings, now)
        if trouble is not None:
            told = f"{_whose(whose)}: {trouble}; {_way_out(whose)}"
            found.append(Expiry(_whose(whose), told, is_urgent=True))
        elif standing is not None:
            found += _ending(whose, standing, now)
    return found


def _ending(owner: str, standing: Standing, now: datetime) -> Iterator[Expiry]:
    left = [days for days in _WARN_DAYS if standing.refresh_until - now <= timedelta(days=days)]
    if not left:
        return
    days = "a day" if min(left) == 1 else f"{min(left)} days"
    told = (
        f"the refresh token of the {_whose(owner)} ends at {standing.refresh_until:%Y-%m-%d %H:%M} "
        f"UTC, in {days} or less: a run over its sites that asks Enlighten before renews it; after "
        f"that {_way_out(owner)}"
    )
    yield Expiry(_whose(owner), told, is_urgent=min(left) == 1)


_Found = tuple[str, Standing | None, str | None]
"""An owner, what is stored, and why it cannot be used."""


def _owners(registry: Registry) -> list[str]:
    """Return the names of the owners of v4 sites, each once; empty for the one without a name."""
    access = [site.enlighten for site in registry.sites if site.enlighten]
    return list(dict.fromkeys(each.owner or "" for each in access if each.api == "v4"))


def _standing(
    store: AuthorizationStore, holder: Holder, settings: Settings, now: datetime
) -> _Found:
    standing, first = store.standing(holder), _first(settings, holder.owner)
    if first and not store.is_seen(holder, first):
        return holder.owner, None, None  # begins a new chain
    if standing is None:
        return holder.owner, None, store.refusal_of_first(holder, first) if first else None
    try:
        store.tokens(holder)
    except ConfigurationError as error:
        return holder.owner, standing, error.problems[0].found
    over = standing.refresh_until <= now
    return holder.owner, standing, standing.refusal or (_over(standing) if over else None)


def _over(standing: Standing) -> str:
    return f"a refresh token that is over since {standing.refresh_until:%Y-%m-%d}"


def _first(settings: Settings, owner: str) -> str | None:
    """Return the name of the token of the environment, which is of the owner without a name."""
    first = settings.enlighten_refresh_token
    return token_name(first) if first and not owner else None


def _told(
    found: list[_Found], settings: Settings, now: datetime
) -> tuple[list[str], list[Problem]]:
    said: list[str] = []
    problems: list[Problem] = []
    for owner, standing, trouble in found:
        if trouble is not None or (standing is None and _first(settings, owner) is None):
            problems.append(_problem(owner, trouble))
        else:
            said.append(f"Enlighten, {_whose(owner)}: {_sentence(standing, now)}")
    return said, problems


def _sentence(standing: Standing | None, now: datetime) -> str:
    if standing is None:
        return f"begins with {FIRST} at the first request"
    days = (standing.refresh_until - now).days
    return (
        f"the refresh token holds until {standing.refresh_until:%Y-%m-%d} ({days} "
        f"{'day' if days == 1 else 'days'}, anew with each renewal), tokens "
        f"{'' if standing.is_sealed else 'not '}encrypted"
    )


def _problem(owner: str, trouble: str | None) -> Problem:
    allowed = f"an owner's consent: {_way_out(owner)}"
    if trouble in (NO_KEY, OTHER_KEY):
        allowed = f"the ENERGY_TOKEN_KEY with which the tokens are encrypted, or {allowed}"
    return Problem(_WHERE, _whose(owner), trouble or "nothing", allowed)


def _way_out(owner: str) -> str:
    option = f" --owner {owner}" if owner else ""
    return f"run `energy-pipeline enlighten authorize{option}`"


def _whose(owner: str) -> str:
    return f"authorization of owner {owner}" if owner else "authorization"
