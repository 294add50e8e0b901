"""Polling gateways: which counters they show, and what their inverters reported.

What an answer says is known to the modules of the bodies; which counter feeds a stream is decided
in `choice.py`; where the rows go is the caller's affair.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import pyarrow as pa

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.errors import ServiceUnavailable
from energy_pipeline.sources.envoy.candidates import Candidate, boundary_samples, candidates
from energy_pipeline.sources.envoy.choice import Choice, choose
from energy_pipeline.sources.envoy.counters import counter_kind
from energy_pipeline.sources.envoy.fleet import FailedGateway, Fleet, Gateway
from energy_pipeline.sources.envoy.measurements import Measurements, next_endpoint
from energy_pipeline.sources.envoy.remarks import remarks
from energy_pipeline.sources.envoy.replies import Document, Replies, Reply
from energy_pipeline.sources.envoy.rows import inverter_rows, reading_rows
from energy_pipeline.sources.envoy.session import GatewaySession
from energy_pipeline.sources.envoy.wire import Endpoint


@dataclass(frozen=True, slots=True)
class GatewayPoll:
    """What a gateway showed.

    Args:
        site: id of the site.
        serial: of the gateway.
        polled_at: end of the poll, aware.
        readings: in the schema of `envoy_readings`, sorted; no row for what is not measured.
        inverters: the last report of each inverter, in the schema of `envoy_inverters`, sorted;
            one that is stored already may be among them.
        clock_ahead_s: by how much the gateway's clock is ahead of ours.
        requests: how many were sent.
        remarks: what a person should know.
    """

    site: str
    serial: str
    polled_at: datetime
    readings: pa.Table
    inverters: pa.Table
    clock_ahead_s: float
    requests: int
    remarks: tuple[str, ...]


async def poll_gateways(fleet: Fleet) -> list[GatewayPoll | FailedGateway]:
    """Poll all gateways of a fleet side by side; the outcomes are in their order."""
    return await fleet.each(partial(poll_gateway, fleet))


async def poll_gateway(fleet: Fleet, gateway: Gateway) -> GatewayPoll:
    """Poll one gateway: its counters, power and inverters' reports.

    Raises:
        NotTrusted: something else answers at the address; it was sent no token.
        AccessRefused: there is no token that the gateway takes.
        ServiceUnavailable: the gateway does not answer, or with nothing that can be read; or a
            token service does not.
        SchemaSurprise: the gateway does not say who it is.
        RequestRefused: the gateway speaks an old protocol without tokens.
        StoreError: another process has been busy with the gateway for a minute.
    """
    serial = gateway.access.serial
    async with fleet.conversation(gateway) as session:
        known = fleet.choices.of(serial)
        found = await _ask(session, known.get("production", Choice()).counter)
        _refuse_nothing(found.replies)
        if fleet.standstills.is_one(serial, found):
            found = Measurements(found.replies, has_meter=found.has_meter, legacy_stands_still=True)
        polled_at = fleet.clock.now()
        chosen: dict[Stream, Choice] = {
            stream: choose(known.get(stream, Choice()), offered, polled_at)
            for stream, offered in candidates(found).items()
        }
        fleet.choices.keep(serial, chosen)
    gateway_now = session.info.clock or session.identified_at
    return GatewayPoll(
        site=gateway.site,
        serial=serial,
        polled_at=polled_at,
        readings=reading_rows(gateway.site, serial, _shown(found, chosen, gateway_now)),
        inverters=inverter_rows(
            gateway.site,
            serial,
            found.inverter_reports,
            gateway_now=gateway_now,
            polled_at=polled_at,
        ),
        clock_ahead_s=(gateway_now - session.identified_at).total_seconds(),
        requests=session.requests,
        remarks=(
            *session.remarks,
            *remarks(found, known, chosen, gateway_now, session.identified_at),
        ),
    )


async def _ask(session: GatewaySession, production: str | None) -> Measurements:
    replies: dict[Endpoint, Reply] = {}
    found = Measurements(replies, has_meter=session.info.has_meter)
    while endpoint := next_endpoint(found, production):
        replies[endpoint] = await session.get(endpoint)
        found = Measurements(replies, has_meter=session.info.has_meter)
    return found


def _refuse_nothing(replies: Replies) -> None:
    """Raise when not one answer can be read: a page for everything, a token for nothing.

    Raises:
        ServiceUnavailable: with the reason of each answer.
    """
    reasons = [
        f"{endpoint.value}: {reply.why}"
        for endpoint, reply in replies.items()
        if not isinstance(reply, Document)
    ]
    if len(reasons) == len(replies):
        message = f"no answer that can be read: {'; '.join(reasons)}"
        raise ServiceUnavailable(message, request="poll")


def _shown(
    found: Measurements, chosen: Mapping[Stream, Choice], gateway_now: datetime
) -> Iterator[tuple[Stream, Candidate]]:
    """Yield what the chosen counters show, and the same at the end of the last interval.

    A better counter that is about to take the place of the kept one is shown beside it, so that no
    energy is lost between the last reading of the one and the first of the other.
    """
    for stream, offered in candidates(found).items():
        choice, shown = chosen[stream], {each.counter for each in offered if each.sample}
        wanted = {choice.counter} | ({choice.rival} if choice.counter in shown else set())
        for candidate in offered:
            if candidate.counter in wanted:
                yield stream, candidate
    for stream, candidate in boundary_samples(found, gateway_now):
        counter = chosen[stream].counter
        if counter and counter_kind(counter) == "meter":
            yield stream, candidate
