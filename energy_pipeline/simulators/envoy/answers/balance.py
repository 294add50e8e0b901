"""Production, total and net consumption, of which meters give two and the gateway computes one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from energy_pipeline.simulators.envoy.hardware import Ct
from energy_pipeline.simulators.envoy.metering import Channel, Reading


class Totals(NamedTuple):
    """One of the three.

    Attributes:
        power_w: at present.
        lifetime_wh: a counter, or a balance that may fall.
        lines: the same two by phase.
    """

    power_w: float
    lifetime_wh: float
    lines: Sequence[tuple[float, float]]


class Balance(NamedTuple):
    """All three; None where the meters do not give it."""

    production: Totals | None
    total: Totals | None
    net: Totals | None


def balance(readings: Mapping[Ct, Reading], *, total_is_net: bool = False) -> Balance:
    """Return the three from the meters; a battery is inside total consumption.

    Args:
        readings: of the enabled meters.
        total_is_net: the firmware shows net for total where the load is measured.
    """
    produced = readings.get("production")
    net, load = readings.get("net-consumption"), readings.get("total-consumption")
    if produced is None:
        return Balance(None, None, None)
    production = _totals(produced.channels, lambda channel: channel.delivered_wh)
    if net is not None:
        imported = _totals(net.channels, _difference)
        return Balance(production, _combined(production, imported, 1), imported)
    if load is not None:
        used = _totals(load.channels, _difference)
        imported = _combined(used, production, -1)
        return Balance(production, imported if total_is_net else used, imported)
    return Balance(production, None, None)


def _difference(channel: Channel) -> float:
    return channel.delivered_wh - channel.received_wh


def _totals(channels: Sequence[Channel], counter: Callable[[Channel], float]) -> Totals:
    return _of_lines((channel.power_w, counter(channel)) for channel in channels)


def _combined(one: Totals, other: Totals, sign: int) -> Totals:
    pairs = zip(one.lines, other.lines, strict=True)
    return _of_lines((a[0] + sign * b[0], a[1] + sign * b[1]) for a, b in pairs)


def _of_lines(lines: Iterable[tuple[float, float]]) -> Totals:
    rounded = [(round(power_w, 3), round(energy_wh, 3)) for power_w, energy_wh in lines]
    power_w, energy_wh = (round(sum(column), 3) for column in zip(*rounded, strict=True))
    return Totals(power_w, energy_wh, rounded)
