"""Modelled systems: a clear sky, seeded clouds, a household; no recording needed.

Every value belongs to its instant and the seed, so a longer history of the same system agrees with
a shorter one. Sun time follows the standard offset of the time zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from energy_pipeline.simulators.enlighten.battery import Battery, self_consumption
from energy_pipeline.simulators.enlighten.dataset import (
    METER_INTERVAL_S,
    MICRO_INTERVAL_S,
    Series,
    Stream,
    System,
)
from energy_pipeline.simulators.enlighten.localdays import local_date, midnight
from energy_pipeline.simulators.enlighten.noise import Floats, Int64s, noise
from energy_pipeline.simulators.enlighten.replay import MeasuredBy
from energy_pipeline.simulators.enlighten.shaping import reporting_micros

DAY_S = 86_400
_WARM_UP = timedelta(days=10)  # once full or empty, a battery has forgotten how it began
_METER_OVER_MICRO = 1.008  # a revenue-grade meter and the micros never agree to the watt-hour
_SKY, _HOUR_SKY, _HABIT, _KETTLE, _NEGATIVE = range(100, 105)


@dataclass(frozen=True, kw_only=True)
class House:
    """What a modelled system is made of.

    Attributes:
        system_id: its id; part of the seed.
        timezone: IANA zone; decides local days and, by its standard offset, the sun's noon.
        latitude: degrees north; length of days and height of the sun.
        size_w: rated power.
        micros: number of microinverters.
        measured_by: what measures production.
        base_load_w: what the household always takes.
        battery: the battery that stores what is left over; None is a house without one.
        negative_share: share of consumption quarters that come out slightly negative.
        seed: another seed, another weather.
    """

    system_id: int
    timezone: str = "Europe/Helsinki"
    latitude: float = 60.0
    size_w: int = 5000
    micros: int = 16
    measured_by: MeasuredBy = "both"
    base_load_w: int = 180
    battery: Battery | None = None
    negative_share: float = 0.0
    seed: int = 0


def modelled_system(house: House, first: date, last: date, name: str | None = None) -> System:
    """Return a system that works from the local day `first` to the end of `last`."""
    zone = ZoneInfo(house.timezone)
    start, end = midnight(first, zone), midnight(last + timedelta(days=1), zone)
    life = _life(house, start, end)
    net_wh = life.consumption_wh - life.meter_wh
    series: dict[Stream, Series] = {"consumption": _metered(start, life.consumption_wh)}
    if house.battery is not None:
        warm = midnight(first - _WARM_UP, zone)
        charge_wh, discharge_wh = _stored(_life(house, warm, end), house.battery, len(net_wh))
        series["battery_charge"] = _metered(start, charge_wh)
        series["battery_discharge"] = _metered(start, discharge_wh)
        net_wh = net_wh + charge_wh - discharge_wh
    series["grid_import"] = _metered(start, np.maximum(net_wh, 0))
    series["grid_export"] = _metered(start, np.maximum(-net_wh, 0))
    if house.measured_by != "micro":
        series["production_meter"] = _metered(start, life.meter_wh)
    if house.measured_by != "meter":
        devices = reporting_micros(life.lit, house.micros)
        first_end = start + MICRO_INTERVAL_S
        series["production_micro"] = Series(MICRO_INTERVAL_S, first_end, life.micro_wh, devices)
    return System(
        house.system_id,
        name or f"Modelled house {house.system_id}",
        house.timezone,
        house.size_w,
        house.micros,
        MappingProxyType(series),
        battery=house.battery,
    )


def modelled_fleet(
    houses: int, now: datetime, days_back: int, days_ahead: int = 1, *, seed: int = 0
) -> list[System]:
    """Return systems 1000, 1001, ... that have worked for `days_back` days before `now`.

    They go on working until `days_ahead` days after `now`, for clocks that move on.
    """
    zones = ("Europe/Helsinki", "Europe/London", "America/Denver", "Australia/Sydney")
    systems: list[System] = []
    for number in range(houses):
        timezone = zones[number % len(zones)]
        today = local_date(int(now.timestamp()), ZoneInfo(timezone))
        house = House(
            system_id=1000 + number,
            timezone=timezone,
            latitude=-33.0 if timezone.startswith("Australia") else 45.0 + number % 15,
            size_w=3000 + 500 * (number % 9),
            measured_by=("micro", "both", "meter")[number % 3],
            seed=seed,
        )
        back, ahead = timedelta(days=days_back), timedelta(days=days_ahead)
        systems.append(modelled_system(house, today - back, today + ahead))
    return systems


@dataclass(frozen=True, eq=False)
class _Life:
    """Sun and household between two instants; what the battery and the grid make of it follows."""

    lit: npt.NDArray[np.bool_]
    micro_wh: npt.NDArray[np.int32]
    meter_wh: Int64s
    consumption_wh: Int64s


def _life(house: House, start: int, end: int) -> _Life:
    zone = ZoneInfo(house.timezone)
    micro_ends = np.arange(start, end, MICRO_INTERVAL_S, dtype=np.int64) + MICRO_INTERVAL_S
    meter_ends = np.arange(start, end, METER_INTERVAL_S, dtype=np.int64) + METER_INTERVAL_S
    height = _sun_height(micro_ends - MICRO_INTERVAL_S // 2, house, zone)
    lit = height > 0
    watts = house.size_w * 0.85 * np.where(lit, height, 0) ** 1.15 * _sky(micro_ends, house)
    micro_wh = np.rint(watts / 12).astype(np.int32)
    meter_wh = np.rint(micro_wh.reshape(-1, 3).sum(axis=1) * _METER_OVER_MICRO).astype(np.int64)
    return _Life(lit, micro_wh, meter_wh, _consumption(meter_ends, house, zone).astype(np.int64))


def _stored(warm: _Life, battery: Battery, quarters: int) -> tuple[Int64s, Int64s]:
    """Return charge and discharge of the last `quarters`, after the battery has warmed up."""
    surplus_wh = warm.meter_wh - warm.consumption_wh
    charge_wh, discharge_wh = self_consumption(surplus_wh, battery, METER_INTERVAL_S)
    return charge_wh[-quarters:], discharge_wh[-quarters:]


def _metered(start: int, energy_wh: Int64s) -> Series:
    one = np.ones(len(energy_wh), np.int16)
    return Series(METER_INTERVAL_S, start + METER_INTERVAL_S, energy_wh.astype(np.int32), one)


def _sun_height(at: Int64s, house: House, zone: ZoneInfo) -> Floats:
    """Return the sine of the sun's height; negative at night."""
    day_of_year = (at // DAY_S) % 365.25
    declination = np.radians(23.44) * np.sin(2 * np.pi * (day_of_year - 80) / 365.25)
    latitude = np.radians(house.latitude)
    noon_angle = 2 * np.pi * (_sun_hour(at, zone) - 12) / 24
    return np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        noon_angle
    )


