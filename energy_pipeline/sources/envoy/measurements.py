"""All that a poll's answers say about energy, and what is worth asking next.

What the bodies look like is in their own modules; which numbers are counters, in `candidates.py`.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Final

from energy_pipeline.sources.envoy import counters
from energy_pipeline.sources.envoy.device_data import DeviceData, parse_device_data
from energy_pipeline.sources.envoy.inverters import (
    InverterReport,
    joined_reports,
    parse_inverters,
)
from energy_pipeline.sources.envoy.meters import (
    Meter,
    MeterReading,
    enabled_meter,
    parse_meters,
    parse_readings,
)
from energy_pipeline.sources.envoy.production import (
    LegacyOverview,
    Overview,
    parse_legacy_production,
    parse_production,
    production_meter_overview,
)
from energy_pipeline.sources.envoy.replies import Document, Replies, document
from energy_pipeline.sources.envoy.wire import PRODUCTION_METER, Endpoint

_OF_OVERVIEW: Final = frozenset(
    {
        counters.PRODUCTION_METER_OVERVIEW,
        counters.LEGACY_INVERTER_SUM,  # its time is in the overview
        counters.WRAPPING_INVERTER_SUM,
    }
)
_IN_ORDER: Final = (
    Endpoint.METERS,
    Endpoint.READINGS,
    Endpoint.DEVICE_DATA,
    Endpoint.PRODUCTION,
    Endpoint.INVERTERS,
    Endpoint.PRODUCTION_V1,
)


class Measurements:
    """The answers of one poll so far, read.

    Args:
        replies: by endpoint; one that was not asked is not in it.
        has_meter: what `/info` says; None when it says nothing.
        legacy_stands_still: whether the older overview is known not to count.
    """

    def __init__(
        self, replies: Replies, *, has_meter: bool | None, legacy_stands_still: bool = False
    ) -> None:
        self.replies = replies
        self.has_meter = has_meter
        self.legacy_stands_still = legacy_stands_still

    @cached_property
    def meters(self) -> tuple[Meter, ...]:
        """The meters that the gateway knows."""
        return parse_meters(document(self.replies, Endpoint.METERS))

    @cached_property
    def readings(self) -> Mapping[int, MeterReading]:
        """What the meters show, by id."""
        return parse_readings(document(self.replies, Endpoint.READINGS))

    @cached_property
    def overviews(self) -> tuple[Overview, ...]:
        """The entries of the overview."""
        return parse_production(document(self.replies, Endpoint.PRODUCTION))

    @cached_property
    def legacy(self) -> LegacyOverview | None:
        """The older overview."""
        return parse_legacy_production(document(self.replies, Endpoint.PRODUCTION_V1))

    @cached_property
    def device_data(self) -> DeviceData:
        """Inverters' own counters, and meters at the end of the last interval."""
        return parse_device_data(document(self.replies, Endpoint.DEVICE_DATA))

    @cached_property
    def listed_inverters(self) -> tuple[InverterReport, ...]:
        """The list of last reports."""
        return parse_inverters(document(self.replies, Endpoint.INVERTERS))

    @property
    def inverter_reports(self) -> tuple[InverterReport, ...]:
        """One report for each inverter."""
        return joined_reports(self.listed_inverters, self.device_data)

    def reading(self, measures: str) -> MeterReading | None:
        """Return what the meter of that kind shows, None when none is in use or it was not read."""
        meter = enabled_meter(self.meters, measures)
        return self.readings.get(meter.eid) if meter else None

    @property
    def is_metered(self) -> bool:
        """Whether there is a meter chip, with transformers or without."""
        has_overview = production_meter_overview(self.overviews) is not None
        return bool(self.has_meter or self.meters or has_overview)

    def received_at(self, endpoint: Endpoint) -> datetime:
        """Return when the document of an endpoint was received.

        Raises:
            KeyError: there is none.
        """
        reply = self.replies.get(endpoint)
        if not isinstance(reply, Document):
            raise KeyError(endpoint)
        return reply.received_at


def next_endpoint(found: Measurements, kept: str | None) -> Endpoint | None:
    """Return what is worth asking next, None when everything that could help was asked.

    Args:
        found: the answers so far.
        kept: the counter that feeds production; None when none was chosen yet.
    """
    for endpoint in _IN_ORDER:
        if endpoint not in found.replies and _is_needed(endpoint, found, kept):
            return endpoint
    return None


def _is_needed(endpoint: Endpoint, found: Measurements, kept: str | None) -> bool:
    is_read = found.reading(PRODUCTION_METER) is not None
    match endpoint:
        case Endpoint.READINGS:
            return any(meter.is_enabled for meter in found.meters)
        case Endpoint.PRODUCTION:
            return not is_read or kept in _OF_OVERVIEW
        case Endpoint.INVERTERS:
            return not found.device_data.is_complete
        case Endpoint.PRODUCTION_V1:
            return kept == counters.LEGACY_INVERTER_SUM or not (is_read or found.is_metered)
        case _:
            return True
