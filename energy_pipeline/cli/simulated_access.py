"""What a person needs to meet the simulated services: `.env`, `sites.yaml` and the first commands.

Which services these are, and how they are served, is in `simulate.py`.
"""

from datetime import UTC, date, datetime
from typing import NamedTuple

from energy_pipeline.cli import gateway_house
from energy_pipeline.configuration.environment import EnlightenApi
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
)
from energy_pipeline.simulators.enlighten.accounts import (
    DEMO_API_KEY,
    DEMO_APPLICATION,
    DEMO_EMAIL,
    DEMO_PASSWORD,
)
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, System

_ENVIRONMENT = """\
ENLIGHTEN_API={api}
ENLIGHTEN_BASE_URL={enlighten}
ENLIGHTEN_API_KEY={enlighten_key}
{application}\
ENERKEY_BASE_URL={enerkey}
ENERKEY_API_KEY_A={enerkey_key}
ENERKEY_TENANT_KEY_A={tenant_key}
ENERKEY_PARTNER_KEY_A={partner_key}
"""
_APPLICATION: dict[EnlightenApi, str] = {
    "v2": "",
    "v4": f"""\
ENLIGHTEN_CLIENT_ID={DEMO_APPLICATION.client_id}
ENLIGHTEN_CLIENT_SECRET={DEMO_APPLICATION.client_secret}
""",
}
_SITES = """\
sites:
  - id: simulated-house
    name: Simulated house
    timezone: {timezone}
    start: {start}
    enlighten: {{{access}}}
    uploads:
      - {{stream: production, meter_id: 101, reading: consumption, unit: kWh}}
      - {{stream: consumption, meter_id: 102, reading: consumption, unit: kWh}}
      - {{stream: production, meter_id: 103, reading: cumulative, unit: kWh}}
"""
_AUTHORIZE: dict[EnlightenApi, str] = {
    "v2": f"energy-pipeline enlighten authorize --app-id {DEMO_APPLICATION.app_id}",
    "v4": "energy-pipeline enlighten authorize",
}
_OWNER = f"The owner signs in as {DEMO_EMAIL} with the password {DEMO_PASSWORD}"
_WHY: dict[EnlightenApi, str] = {
    "v2": f"{_OWNER}; the entry above has the user id that comes of it already.",
    "v4": f"{_OWNER}; without tokens nothing can be fetched.",
}
_COMMANDS = """\
{authorize}
energy-pipeline check --connect
export DAGSTER_HOME=$PWD
dg launch --job daily_energy --partition-range '{day}...{day}'
"""


class Addresses(NamedTuple):
    """Where the services answer.

    Args:
        enlighten: base URL of the cloud.
        enerkey: base URL of EnerKey.
        login: base URL of the owner's web site, which gives a gateway's tokens too.
        gateway: host of the gateway, as the site file names it.
    """

    enlighten: str
    enerkey: str
    login: str
    gateway: str


def environment(api: EnlightenApi, addresses: Addresses) -> str:
    """Return a `.env` for a dialect."""
    text = _ENVIRONMENT.format(
        api=api,
        enlighten=addresses.enlighten,
        enlighten_key=DEMO_API_KEY,
        application=_APPLICATION[api],
        enerkey=addresses.enerkey,
        enerkey_key=SIMULATED_KEY_A,
        tenant_key=SIMULATED_TENANT_KEY_A,
        partner_key=SIMULATED_PARTNER_KEY,
    )
    owner = gateway_house.environment(addresses.login)
    return text + "".join(f"{name}={value}\n" for name, value in owner.items())


def sites(api: EnlightenApi, system: System, start: date, gateway: str) -> str:
    """Return a `sites.yaml` with the system and with a house that has a gateway.

    Args:
        api: dialect of the system's entry.
        system: the cloud's system.
        start: its first UTC day.
        gateway: host of the gateway.
    """
    access = f"system_id: {system.system_id}"
    if api == "v2":
        access += f', user_id: "{DEMO_USER_ID}"'
    house = _SITES.format(timezone=system.timezone, start=start, access=access)
    return house + gateway_house.entry(
        "simulated-gateway",
        "Simulated house with a gateway",
        system.timezone,
        datetime.now(UTC).date(),
        gateway,
    )


def first_commands(api: EnlightenApi, day: date) -> str:
    """Return what leads from the two files to the first data, with the owner's sign-in.

    Args:
        api: the dialect.
        day: a UTC day that the cloud has whole.
    """
    return f"{_COMMANDS.format(authorize=_AUTHORIZE[api], day=day)}{_WHY[api]}\n"
