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
from energy_pipeline.simulators.envoy import (
    Account,
    EnvoySimulator,
    LoginSimulator,
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


@dataclass
class GatewayTown:
    """The running gateways, `roof-0`, `roof-1`, …, and the user's folder."""

    place: Town
    gateways: Sequence[EnvoySimulator]
    login: LoginSimulator


@contextmanager
def gateway_town(folder: Path, gateways: int = 1, **variables: str) -> Generator[GatewayTown]:
    """Serve gateways that began yesterday at midnight, and the services that give their tokens.

    Args:
        folder: an empty folder.
        gateways: how many.
        variables: further environment variables of the user.
    """
    now = datetime.now(UTC)
    start = datetime.combine(now.date() - DAY, time(), UTC)
    authority = TokenAuthority()
    boxes = [hardware("full_ct", serial=f"1220000001{n:02}") for n in range(gateways)]
    simulators = [
        EnvoySimulator(ModelledSite(box, modelled_curve(start, 4)), authority=authority)
        for box in boxes
    ]
    owner = Account(email=EMAIL, password=PASSWORD, serials=frozenset(b.serial for b in boxes))
    login = LoginSimulator(authority, simulators[0].clock, [owner])
    with ExitStack() as stack:
        served = [stack.enter_context(serve_gateway(each, folder)) for each in simulators]
        cloud_url = stack.enter_context(serve(login.app)).base_url
        account = {
            "ENPHASE_EMAIL": EMAIL,
            "ENPHASE_PASSWORD": PASSWORD,
            "ENPHASE_LOGIN_URL": cloud_url,
            "ENPHASE_ENTREZ_URL": cloud_url,
        }
        place = stack.enter_context(town(folder, [], now, **account, **variables))
        sites = [
            {
                "id": f"roof-{n}",
                "name": "Roof",
                "timezone": "Europe/Amsterdam",
                "start": start.date(),
                "envoy": {"host": each.host, "serial": box.serial},
            }
            for n, (each, box) in enumerate(zip(served, boxes, strict=True))
        ]
        (folder / "sites.yaml").write_text(yaml.safe_dump({"sites": sites}))
        yield GatewayTown(place, simulators, login)
