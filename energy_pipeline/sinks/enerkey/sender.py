"""One message's way out: written down, sent once, its fate recorded.

A message that was surely not applied may go out again, in halves when it was too large. One of
unknown fate is left to the next read. What a fate means for an hour is in `transitions`.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from energy_pipeline.clock import Clock
from energy_pipeline.errors import AccessRefused, ServiceUnavailable
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.sinks.enerkey.decisions import Decision
from energy_pipeline.sinks.enerkey.hours import fresh
from energy_pipeline.sinks.enerkey.message_log import MessageLog, new_message_id
from energy_pipeline.sinks.enerkey.messages import Message
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.outcome import Outcome
from energy_pipeline.sinks.enerkey.transitions import begin_send, end_send

_MOST_REPEATS = 3  # of a message that did not leave or was limited
_FIRST_WAIT_S = 2.0
_MOST_UNKNOWN = 5
"""Unknown fates in a row after which nothing more is sent: every further one costs a quiet time."""

_REFUSED_BEFORE = "EnerKey has refused just this message before"
Decisions = Mapping[datetime, Decision]


class Sender:
    """Sends messages of one connection, one at a time.

    Args:
        client: EnerKey.
        log: the messages, with their hours.
        clock: the present instant, and how to wait.
        rng: dice of the waits.
    """

    def __init__(self, client: EnerKeyClient, log: MessageLog, clock: Clock, rng: Random) -> None:
        self._client = client
        self._log = log
        self._clock = clock
        self._rng = rng
        self._unknown_in_a_row = 0
        self.messages_sent = 0
        """Requests that carried a message."""

    async def send(self, message: Message, work: MeterWork, decisions: Decisions) -> bool:
        """Send a message; return whether EnerKey took all of it.

        Args:
            message: rows of `decisions`.
            work: the meter's; its entries are brought up to date.
            decisions: the pushes that the rows stand for.

        Raises:
            AccessRefused: the key or the service is refused; nothing was applied.
            ServiceUnavailable: EnerKey cannot be reached, or leaves one push after the other
                without an answer.
            QuotaSpent: no request is left; nothing was sent.
        """
        if self._log.was_refused(message) and not work.is_released:
            self._hold(message, work, decisions)
            return False
        outcome = await self._send_once(message, work, decisions)
        for tried in range(_MOST_REPEATS):
            if outcome.verdict not in ("not_sent", "limited"):
                break
            if outcome.verdict == "not_sent":  # a limit is waited out by the quota
                await self._clock.sleep(self._wait_s(tried))
            outcome = await self._send_once(message, work, decisions)
        return await self._end(outcome, message, work, decisions)

    async def _end(
        self, outcome: Outcome, message: Message, work: MeterWork, decisions: Decisions
    ) -> bool:
        request = f"POST {message.path}"
        match outcome.verdict:
            case "accepted":
                return True
            case "denied":
                raise AccessRefused(outcome.detail, request=request, status=outcome.status)
            case "not_sent" | "limited":
                raise ServiceUnavailable(outcome.detail, request=request, status=outcome.status)
            case "too_large" if len(message.rows) > 1:
                return await self._send_halves(message, work, decisions)
            case _:
                return False

    async def _send_halves(self, message: Message, work: MeterWork, decisions: Decisions) -> bool:
        first, second = message.halves()
        is_taken = await self.send(first, work, decisions)
        if not is_taken and message.kind == "cumulative":
            return False
        return await self.send(second, work, decisions) and is_taken

    async def _send_once(self, message: Message, work: MeterWork, decisions: Decisions) -> Outcome:
        await self._client.allow_push()
        message_id, now = new_message_id(), self._clock.now()
        begun = {
            at: begin_send(work.entries.get(at) or fresh(at, None), decisions[at], message_id, now)
            for at, _ in message.rows
        }
        self._log.begin(message, work.unit, begun.values(), now)
        work.entries.update(begun)
        self.messages_sent += 1
        outcome = await self._client.push(message)
        now = self._clock.now()
        bad = {message.rows[n][0] for n in outcome.bad_rows if n < len(message.rows)}
        ended = {
            at: end_send(entry, outcome, now, is_companion=bool(bad) and at not in bad)
            for at, entry in begun.items()
        }
        self._log.end(message, work.unit, ended.values(), outcome, now)
        work.entries.update(ended)
        self._count_unknown(outcome, message)
        return outcome

    def _hold(self, message: Message, work: MeterWork, decisions: Decisions) -> None:
        """Hold the hours of a message that would be refused again."""
        held = {
            at: replace(
                entry,
                state="held",
                hold="refused",
                value=decisions[at].value,
                reason=entry.reason if entry.hold == "refused" else _REFUSED_BEFORE,
            )
            for at, _ in message.rows
            for entry in [work.entries.get(at) or fresh(at, None)]
        }
        self._log.hold(message, work.unit, held.values())
        work.entries.update(held)

    def _count_unknown(self, outcome: Outcome, message: Message) -> None:
        is_unknown = outcome.verdict == "unknown"
        self._unknown_in_a_row = self._unknown_in_a_row + 1 if is_unknown else 0
        if self._unknown_in_a_row >= _MOST_UNKNOWN:
            self._unknown_in_a_row = 0
            raise ServiceUnavailable(
                f"{_MOST_UNKNOWN} pushes in a row without a usable answer, the last: "
                f"{outcome.detail}",
                request=f"POST {message.path}",
            )

    def _wait_s(self, tried: int) -> float:
        return _FIRST_WAIT_S * 4**tried * self._rng.uniform(0.5, 1.0)
