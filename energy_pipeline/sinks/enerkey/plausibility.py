"""The second net against a wrong unit: a batch of a quite different size than what is stored.

The first net is the comparison of units with EnerKey, in `inventory`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import median

from energy_pipeline.calendar import HOUR, Span
from energy_pipeline.sinks.enerkey.client import EnerKeyClient
from energy_pipeline.sinks.enerkey.hours import Kind, hours_between
from energy_pipeline.sinks.enerkey.ledger import Ledger
from energy_pipeline.sinks.enerkey.reading import read_hours

FACTOR = 100.0
HISTORY_DAYS = 30
# Night hours are zero and single hours prove nothing: a snowed-in week must not look like a unit.
_LEAST_HOURS = 24
_HISTORY = timedelta(days=HISTORY_DAYS)


async def strange_batches(
    client: EnerKeyClient, ledger: Ledger, batches: Mapping[int, Mapping[datetime, float]]
) -> dict[int, str]:
    """Return, by meter, what is strange about the size of the values to be sent.

    The ledger knows the hours stored before them; of a meter that it does not know, EnerKey is
    asked.

    Args:
        client: EnerKey.
        ledger: its kind says what the values are.
        batches: hourly values, or readings, by meter.

    Raises:
        ServiceError: EnerKey does not answer, refuses, or answers something else.
        QuotaSpent: no request is left.
    """
    telling = {
        meter_id: amounts
        for meter_id, batch in batches.items()
        if tells_size(amounts := _amounts(ledger.kind, batch))
    }
    before = {id: Span(min(batches[id]) - _HISTORY, min(batches[id])) for id in telling}
    known = {
        id: _amounts(ledger.kind, ledger.known_values(id, span)) for id, span in before.items()
    }
    unknown = {id: hours_between(before[id].start, before[id].end) for id in known if not known[id]}
    for meter_id, hours in (await read_hours(client, unknown)).items():
        known[meter_id] = [amount for amount in hours.values() if amount is not None]
    found = {id: strange_size(amounts, known[id]) for id, amounts in telling.items()}
    return {meter_id: strange for meter_id, strange in found.items() if strange is not None}


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


def _amounts(kind: Kind, values: Mapping[datetime, float]) -> list[float]:
    if kind == "consumption":
        return list(values.values())
    return [values[at] - values[at - HOUR] for at in values if at - HOUR in values]