def _sun_hour(at: Int64s, zone: ZoneInfo) -> Floats:
    """Return the hour of the day by the zone's standard time, summer or winter."""
    winter = datetime.fromtimestamp(int(at[0]), zone)
    standard = (winter.utcoffset() or timedelta()) - (winter.dst() or timedelta())
    return ((at + int(standard.total_seconds())) % DAY_S) / 3600


def _sky(at: Int64s, house: House) -> Floats:
    """Return the share of the clear sky's light: dull and bright days, clouds by the half hour."""
    salts = (house.seed, house.system_id)
    day = 0.25 + 0.75 * noise(at // DAY_S, *salts, _SKY)
    half_hours = noise(at // 1800, *salts, _HOUR_SKY)
    return day * (1 - (1 - day) * half_hours)


def _consumption(ends: Int64s, house: House, zone: ZoneInfo) -> npt.NDArray[np.int32]:
    """Return a household's quarters: base load, breakfast, evening, a kettle now and then."""
    salts = (house.seed, house.system_id)
    hour = _sun_hour(ends, zone)
    habit = 500 * np.exp(-((hour - 7.5) ** 2) / 2) + 900 * np.exp(-((hour - 19) ** 2) / 6)
    kettle = np.where(noise(ends, *salts, _KETTLE) < 0.04, 1800, 0)
    watts = house.base_load_w + habit * (0.4 + noise(ends, *salts, _HABIT)) + kettle
    energy_wh = np.rint(watts / 4).astype(np.int32)
    negative = noise(ends, *salts, _NEGATIVE) < house.negative_share
    return np.where(negative, -1 - ends // METER_INTERVAL_S % 9, energy_wh).astype(np.int32)
