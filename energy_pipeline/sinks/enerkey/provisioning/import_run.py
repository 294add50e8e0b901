"""A snapshot on its way: sent once, then asked about until EnerKey has come to an end with it.

A process may die anywhere: what was sent is on disk before it leaves, its id before the first
question. An answer that got lost is asked for with the same bytes, which change nothing (208).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from energy_pipeline.clock import Clock
from energy_pipeline.errors import (
    AccessRefused,
    EnergyPipelineError,
    NotFound,
    OutcomeUnknown,
    QuotaSpent,
    RequestRefused,
    ServiceUnavailable,
)
from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.connection import Sent
from energy_pipeline.sinks.enerkey.outcome import Verdict
from energy_pipeline.sinks.enerkey.provisioning.answers import RunStatus, read_run_id
from energy_pipeline.sinks.enerkey.provisioning.discretion import without_personal
from energy_pipeline.sinks.enerkey.provisioning.plan import personal_values
from energy_pipeline.sinks.enerkey.provisioning.runs import KeptRun, KeptRuns
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Snapshot
from energy_pipeline.sinks.enerkey.provisioning.tenant import PATHS, TenantClient

LONGEST_POLL_S = 1_800.0
"""Then the run goes on at EnerKey; a later run of ours asks again."""
FIRST_POLL_S, SLOWEST_POLL_S = 5.0, 60.0
QUIET_S = 60.0
"""Before the same bytes are sent again after a lost answer."""
_CONFLICT = 409


@dataclass(frozen=True, slots=True)
class ImportEnd:
    """How a snapshot ended.

    Args:
        run_id: EnerKey's id of the run.
        was_known: EnerKey had the same data set already (208).
        status: the final state; personal values are hidden in its messages.
    """

    run_id: str
    was_known: bool
    status: RunStatus


class ImportRun:
    """Sends snapshots of one kind and follows them.

    Args:
        tenant: the way to EnerKey.
        kept: what was sent before.
        clock: the present instant, and how to wait.
    """

    def __init__(self, tenant: TenantClient, kept: KeptRuns, clock: Clock) -> None:
        self._tenant = tenant
        self._kept = kept
        self._clock = clock

    async def resume(self, run: KeptRun) -> ImportEnd:
        """Follow a run whose id is known to its end.

        Raises:
            ServiceUnavailable: it goes on at EnerKey, or EnerKey does not answer.
            ServiceError: EnerKey does not know the run any more, or answers something else.
            QuotaSpent: no request is left.
        """
        return await self._follow(run.number, str(run.run_id), run.snapshot, was_known=False)

    async def send(self, snapshot: Snapshot) -> ImportEnd:
        """Send a snapshot that may be sent, and follow its run to the end.

        Raises:
            ServiceUnavailable: another run is going on, this one is not over after half an hour,
                or EnerKey does not answer.
            OutcomeUnknown: twice no answer to the snapshot; the next run sends the same bytes.
            RequestRefused: EnerKey does not take the snapshot; nothing has changed.
            ServiceError: any other answer.
            QuotaSpent: no request is left.
        """
        number = self._kept.waiting(snapshot)
        may_be_there = number is not None
        if number is None:
            number = self._kept.begin(snapshot, self._clock.now())
        sent = await self._sent(snapshot, number, may_be_there=may_be_there)
        if sent.outcome.verdict == "unknown":
            may_be_there = True
            await self._clock.sleep(QUIET_S)
            sent = await self._sent(snapshot, number, may_be_there=may_be_there)
        if sent.outcome.verdict != "accepted" or sent.answer is None:
            raise self._refusal(sent, snapshot, number, may_be_there=may_be_there)
        run_id = read_run_id(sent.answer, _name(snapshot))
        self._kept.got_id(number, run_id)
        was_known = sent.outcome.status == wire.ALREADY_REPORTED
        return await self._follow(number, run_id, snapshot, was_known=was_known)

    async def _sent(self, snapshot: Snapshot, number: int, *, may_be_there: bool) -> Sent:
        try:
            return await self._tenant.send(snapshot)
        except (QuotaSpent, AccessRefused):
            if not may_be_there:
                self._kept.take_back(number)
            raise

    def _refusal(
        self, sent: Sent, snapshot: Snapshot, number: int, *, may_be_there: bool
    ) -> EnergyPipelineError:
        """Return the error for a snapshot without a run; forget it where nothing has changed.

        One whose first answer was lost may have arrived then, whatever is said to the second.
        """
        outcome, request = sent.outcome, _name(snapshot)
        said = without_personal(outcome.detail, personal_values(snapshot))
        if outcome.verdict == "unknown":
            message = f"{said}; whether the snapshot was taken is not known, run it again"
            return OutcomeUnknown(message, request=request, status=outcome.status)
        if may_be_there:
            message = f"{said}; an earlier try of the snapshot may have been taken, run it again"
        else:
            self._kept.take_back(number)
            message = f"{said}; nothing has changed at EnerKey"
        if outcome.status == _CONFLICT or outcome.verdict in ("limited", "not_sent"):
            return ServiceUnavailable(message, request=request, status=outcome.status)
        errors = _ERRORS.get(outcome.verdict, RequestRefused)
        return errors(message, request=request, status=outcome.status)

    async def _follow(
        self, number: int, run_id: str, snapshot: Snapshot, *, was_known: bool
    ) -> ImportEnd:
        waited_s, step_s = 0.0, FIRST_POLL_S
        status = await self._status(run_id, number) if was_known else None
        while status is None or not status.is_final:
            if waited_s >= LONGEST_POLL_S:
                message = f"run {run_id} is still {status.word if status else 'new'} after half "
                message += "an hour; the next run asks again"
                raise ServiceUnavailable(message, request=f"GET {wire.PROVISIONING_STATUS}")
            await self._clock.sleep(step_s)
            waited_s, step_s = waited_s + step_s, min(SLOWEST_POLL_S, 2 * step_s)
            status = await self._status(run_id, number)
        self._kept.end(number, status.state)
        return ImportEnd(run_id, was_known, _discreet(status, snapshot))

    async def _status(self, run_id: str, number: int) -> RunStatus:
        try:
            return await self._tenant.status(run_id)
        except NotFound:
            self._kept.end(number, "failed")
            raise


_ERRORS: Mapping[Verdict, type[AccessRefused] | type[RequestRefused]] = {"denied": AccessRefused}


def _discreet(status: RunStatus, snapshot: Snapshot) -> RunStatus:
    values = personal_values(snapshot)
    errors = tuple(without_personal(each, values) for each in status.errors)
    return RunStatus(
        status.word, status.state, status.created, status.updated, status.deleted, errors
    )


def _name(snapshot: Snapshot) -> str:
    return f"POST {PATHS[snapshot.kind]}"
