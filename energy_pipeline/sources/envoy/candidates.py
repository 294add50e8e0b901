"""Which counters a gateway has for each stream, best first, judged by what its answers hold.

A stream that the hardware does not measure has none. Consumption behind a net meter is no counter:
it is derived from production and grid, in `transform/`. Which candidate feeds a stream is decided
in `choice.py`, since the choice is kept from poll to poll.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.sources.envoy import counters
from energy_pipeline.sources.envoy.device_data import BoundaryRecord, used_phases
from energy_pipeline.sources.envoy.inverters import newest_report_at
from energy_pipeline.sources.envoy.measurements import Measurements
from energy_pipeline.sources.envoy.meters import MeterReading, enabled_meter
from energy_pipeline.sources.envoy.production import (
    Overview,
    inverter_overview,
    production_meter_overview,
)
from energy_pipeline.sources.envoy.replies import Absent, may_answer_later
from energy_pipeline.sources.envoy.wire import (
    CONSUMPTION_RECORD,
    LOAD_METER,
    NET_METER,
    PRODUCTION_METER,
    PRODUCTION_RECORD,
    RECORD_PERIODS_FRESH,
    STORAGE_METER,
    Endpoint,
)

_Direction = Literal["delivered", "received"]
_ROUNDING_WH = 2.0  # a boundary counter is in whole Wh for each phase


@dataclass(frozen=True, slots=True)
class Sample:
    """What a counter showed.

    Args:
        read_at: the gateway's own time, aware.
        energy_wh: the counter.
        power_w: power of the stream, positive in its direction; None where none is given.
        polled_at: when the answer was received, aware.
    """

    read_at: datetime
    energy_wh: float
    power_w: float | None
    polled_at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A counter that could feed a stream.

    Args:
        counter: its name, see `counters.py`; empty when not even the name is known.
        sample: what it shows; None when it shows nothing now.
        may_come: the gateway may have it, but did not answer this time.
    """

    counter: str
    sample: Sample | None
    may_come: bool = False


class _MeterStream(NamedTuple):
    """A stream that a meter counts.

    Attributes:
        stream: what flows.
        measures: kind of the meter.
        direction: which of its two counters.
        is_two_way: whether the other one counts a stream too.
        record: where its boundary counter is; empty when it has none.
    """

    stream: Stream
    measures: str
    direction: _Direction
    is_two_way: bool
    record: str


_METER_STREAMS: Final = (
    _MeterStream("production", PRODUCTION_METER, "delivered", False, PRODUCTION_RECORD),
    _MeterStream("consumption", LOAD_METER, "delivered", False, CONSUMPTION_RECORD),
    _MeterStream("grid_import", NET_METER, "delivered", True, CONSUMPTION_RECORD),
    _MeterStream("grid_export", NET_METER, "received", True, CONSUMPTION_RECORD),
    _MeterStream("battery_discharge", STORAGE_METER, "delivered", True, ""),
    _MeterStream("battery_charge", STORAGE_METER, "received", True, ""),
)


def candidates(found: Measurements) -> dict[Stream, list[Candidate]]:
    """Return every stream's counters, best first; a stream that is not measured has none."""
    by_stream: dict[Stream, list[Candidate]] = {
        of.stream: list(_of_meter(of, found)) for of in _METER_STREAMS
    }
    by_stream["production"] += [
        *_of_production_overview(found),
        *_of_device_data(found),
        *_of_legacy_overview(found),
        *_of_inverter_overview(found),
    ]
    return {stream: listed for stream, listed in by_stream.items() if listed}


def _of_meter(of: _MeterStream, found: Measurements) -> Iterator[Candidate]:
    if may_answer_later(found.replies, Endpoint.METERS):
        yield Candidate("", None, may_come=True)
    meter = enabled_meter(found.meters, of.measures)
    if meter is None or isinstance(found.replies.get(Endpoint.READINGS), Absent):
        return
    name = counters.delivered if of.direction == "delivered" else counters.received
    is_hidden = may_answer_later(found.replies, Endpoint.READINGS)
    reading = found.readings.get(meter.eid)
    sample = None if reading is None else _meter_sample(of, reading, found)
    yield Candidate(name(meter.eid), sample, may_come=is_hidden)


def _meter_sample(of: _MeterStream, reading: MeterReading, found: Measurements) -> Sample | None:
    is_delivered = of.direction == "delivered"
    energy_wh = reading.delivered_wh if is_delivered else reading.received_wh
    power_w = _power_w(of, reading.power_w)
    return _sample(reading.read_at, energy_wh, power_w, found, Endpoint.READINGS)


def _power_w(of: _MeterStream, power_w: float | None) -> float | None:
    """Return a meter's power as that of the stream: the other way is another stream's."""
    if power_w is None or not of.is_two_way:
        return power_w
    return max(0.0, power_w if of.direction == "delivered" else -power_w)


def _sample(
    read_at: datetime | None,
    energy_wh: float | None,
    power_w: float | None,
    found: Measurements,
    endpoint: Endpoint,
) -> Sample | None:
    if read_at is None or energy_wh is None or energy_wh < 0:
        return None
    return Sample(read_at, energy_wh, power_w, found.received_at(endpoint))


