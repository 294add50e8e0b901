"""What a fault does to a request: before anything is done, or to the answer of what was done."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from energy_pipeline.simulators.enerkey.answers import Answer, Refusal, html_page, refusal_answer
from energy_pipeline.simulators.enerkey.calls import World
from energy_pipeline.simulators.enerkey.faults import Fault
from energy_pipeline.simulators.enerkey.instants import to_seconds
from energy_pipeline.simulators.enerkey.profile import Meter
from energy_pipeline.simulators.enerkey.rate_limit import quota_text, text_rejection
from energy_pipeline.simulators.enerkey.switches import Switches

NO_ANSWER = Answer(status=0)
"""Stands for a connection that is closed before the body of the request is read."""


async def strike_before(fault: Fault, switches: Switches) -> Answer | None:
    """Return the answer that the fault gives in place of any work; None when the work goes on."""
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.seconds)
        case "close_before_body":
            return NO_ANSWER
        case "error_500_before_commit":
            return refusal_answer(Refusal(500), switches)
        case "gateway_error":
            return refusal_answer(Refusal(fault.status, headers=_retry_after(fault)), switches)
        case "rate_limited":
            text = quota_text(switches.daily_request_limit, 86_400)
            return text_rejection(text, fault.retry_after_s)
        case "html_error_page":
            content = html_page(fault.status)
            return Answer(status=fault.status, content=content, media_type="text/html")
        case _:
            pass
    return None


async def strike_after(fault: Fault, answer: Answer, switches: Switches) -> Answer:
    """Return what becomes of the answer to a request that was done."""
    match fault.kind:
        case "delay_after_commit":
            await asyncio.sleep(fault.seconds)
        case "close_after_commit":
            return replace(answer, status=NO_ANSWER.status)
        case "error_500_after_commit":
            error = refusal_answer(Refusal(500), switches)
            return replace(answer, status=500, content=error.content, media_type=error.media_type)
        case "truncated_json":
            return replace(answer, content=answer.content[: len(answer.content) // 2])
        case "wrong_content_type":
            return replace(answer, media_type="text/html")
        case _:
            pass
    return answer


def write_second(world: World, fault: Fault, meters: Mapping[int, Meter], now: datetime) -> bool:
    """Change a stored value as another writer would; return whether there was one to change.

    Args:
        world: where it is stored.
        fault: names the meter, the hour or instant, and the value, or leaves them open.
        meters: of the request, by id.
        now: when it happens.
    """
    chosen = meters.values()
    if fault.meter_id is not None:
        everything = {id: m for each in world.profiles for id, m in each.meter_by_id.items()}
        chosen = [everything[fault.meter_id]]
    with world.values.lock:
        for meter in chosen:
            stored = world.values.stored(meter)
            at_s = to_seconds(fault.at) if fault.at else min(stored, default=None)
            if at_s is not None:
                value = stored.get(at_s, 0.0) + 1.0 if fault.value is None else fault.value
                world.values.overwrite(meter, at_s, value, now)
                return True
    return False


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
