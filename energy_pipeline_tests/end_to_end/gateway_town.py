"""A town of houses with nothing but a gateway, on the machine's own clock, as a user polls them.

The owner's login gives the tokens; the houses are modelled, so that their energy is known.
"""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

import yaml

from energy_pipeline.calendar import DAY
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import Meter
from energy_pipeline.simulators.envoy import (
    Account,
    EnvoySimulator,
    LoginSimulator,
    ServedGateway,
    TokenAuthority,
    hardware,
    modelled_curve,
    serve_gateway,
)
from energy_pipeline.simulators.envoy import Site as ModelledSite
from energy_pipeline.simulators.server import serve
from energy_pipeline_tests.end_to_end.town import Town, town

EMAIL = "owner@example.com"
PASSWORD = "the owner's own word"
STREAMS = ("production", "grid_import", "grid_export", "consumption")


@dataclass
class GatewayTown:
    """The running gateways, `roof-0`, `roof-1`, …, and the user's folder."""

    place: Town
    gateways: Sequence[EnvoySimulator]
    login: LoginSimulator
    clock: VirtualClock


def truth_wh(gateway: EnvoySimulator, stream: str, start: datetime, end: datetime) -> float:
    """Return what flowed between two instants; consumption is what its parts make."""
    if stream != "consumption":
        return gateway.truth_wh(stream, start, end)  # pyright: ignore[reportArgumentType]
    signs = {"production": 1, "grid_import": 1, "grid_export": -1}
    return sum(sign * truth_wh(gateway, each, start, end) for each, sign in signs.items())


def meters_of(number: int) -> list[Meter]:
    """Return the EnerKey meters of a house, one for each stream."""
    first = 100 * (number + 1)
    return [
        Meter(first + n, number + 1, f"roof-{number} {stream}", "kWh", "consumption")
        for n, stream in enumerate(STREAMS)
    ]


@contextmanager
def gateway_town(
    folder: Path,
    gateways: int = 1,
    now: datetime | None = None,
    clock: VirtualClock | None = None,
    **variables: str,
) -> Generator[GatewayTown]:
    """Serve gateways of houses that begin yesterday at 00:00 UTC, and their token services.

    Args:
        folder: an empty folder.
        gateways: how many.
        now: what every clock shows until it is moved; None is the machine's own time.
        clock: the gateways' instead.
        variables: further environment variables of the user.
    """
    clock = clock or VirtualClock(now, fixed=now is not None)
    start = datetime.combine(clock.now().date() - DAY, time(), UTC)
    authority = TokenAuthority()
    boxes = [hardware("full_ct", serial=f"1220000001{n:02}") for n in range(gateways)]
    simulators = [
        EnvoySimulator(ModelledSite(box, modelled_curve(start, 4)), clock, authority=authority)
        for box in boxes
    ]
    owner = Account(email=EMAIL, password=PASSWORD, serials=frozenset(b.serial for b in boxes))
    login = LoginSimulator(authority, clock, [owner])
    with ExitStack() as stack:
        served = [stack.enter_context(serve_gateway(each, folder)) for each in simulators]
        cloud_url = stack.enter_context(serve(login.app)).base_url
        account = {
            "ENPHASE_EMAIL": EMAIL,
            "ENPHASE_PASSWORD": PASSWORD,
            "ENPHASE_LOGIN_URL": cloud_url,
            "ENPHASE_ENTREZ_URL": cloud_url,
        }
        meters = [meter for n in range(gateways) for meter in meters_of(n)]
        lived_in = town(folder, [], clock.now(), further_meters=meters, **account, **variables)
        place = stack.enter_context(lived_in)
        sites = [_entry(n, each, start) for n, each in enumerate(served)]
        (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": sites}))
        yield GatewayTown(place, simulators, login, clock)


def _entry(number: int, gateway: ServedGateway, start: datetime) -> dict[str, object]:
    uploads = [
        {"stream": stream, "meter_id": meter.id, "reading": "consumption", "unit": "kWh"}
        for stream, meter in zip(STREAMS, meters_of(number), strict=True)
    ]
    return {
        "id": f"roof-{number}",
        "name": "Roof",
        "timezone": "Europe/Amsterdam",
        "start": start.date(),
        "envoy": {"host": gateway.host, "serial": gateway.simulator.hardware.serial},
        "uploads": uploads,
    }
