"""A capture of a gateway for a bug report: every answer as it came, but anonymous.

One file per path, named as the path with `_` for `/`, `?`, `=` and `&`; beside it, `…_log.json` has
the status and the headers. Parsers and simulators of gateways read such folders.
"""

import json
from collections.abc import Mapping

from energy_pipeline.sources.envoy.anonymise import anonymised
from energy_pipeline.sources.envoy.fleet import Fleet, Gateway
from energy_pipeline.sources.envoy.session import RawReply
from energy_pipeline.sources.envoy.wire import Endpoint

_NOT_CAPTURED = frozenset({Endpoint.CHECK_TOKEN})  # it says nothing of the house


async def capture_gateway(fleet: Fleet, gateway: Gateway) -> dict[str, str]:
    """Ask a gateway for everything and return the files of its capture.

    An endpoint that does not answer is left out.

    Raises:
        EnergyPipelineError: as `poll_gateway` says.
    """
    async with fleet.conversation(gateway) as session:
        replies = {
            endpoint: await session.get_raw(endpoint)
            for endpoint in Endpoint
            if endpoint not in _NOT_CAPTURED
        }
    answered = {endpoint: reply for endpoint, reply in replies.items() if reply}
    return capture_files(answered, gateway.access.serial)


def capture_files(replies: Mapping[Endpoint, RawReply], serial: str) -> dict[str, str]:
    """Return the anonymous files of a capture, by file name.

    Args:
        replies: the answers as they came.
        serial: of the gateway.
    """
    texts: dict[str, str] = {}
    for endpoint, reply in replies.items():
        name = file_name(endpoint)
        texts[name] = reply.content.decode("utf-8", "replace")
        texts[f"{name}_log.json"] = _log(reply)
    return anonymised(texts, serial)


def file_name(endpoint: Endpoint) -> str:
    """Return the name of an endpoint's file."""
    return endpoint.value.removeprefix("/").translate(str.maketrans("/?=&", "____"))


def _log(reply: RawReply) -> str:
    log = {"headers": dict(reply.headers), "code": reply.status}
    return json.dumps(log, indent=4) + "\n"
