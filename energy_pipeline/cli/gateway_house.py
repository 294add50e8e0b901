"""A simulated house with nothing but a gateway, for `demo` and `simulate`.

The box, whose it is, its meters at EnerKey, and what the user's files say of it. How the demo polls
it is in `fast_polls.py`.
"""

from datetime import UTC, date, datetime, time
from pathlib import Path

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import Meter
from energy_pipeline.simulators.envoy import (
    Account,
    EnvoySimulator,
    LoginSimulator,
    Site,
    TokenAuthority,
    hardware,
    modelled_curve,
)

SERIAL = "122000000067"
AHEAD_DAYS = 30  # the house lives on while the services are up
METERS = (
    Meter(201, 12, "Solar production by the gateway", "kWh", "consumption"),
    Meter(202, 12, "Consumption by the gateway", "kWh", "consumption"),
)

_OWNER = Account(
    email="owner@example.com",
    password="simulated",  # noqa: S106 - of nobody
    serials=frozenset({SERIAL}),
)
_ENTRY = """\
  - id: {id}
    name: {name}
    timezone: {timezone}
    start: {start}
    envoy: {{host: "{host}", serial: "{serial}"}}
    uploads:
      - {{stream: production, meter_id: 201, reading: consumption, unit: kWh}}
      - {{stream: consumption, meter_id: 202, reading: consumption, unit: kWh}}
"""


def new_gateway(
    timezone: str,
    start: date,
    *,
    clock: VirtualClock | None = None,
    key_file: Path | None = None,
) -> EnvoySimulator:
    """Return a gateway with meters.

    Args:
        timezone: IANA zone of the house.
        start: UTC day on which the house begins.
        clock: the gateway's; None is the machine's time.
        key_file: keeps the key of its tokens, so that they are good the next time; None keeps none.
    """
    days = (datetime.now(UTC).date() - start).days + AHEAD_DAYS
    curve = modelled_curve(datetime.combine(start, time(), UTC), days, timezone=timezone)
    house = Site(hardware("full_ct", serial=SERIAL, timezone=timezone), curve)
    return EnvoySimulator(house, clock, authority=TokenAuthority(key_file))


def token_services(gateway: EnvoySimulator) -> LoginSimulator:
    """Return the services that give the gateway's owner a token."""
    return LoginSimulator(gateway.authority, gateway.clock, [_OWNER])


def entry(id: str, name: str, timezone: str, start: date, host: str) -> str:
    """Return the house's entry of `sites.yaml`."""
    return _ENTRY.format(id=id, name=name, timezone=timezone, start=start, host=host, serial=SERIAL)


def environment(login_url: str) -> dict[str, str]:
    """Return the owner's variables."""
    return {
        "ENPHASE_EMAIL": _OWNER.email,
        "ENPHASE_PASSWORD": _OWNER.password,
        "ENPHASE_LOGIN_URL": login_url,
        "ENPHASE_ENTREZ_URL": login_url,
    }
