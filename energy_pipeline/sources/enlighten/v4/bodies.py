"""Shapes that dialect v4 alone has: battery, grid, and its list of systems.

Members that are not named here are passed over; energies and sizes in lists, frozen at -1 since
2023, are among them.
"""

from typing import Annotated

from energy_pipeline.sources.enlighten.bodies import Body, EpochS, ListedSystem, Meta
from energy_pipeline.sources.enlighten.lenient import OneList


class Stored(Body):
    """What batteries took or gave in an interval."""

    enwh: float | None = None
    devices_reporting: int | None = None


class BatteryInterval(Body):
    """An interval of the batteries."""

    end_at: EpochS
    charge: Stored | None = None
    discharge: Stored | None = None


class ImportInterval(Body):
    """An interval of energy that was taken from the grid."""

    end_at: EpochS
    wh_imported: float | None


class ExportInterval(Body):
    """An interval of energy that was given to the grid."""

    end_at: EpochS
    wh_exported: float | None


class _Telemetry(Body):
    system_id: int | None = None
    total_devices: int | None = None
    start_at: EpochS | None = None
    end_at: EpochS | None = None
    meta: Meta | None = None


class BatteryBody(_Telemetry):
    """Answer of `telemetry/battery`."""

    intervals: list[BatteryInterval]


class ImportBody(_Telemetry):
    """Answer of `energy_import_telemetry`."""

    intervals: Annotated[list[ImportInterval], OneList]


class ExportBody(_Telemetry):
    """Answer of `energy_export_telemetry`."""

    intervals: Annotated[list[ExportInterval], OneList]


class System(Body):
    """An element of the systems list."""

    system_id: int
    name: str | None = None
    timezone: str | None = None
    status: str | None = None
    last_report_at: EpochS | None = None
    last_energy_at: EpochS | None = None
    operational_at: EpochS | None = None

    def listed(self) -> ListedSystem:
        """Return it as both dialects list it."""
        meta = Meta(
            status=self.status,
            last_report_at=self.last_report_at,
            last_energy_at=self.last_energy_at,
            operational_at=self.operational_at,
        )
        return ListedSystem(
            system_id=self.system_id, system_name=self.name, timezone=self.timezone, meta=meta
        )


class SystemsPage(Body):
    """A page of the systems list; `total` counts all pages."""

    total: int
    systems: list[System]
