"""What the gateway believes at an instant: the truth, bent by its firmware and its faults."""

from datetime import UTC, datetime, timedelta

from energy_pipeline.simulators.envoy.faults import Faults
from energy_pipeline.simulators.envoy.hardware import Ct
from energy_pipeline.simulators.envoy.inverters import WRAP_J, Report
from energy_pipeline.simulators.envoy.metering import Channel, Reading
from energy_pipeline.simulators.envoy.site import Site
from energy_pipeline.simulators.envoy.switches import Switches

_SILENT_AFTER_PERIODS = 3


class View:
    """One look at a site; every answer is made from one of these.

    Args:
        site: the truth.
        switches: the firmware's ways.
        faults: what is wrong.
        now: true instant of the look (aware).

    Attributes:
        shown_s: the gateway's own time, whole epoch seconds.
        is_inactive: `/production.json` shows no active meter although there is one.
        is_islanded: the house is cut off from the grid.
    """

    def __init__(self, site: Site, switches: Switches, faults: Faults, now: datetime) -> None:
        self.site = site
        self.hardware = site.hardware
        self.switches = switches
        self.faults = faults
        self._now = now
        self._now_s = now.timestamp()
        self.shown_s = int(self._now_s) + faults.clock_offset_s(self._now_s)
        self.is_inactive = faults.glitch("inactive", now, site.zone)
        self.is_islanded = faults.glitch("islanded", now, site.zone)
        self._is_zero = faults.glitch("zeros", now, site.zone)
        self._live_s = _no_later(self._now_s, faults.stale_from)

    def reading(self, ct: Ct) -> Reading:
        """Return a meter as it is read now."""
        timestamp = int(self._live_s) + self.faults.clock_offset_s(self._live_s)
        channels = self._channels(ct, self._live_s)
        if self._is_zero:
            channels = tuple(Channel(0.0, 0.0, 0.0) for _ in channels)
        if self.is_islanded:
            channels = tuple(each._replace(power_w=0.0) for each in channels)
        zero_phase = self.faults.glitch("storage_zero_phase", self._now, self.site.zone)
        if ct == "storage" and zero_phase:
            channels = (Channel(0.0, 0.0, 0.0), *channels[1:])
        return Reading(ct, 0 if self.faults.zero_timestamps else timestamp, channels)

    def readings(self, stored_at_s: int | None = None) -> dict[Ct, Reading]:
        """Return all enabled meters, as read now or as stored at a boundary."""
        if stored_at_s is None:
            return {ct: self.reading(ct) for ct in self.hardware.cts}
        return {ct: self.stored(ct, stored_at_s) for ct in self.hardware.cts}

    def power_w(self, ct: Ct) -> float:
        """Return a meter's power now, 0 where there is no such meter."""
        return self.reading(ct).power_w if ct in self.hardware.cts else 0.0

    def battery_w(self) -> float:
        """Return the power that the batteries themselves tell, positive when they discharge."""
        return self.site.battery.power_w(self._live_s)

    def stored_wh(self) -> float:
        """Return the energy in the batteries."""
        return self.site.battery_stored_wh(self._live_s)

    def boundary_s(self) -> int:
        """Return the end of the last stored interval by the gateway's clock, epoch seconds."""
        period_s = self.hardware.store_period_s
        live_s = _no_later(self._now_s, self.faults.store_stale_from)
        return int(live_s + self._offset_s) // period_s * period_s

    def stored(self, ct: Ct, boundary_s: int) -> Reading:
        """Return a meter as it was stored at a boundary of the gateway's clock."""
        at_s = max(boundary_s - self._offset_s, self.site.curve.start_s)
        return Reading(ct, boundary_s, self._channels(ct, at_s))

    def midnight_s(self, days_ago: int = 0) -> int:
        """Return a local midnight by the gateway's clock, not before the model starts."""
        local = datetime.fromtimestamp(self.shown_s, self.site.zone)
        day = local.date() - timedelta(days=days_ago)
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.site.zone)
        start_s = self.site.curve.start_s + self._offset_s
        return max(int(midnight.astimezone(UTC).timestamp()), start_s)

    def inverters(self) -> list[Report]:
        """Return the last reports of the inverters that are still there, by the gateway's clock."""
        reports = self._reports(self._live_s)[self.faults.removed_inverters :]
        offset_s = self.faults.clock_offset_s
        return [each._replace(end_s=each.end_s + offset_s(each.end_s)) for each in reports]

    def removed(self) -> list[Report]:
        """Return the inverters that were taken away."""
        return self._reports(self._live_s)[: self.faults.removed_inverters]

    def is_reporting(self, report: Report) -> bool:
        """Return whether an inverter's last report is young enough to be counted as power."""
        age_s = self.shown_s - report.end_s
        return age_s < _SILENT_AFTER_PERIODS * report.duration_s

    def inverters_wh(self, *, wraps: bool = True) -> int:
        """Return the sum of the inverters' lifetime energy, as the firmware wraps it or not."""
        wrap = self.switches.wrap if wraps else "none"
        lifetimes = [report.lifetime_j for report in self.inverters()]
        if wrap == "per_inverter":
            lifetimes = [lifetime_j % WRAP_J for lifetime_j in lifetimes]
        total_j = sum(lifetimes) + int(self._jumped_wh("inverters", self._live_s) * 3600)
        if wrap == "whole_sum":
            total_j %= WRAP_J
        return 0 if self._is_zero else total_j // 3600

    @property
    def _offset_s(self) -> int:
        return self.shown_s - int(self._now_s)

    def _reports(self, at_s: float) -> list[Report]:
        """Return all inverters' last reports, with lifetimes counted from their last reset."""
        reports = self.site.inverters.reports(at_s)
        reset_s = self._last_reset_s("inverters", at_s)
        if reset_s is None:
            return reports
        before = {each.serial: each.lifetime_j for each in self.site.inverters.reports(reset_s)}
        return [
            each._replace(lifetime_j=each.lifetime_j - before.get(each.serial, 0))
            for each in reports
        ]

    def _channels(self, ct: Ct, at_s: float) -> tuple[Channel, ...]:
        """Return a meter's phases at a true instant, after its resets and jumps."""
        channels = self.site.meters.channels(ct, at_s)
        reset_s = self._last_reset_s(ct, at_s)
        if reset_s is not None:
            channels = tuple(map(_since, channels, self.site.meters.channels(ct, reset_s)))
        moved_wh = self._jumped_wh(ct, at_s) / len(channels)
        return tuple(
            each._replace(delivered_wh=round(each.delivered_wh + moved_wh, 3)) for each in channels
        )

    def _last_reset_s(self, of: str, at_s: float) -> float | None:
        resets = [reset.at.timestamp() for reset in self.faults.resets if reset.of == of]
        return max((reset_s for reset_s in resets if reset_s <= at_s), default=None)

    def _jumped_wh(self, of: str, at_s: float) -> float:
        """Return what the jumps since the last reset added to a counter until `at_s`."""
        since_s = self._last_reset_s(of, at_s) or 0.0
        jumps = [jump for jump in self.faults.jumps if jump.of == of]
        return sum(j.energy_wh for j in jumps if since_s <= j.at.timestamp() <= at_s)


def _since(now: Channel, before: Channel) -> Channel:
    return Channel(
        round(now.delivered_wh - before.delivered_wh, 3),
        round(now.received_wh - before.received_wh, 3),
        now.power_w,
    )


def _no_later(now_s: float, limit: datetime | None) -> float:
    return now_s if limit is None else min(now_s, limit.timestamp())
