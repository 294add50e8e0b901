"""What a person should know after a poll, although it succeeded."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.sources.envoy.candidates import candidates
from energy_pipeline.sources.envoy.choice import Choice
from energy_pipeline.sources.envoy.counters import counter_kind
from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.replies import Unavailable
from energy_pipeline.sources.envoy.rows import SILENT_AFTER
from energy_pipeline.sources.envoy.wire import CLOCKS_DIFFER, STALE_AFTER


def remarks(
    found: Measurements,
    known: Mapping[Stream, Choice],
    chosen: Mapping[Stream, Choice],
    gateway_now: datetime,
    now: datetime,
) -> Iterator[str]:
    """Yield remarks, one sentence each.

    Args:
        found: the answers.
        known: the choices before the poll.
        chosen: the choices after it.
        gateway_now: the gateway's own time, aware.
        now: our time at the same moment.
    """
    yield from _of_answers(found)
    yield from _of_choices(known, chosen)
    yield from _of_silent_meters(found, known, chosen)
    yield from _of_meters(found, gateway_now)
    if abs(gateway_now - now) > CLOCKS_DIFFER:
        ahead_s = (gateway_now - now).total_seconds()
        yield f"the gateway's clock is {abs(ahead_s):.0f} s {'ahead' if ahead_s > 0 else 'behind'}"
    reports = found.inverter_reports
    silent = [report for report in reports if gateway_now - report.reported_at > SILENT_AFTER]
    if silent:
        yield f"{len(silent)} of {len(reports)} inverters have not reported for a day"


def _of_answers(found: Measurements) -> Iterator[str]:
    for endpoint, reply in found.replies.items():
        if isinstance(reply, Unavailable):
            yield f"{endpoint.value}: {reply.why}"


def _of_choices(known: Mapping[Stream, Choice], chosen: Mapping[Stream, Choice]) -> Iterator[str]:
    for stream, choice in chosen.items():
        before = known.get(stream, Choice()).counter
        if before is not None and before != choice.counter:
            yield f"{stream} is counted by {choice.counter} from now on, before by {before}"
        elif choice.rival is not None:
            kept = choice.counter or "no counter"
            yield f"{stream} is counted by {kept}; {choice.rival} may take its place"


def _of_silent_meters(
    found: Measurements, known: Mapping[Stream, Choice], chosen: Mapping[Stream, Choice]
) -> Iterator[str]:
    """Name counters of meters that show nothing; inverters show nothing at night."""
    shown = {c.counter for offered in candidates(found).values() for c in offered if c.sample}
    for stream, choice in {**known, **chosen}.items():
        counter = choice.counter
        if counter and counter not in shown and counter_kind(counter) == "meter":
            yield f"{stream}: {counter} shows nothing"


def _of_meters(found: Measurements, gateway_now: datetime) -> Iterator[str]:
    for meter in found.meters:
        if meter.complaints:
            yield f"meter {meter.measures}: the gateway says {', '.join(meter.complaints)}"
        reading = found.readings.get(meter.eid) if meter.is_enabled else None
        if reading and reading.read_at and gateway_now - reading.read_at > STALE_AFTER:
            yield f"meter {meter.measures} has not been read since {reading.read_at:%H:%M:%S} UTC"
