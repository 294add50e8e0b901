"""What a second push of an hour does at EnerKey, found out on a meter made for the purpose.

Four messages go to one old, empty hour: 1, 1 again, 2, and 3 half an hour into it; what EnerKey
shows after each names the model. The hour stays as it is then: there is no delete. Nothing here is
ever done by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.clock import Clock
from energy_pipeline.errors import OutcomeUnknown, RequestRefused
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.sinks.enerkey.hours import near
from energy_pipeline.sinks.enerkey.messages import Message

Model = Literal["overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first", "unknown"]
_PUSHES = (
    (timedelta(0), 1.0),
    (timedelta(0), 1.0),
    (timedelta(0), 2.0),
    (timedelta(0.5 / 24), 3.0),
)
_SHOWN: dict[tuple[float, ...], Model] = {
    (1, 1, 2, 3): "overwrite_hour",
    (1, 2, 4, 7): "sum",
    (1, 1, 2, 5): "timestamp_upsert",
    (1, 1, 1, 1): "keep_first",
}


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """One message and what came of it.

    Args:
        value: what was pushed.
        is_refused: EnerKey did not take it.
        shown: what it shows of the hour afterwards; None for nothing.
    """

    value: float
    is_refused: bool
    shown: float | None


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What was found out.

    Args:
        steps: the messages in order.
        model: what `ENERKEY_REPUSH` may say; unknown: stay with the safe rules.
    """

    steps: tuple[ProbeStep, ...]
    model: Model


async def probe_repush(
    client: EnerKeyClient, meter_id: int, hour: datetime, clock: Clock, wait_s: float
) -> ProbeReport:
    """Push to one hour again and again and watch what it comes to.

    Args:
        client: EnerKey.
        meter_id: a meter that takes consumption and that nobody needs.
        hour: start of an old hour (UTC) of which EnerKey shows nothing.
        clock: how to wait.
        wait_s: between a push and the look at it; longer than EnerKey takes to show a value.

    Raises:
        RequestRefused: the hour is not empty, or the first push is not taken.
        OutcomeUnknown: an answer is missing; the hour is spoilt, take another one.
        ServiceError: EnerKey does not answer or refuses.
        QuotaSpent: no request is left.
    """
    name = f"probe of meter {meter_id}"
    shown = await _shown(client, meter_id, hour)
    if shown is not None:
        raise RequestRefused(f"EnerKey shows {shown} for the hour already", request=name)
    steps: list[ProbeStep] = []
    for later, value in _PUSHES:
        await client.allow_push()
        message = Message("consumption", meter_id, ((hour + later, value),))
        outcome = await client.push(message)
        is_refused = outcome.verdict == "refused"
        if outcome.verdict != "accepted" and (not is_refused or not steps):
            kind = RequestRefused if is_refused else OutcomeUnknown
            raise kind(f"push {len(steps) + 1}: {outcome.detail}", request=name)
        await clock.sleep(wait_s)
        steps.append(ProbeStep(value, is_refused, await _shown(client, meter_id, hour)))
    return ProbeReport(tuple(steps), model_of(steps))


def model_of(steps: Sequence[ProbeStep]) -> Model:
    """Return the model that the readings name; anything unforeseen is unknown."""
    readings = [step.shown for step in steps]
    refused = [step.is_refused for step in steps]
    if refused == [False, True, True, True]:
        return "reject" if all(near(shown, 1.0, 1) for shown in readings) else "unknown"
    if any(refused):
        return "unknown"
    for expected, model in _SHOWN.items():
        pairs = zip(readings, expected, strict=True)
        if all(near(shown, value, 1) for shown, value in pairs):
            return model
    return "unknown"


async def _shown(client: EnerKeyClient, meter_id: int, hour: datetime) -> float | None:
    answer = await client.hourly_values([meter_id], Span(hour, hour + HOUR), is_read_back=True)
    return answer.get(meter_id, {}).get(hour)