def _of_production_overview(found: Measurements) -> Iterator[Candidate]:
    overview = production_meter_overview(found.overviews)
    is_hidden = may_answer_later(found.replies, Endpoint.PRODUCTION)
    is_disabled = found.meters and enabled_meter(found.meters, PRODUCTION_METER) is None
    if is_disabled or (overview is None and not is_hidden):
        return
    sample = None
    if overview and overview.active_count:  # a count of 0: the numbers are noise
        energy_wh, power_w = overview.lifetime_wh, overview.power_w
        sample = _sample(overview.read_at, energy_wh, power_w, found, Endpoint.PRODUCTION)
    yield Candidate(counters.PRODUCTION_METER_OVERVIEW, sample, may_come=is_hidden)


def _of_device_data(found: Measurements) -> Iterator[Candidate]:
    is_hidden = may_answer_later(found.replies, Endpoint.DEVICE_DATA)
    data, sample = found.device_data, None
    if data.is_complete:
        energy_wh = math.fsum(inverter.energy_wh for inverter in data.inverters)
        powers_w = [inverter.power_w for inverter in data.inverters]
        power_w = math.fsum(filter(None, powers_w)) if None not in powers_w else None
        read_at = max(inverter.read_at for inverter in data.inverters)
        sample = _sample(read_at, energy_wh, power_w, found, Endpoint.DEVICE_DATA)
    if sample or is_hidden:
        yield Candidate(counters.INVERTER_SUM, sample, may_come=is_hidden)


def _of_legacy_overview(found: Measurements) -> Iterator[Candidate]:
    """A metered gateway shows a meter's quarter hour here, or nothing, or what it froze at.

    Where it stands still although inverters count, it shows nothing: see `standstill.py`.
    """
    legacy = found.legacy
    is_hidden = may_answer_later(found.replies, Endpoint.PRODUCTION_V1)
    if found.is_metered or (legacy is None and not is_hidden):
        return
    sample = None
    is_counter = legacy and legacy.lifetime_wh  # 0 is what a faulty firmware gives
    if legacy and is_counter and not found.legacy_stands_still:
        read_at = _legacy_read_at(found)
        energy_wh, power_w = legacy.lifetime_wh, legacy.power_w
        sample = _sample(read_at, energy_wh, power_w, found, Endpoint.PRODUCTION_V1)
    yield Candidate(counters.LEGACY_INVERTER_SUM, sample, may_come=is_hidden)


def _legacy_read_at(found: Measurements) -> datetime | None:
    """Return the time of the newest report: the older overview itself has none."""
    if may_answer_later(found.replies, Endpoint.PRODUCTION):
        return None
    if overview := inverter_overview(found.overviews):
        return _newest_report_at(overview, found)
    received_at = found.received_at(Endpoint.PRODUCTION_V1)
    return newest_report_at(found.listed_inverters) or received_at


def _newest_report_at(overview: Overview, found: Measurements) -> datetime | None:
    """Return the time of the newest report; at night, when the overview has none, by the list.

    Polls of a night so show the last reading of the evening again: the gateway answers, and the
    counter stands still.
    """
    return overview.read_at or newest_report_at(found.listed_inverters)


def _of_inverter_overview(found: Measurements) -> Iterator[Candidate]:
    overview = inverter_overview(found.overviews)
    is_hidden = may_answer_later(found.replies, Endpoint.PRODUCTION)
    if overview is None and not is_hidden:
        return
    sample = None
    if overview:
        energy_wh, power_w = overview.lifetime_wh, overview.power_w
        read_at = _newest_report_at(overview, found)
        sample = _sample(read_at, energy_wh, power_w, found, Endpoint.PRODUCTION)
    yield Candidate(counters.WRAPPING_INVERTER_SUM, sample, may_come=is_hidden)


def boundary_samples(found: Measurements, gateway_now: datetime) -> list[tuple[Stream, Candidate]]:
    """Return the meters' counters at the end of the last interval, where they are fresh.

    They repeat the counters of `candidates` for the same streams, at an exact instant.

    Args:
        found: the answers.
        gateway_now: the gateway's own time, aware.
    """
    pairs = [(of, _at_boundary(of, found, gateway_now)) for of in _METER_STREAMS]
    return [(of.stream, candidate) for of, candidate in pairs if candidate]


def _at_boundary(of: _MeterStream, found: Measurements, now: datetime) -> Candidate | None:
    meter, reading = enabled_meter(found.meters, of.measures), found.reading(of.measures)
    if meter is None or reading is None or not of.record:
        return None
    data, is_delivered = found.device_data, of.direction == "delivered"
    records = data.production if of.record == PRODUCTION_RECORD else data.consumption
    used = used_phases(records, meter.phase_count)
    energy_wh = math.fsum(r.delivered_wh if is_delivered else r.received_wh for r in used)
    counted_wh = reading.delivered_wh if is_delivered else reading.received_wh
    if not used or not _is_fresh(used[0], now) or energy_wh > (counted_wh or 0.0) + _ROUNDING_WH:
        return None
    # Behind a net meter a record's power is that of the load, which is another stream.
    powers_w = [None if of.is_two_way else record.power_w for record in used]
    power_w = math.fsum(filter(None, powers_w)) if None not in powers_w else None
    name = counters.delivered_at_boundary if is_delivered else counters.received_at_boundary
    sample = _sample(used[0].end_at, energy_wh, power_w, found, Endpoint.DEVICE_DATA)
    return Candidate(name(of.record), sample)


def _is_fresh(record: BoundaryRecord, now: datetime) -> bool:
    return now - record.end_at <= timedelta(seconds=RECORD_PERIODS_FRESH * record.period_s)
