"""What the sites need of the environment to be reached: keys that are there and hold now.

A site file alone is valid without them, since many steps never call a service.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from energy_pipeline.configuration.dotenv_file import read_dotenv
from energy_pipeline.configuration.environment import ENVIRONMENT, KeySlot, Settings
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.errors import ConfigurationError, Problem


def missing_credentials(registry: Registry, settings: Settings, now: datetime) -> list[Problem]:
    """Return what the environment lacks for the sources and uploads of `registry` at `now`."""
    return [
        *_of_enlighten(registry, settings),
        *_of_gateways(registry, settings),
        *_of_enerkey(registry, settings, now),
    ]


def gateway_tokens(
    registry: Registry, environ: Mapping[str, str], dotenv: Path | None = Path(".env")
) -> dict[str, SecretStr]:
    """Return the ready tokens of gateways, by site id; sites that name no variable have none.

    Args:
        registry: the sites.
        environ: the environment, which wins over the file.
        dotenv: the file of variables; None reads none.

    Raises:
        ConfigurationError: variables that `token_env` names and that are not set.
    """
    in_file = read_dotenv(dotenv) if dotenv is not None else {}
    named = {s.id: s.envoy.token_env for s in registry.sites if s.envoy and s.envoy.token_env}
    texts = {
        site: environ.get(name) or (in_file[name].text if name in in_file else "")
        for site, name in named.items()
    }
    problems = [
        Problem(ENVIRONMENT, named[site], "nothing", f"the token of the gateway of {site}")
        for site, token in texts.items()
        if not token.strip()
    ]
    if problems:
        raise ConfigurationError(problems)
    return {site: SecretStr(token.strip()) for site, token in texts.items()}


def _of_gateways(registry: Registry, settings: Settings) -> Iterator[Problem]:
    without = (s.id for s in registry.sites if s.envoy and s.envoy.token_env is None)
    site = next(without, None)
    login = {
        "ENPHASE_EMAIL": settings.enphase_email,
        "ENPHASE_PASSWORD": settings.enphase_password,
    }
    for name, value in login.items():
        if site is not None and value is None:
            allowed = f"the owner's login, because {site} has a gateway without a token_env"
            yield Problem(ENVIRONMENT, name, "nothing", allowed)


def _of_enlighten(registry: Registry, settings: Settings) -> Iterator[Problem]:
    site = next((site.id for site in registry.sites if site.enlighten), None)
    if site is not None and settings.enlighten_api_key is None:
        allowed = f"the key of your application, because {site} fetches from Enlighten"
        yield Problem(ENVIRONMENT, "ENLIGHTEN_API_KEY", "nothing", allowed)
    in_v4 = (s.id for s in registry.sites if s.enlighten and s.enlighten.api == "v4")
    site = next(in_v4, None)
    application = {
        "ENLIGHTEN_CLIENT_ID": settings.enlighten_client_id,
        "ENLIGHTEN_CLIENT_SECRET": settings.enlighten_client_secret,
    }
    for name, value in application.items():
        if site is not None and value is None:
            allowed = f"the one of your application, because {site} fetches in dialect v4"
            yield Problem(ENVIRONMENT, name, "nothing", allowed)


def _of_enerkey(registry: Registry, settings: Settings, now: datetime) -> Iterator[Problem]:
    site = next((site.id for site in registry.sites if site.uploads), None)
    slots = (settings.enerkey_api_key_a, settings.enerkey_api_key_b)
    if site is None or any(_holds(slot, now) for slot in slots):
        return
    is_any = any(slot.value for slot in slots)
    found = "no key that holds today by its dates" if is_any else "nothing"
    allowed = f"a key of the profile that holds today, because {site} uploads to EnerKey"
    yield Problem(ENVIRONMENT, "ENERKEY_API_KEY_A or ENERKEY_API_KEY_B", found, allowed)


def _holds(slot: KeySlot, now: datetime) -> bool:
    has_begun = slot.valid_from is None or slot.valid_from <= now
    has_ended = slot.valid_to is not None and slot.valid_to <= now
    return slot.value is not None and has_begun and not has_ended
