"""What a poll found, as rows of the datasets `envoy_readings` and `envoy_inverters`."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.schema import ENVOY_INVERTERS, ENVOY_READINGS
from energy_pipeline.sources.envoy.candidates import Candidate
from energy_pipeline.sources.envoy.inverters import InverterReport

SILENT_AFTER = timedelta(days=1)
"""An inverter whose last report is older does not report; it may stay in the list for years."""


def reading_rows(site: str, serial: str, found: Iterable[tuple[Stream, Candidate]]) -> pa.Table:
    """Return a row per counter that shows something, in the schema of `envoy_readings`, sorted."""
    rows = [
        {
            "site": site,
            "serial": serial,
            "counter": candidate.counter,
            "stream": stream,
            "read_at": sample.read_at,
            "energy_wh": sample.energy_wh,
            "power_w": sample.power_w,
            "polled_at": sample.polled_at,
        }
        for stream, candidate in found
        if (sample := candidate.sample)
    ]
    table = pa.Table.from_pylist(rows, schema=ENVOY_READINGS.schema)
    return table.sort_by([(name, "ascending") for name in ENVOY_READINGS.sort_keys])


def inverter_rows(
    site: str,
    serial: str,
    reports: Sequence[InverterReport],
    *,
    gateway_now: datetime,
    polled_at: datetime,
) -> pa.Table:
    """Return a row per inverter that reports, in the schema of `envoy_inverters`, sorted.

    Args:
        site: id of the site.
        serial: of the gateway.
        reports: one for each inverter.
        gateway_now: the gateway's own time, aware.
        polled_at: when the answers were received, aware.
    """
    rows = [
        {
            "site": site,
            "serial": serial,
            "inverter": report.inverter,
            "reported_at": report.reported_at,
            "power_w": report.power_w,
            "max_power_w": report.max_power_w,
            "energy_wh": report.energy_wh,
            "polled_at": polled_at,
        }
        for report in reports
        if gateway_now - report.reported_at <= SILENT_AFTER
    ]
    table = pa.Table.from_pylist(rows, schema=ENVOY_INVERTERS.schema)
    return table.sort_by([(name, "ascending") for name in ENVOY_INVERTERS.sort_keys])
