"""Reports of single inverters: the list of last reports, joined with their own counters."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from energy_pipeline.sources.envoy.device_data import DeviceData
from energy_pipeline.sources.envoy.json_values import instant, number, objects, text, whole
from energy_pipeline.sources.envoy.wire import INVERTER_TYPE


@dataclass(frozen=True, slots=True)
class InverterReport:
    """What an inverter told last.

    Args:
        inverter: serial number.
        reported_at: the gateway's own time.
        power_w: last power; None when not given.
        max_power_w: highest power seen; None when not given.
        energy_wh: lifetime energy; None where the gateway gives none.
    """

    inverter: str
    reported_at: datetime
    power_w: float | None
    max_power_w: float | None
    energy_wh: float | None = None


def parse_inverters(value: object) -> tuple[InverterReport, ...]:
    """Read `/api/v1/production/inverters`; batteries and who never reported are passed over."""
    return tuple(
        InverterReport(
            inverter=serial,
            reported_at=reported_at,
            power_w=number(entry, "lastReportWatts"),
            max_power_w=number(entry, "maxReportWatts"),
        )
        for entry in objects(value)
        if whole(entry, "devType") in (INVERTER_TYPE, None)
        and (serial := text(entry, "serialNumber")) is not None
        and (reported_at := instant(entry, "lastReportDate")) is not None
    )


def newest_report_at(reports: Iterable[InverterReport]) -> datetime | None:
    """Return when an inverter reported last, None without any."""
    return max((report.reported_at for report in reports), default=None)


def joined_reports(
    listed: tuple[InverterReport, ...], device_data: DeviceData
) -> tuple[InverterReport, ...]:
    """Return one report for each inverter; one with a counter is preferred."""
    reports = {report.inverter: report for report in listed}
    for counted in device_data.inverters:
        reports[counted.inverter] = InverterReport(
            inverter=counted.inverter,
            reported_at=counted.read_at,
            power_w=counted.power_w,
            max_power_w=counted.max_power_w,
            energy_wh=counted.energy_wh,
        )
    return tuple(reports[serial] for serial in sorted(reports))
