"""A dry run of an upload: what it would send now, to which meters, and what it would not.

EnerKey is read as before a push; nothing is sent, and neither the ledger nor the upload datasets
change. The inventory is brought up to date where it is older than a day, as by an upload.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from energy_pipeline.calendar import Days
from energy_pipeline.sinks.enerkey.decisions import Decision
from energy_pipeline.sinks.enerkey.hours import Kind
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.message_log import MessageLog
from energy_pipeline.sinks.enerkey.meter_work import MeterWork
from energy_pipeline.sinks.enerkey.session import EnerKeySession, open_enerkey
from energy_pipeline.sinks.enerkey.survey import Survey, sends_of
from energy_pipeline.steps.enerkey_meters import LONGEST_KEPT, kept_meters, refused_meters
from energy_pipeline.steps.upload import METER_DAYS_AT_ONCE, survey_of
from energy_pipeline.steps.upload_wanted import Target, plan_works, targets_of
from energy_pipeline.workbench import Workbench


@dataclass(frozen=True)
class MeterRehearsal:
    """What would be done with a meter.

    Args:
        site: site id.
        stream: stream.
        meter_id: EnerKey's meter.
        meter: its name in EnerKey; empty when EnerKey has none or does not know the meter.
        facility: its facility's name in EnerKey, or the facility's id.
        unit: of the amounts.
        amounts: what would be sent, by start of hour, or by instant of a reading.
        messages: messages that would carry them.
        there: hours that EnerKey shows already and that need no push.
        held: reasons for which hours would be held, with their number.
        problem: why nothing would be sent to the meter; empty when all is well.
    """

    site: str
    stream: str
    meter_id: int
    meter: str
    facility: str
    unit: str
    amounts: Mapping[datetime, float]
    messages: int
    there: int
    held: Mapping[str, int]
    problem: str


@dataclass(frozen=True)
class RehearsalReport:
    """What an upload would do now.

    Args:
        kind: consumption or cumulative.
        days: the range.
        meters: one after the other, as in `sites.yaml`.
        requests_spent: requests of this run; all of them read.
        requests_left: requests left today; None when EnerKey was not needed.
    """

    kind: Kind
    days: Days
    meters: tuple[MeterRehearsal, ...]
    requests_spent: int = 0
    requests_left: int | None = None


def rehearse(
    bench: Workbench, kind: Kind, days: Days, *, release_meters: Collection[int] = ()
) -> RehearsalReport:
    """Say what an upload of `days` would send; send nothing.

    Args:
        bench: settings, sites, store, state, clock.
        kind: which of the two uploads.
        days: the range.
        release_meters: as an upload would be told.

    Raises:
        ConfigurationError: a meter of `release_meters` is none of this upload.
        ServiceError: EnerKey does not answer or refuses.
        QuotaSpent: no request is left.
        StoreError: a stored file or the state database is damaged.
    """
    bench.registry.expect_meters(kind, release_meters)
    targets = targets_of(bench, kind, days)
    if not targets:
        return RehearsalReport(kind, days, ())
    return asyncio.run(_rehearsed(bench, kind, days, targets, frozenset(release_meters)))


async def _rehearsed(
    bench: Workbench, kind: Kind, days: Days, targets: list[Target], released: Collection[int]
) -> RehearsalReport:
    settings = bench.settings.model_copy(update={"enerkey_read_only": True})
    ledger = Ledger(bench.state, settings.enerkey_base_url, kind)
    async with open_enerkey(settings, bench.state, bench.clock) as session:
        survey = survey_of(bench, session, ledger, MessageLog(bench.state, ledger))
        refused = await refused_meters(bench, session, [upload for _, upload in targets])
        named = await _named(bench, session)
        at_once = max(1, METER_DAYS_AT_ONCE // len(days))
        meters: list[MeterRehearsal] = []
        for first in range(0, len(targets), at_once):
            group = targets[first : first + at_once]
            works, _ = plan_works(bench, ledger, group, days, released)
            for work in works:
                work.problem = refused.get(work.meter_id, work.problem)
            decided = await _decided(survey, works)
            for target, work in zip(group, works, strict=True):
                row = named.get(work.meter_id, {})
                meters.append(_meter(survey, target, work, decided.get(work.meter_id, {}), row))
        return RehearsalReport(
            kind, days, tuple(meters), session.requests_spent, session.requests_left
        )


async def _named(bench: Workbench, session: EnerKeySession) -> dict[int, dict[str, Any]]:
    """Return the rows of the inventory by meter."""
    meters = await kept_meters(bench, session, LONGEST_KEPT)
    return {row["meter_id"]: row for row in meters.to_pylist()}


async def _decided(survey: Survey, works: list[MeterWork]) -> dict[int, dict[datetime, Decision]]:
    shown = await survey.shown(works, is_read_back=False)
    decided = {
        work.meter_id: survey.decide(work, shown[work.meter_id])
        for work in works
        if work.meter_id in shown
    }
    pushes = [
        (work, sends)
        for work in works
        if not work.is_released and (sends := sends_of(decided.get(work.meter_id, {})))
    ]
    strange = await survey.strange(pushes)
    for work in works:
        work.problem = work.problem or strange.get(work.meter_id, "")
    return decided


def _meter(
    survey: Survey,
    target: Target,
    work: MeterWork,
    decided: Mapping[datetime, Decision],
    row: Mapping[str, Any],
) -> MeterRehearsal:
    site, upload = target
    sends = {} if work.problem else sends_of(decided)
    waiting = (d.reason for d in decided.values() if d.action in ("hold", "wait"))
    return MeterRehearsal(
        site.id,
        upload.stream,
        work.meter_id,
        row.get("meter_name") or "",
        row.get("facility_name") or str(row.get("facility_id", "")),
        work.unit,
        {at: decision.amount for at, decision in sorted(sends.items())},
        len(survey.messages(work, sends)),
        sum(_is_there(work, at, decision) for at, decision in decided.items()),
        dict(Counter(waiting).most_common()),
        work.problem,
    )


def _is_there(work: MeterWork, at: datetime, decision: Decision) -> bool:
    entry = work.entries.get(at)
    is_known = entry is not None and entry.known is not None
    return decision.action == "verify" or (decision.action == "keep" and is_known)
