"""The second net against a wrong unit: a batch of a quite different size than what is stored.

Pure. The first net is the comparison of units with EnerKey, in `inventory`.
"""

from collections.abc import Iterable
from statistics import median

FACTOR = 100.0
HISTORY_DAYS = 30
# Night hours are zero and single hours prove nothing: a snowed-in week must not look like a unit.
_LEAST_HOURS = 24


def strange_size(batch: Iterable[float], history: Iterable[float]) -> str | None:
    """Return what is strange about the size of the hours that are about to be sent, if anything.

    Args:
        batch: their amounts.
        history: amounts of the stored hours of the last `HISTORY_DAYS` before them.
    """
    sent, stored = _typical(batch), _typical(history)
    if sent is None or stored is None or stored / FACTOR < sent < stored * FACTOR:
        return None
    return (
        f"a typical hour to be sent is {sent:g}, one of the {HISTORY_DAYS} days before was "
        f"{stored:g}: check the unit, then release the meter"
    )


def tells_size(batch: Iterable[float]) -> bool:
    """Tell whether a batch is large enough to be compared."""
    return _typical(batch) is not None


def _typical(amounts: Iterable[float]) -> float | None:
    """Return the median size of the hours with energy, None when there are too few."""
    sizes = [abs(amount) for amount in amounts if amount]
    return median(sizes) if len(sizes) >= _LEAST_HOURS else None
