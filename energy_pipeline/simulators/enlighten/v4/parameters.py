"""Dialect v4: reading numbers, instants and days from the query."""

from datetime import date

from energy_pipeline.simulators.enlighten.v4 import refusals
from energy_pipeline.simulators.enlighten.v4.call import Parameters

_LAST_SECOND = 2**32  # later instants are no dates that anybody means


def instant(params: Parameters, name: str) -> int | None:
    """Return an instant in epoch seconds, None when it is not given.

    Raises:
        Refusal: unreadable.
    """
    text = params.get(name)
    if not text:
        return None
    if not text.isdecimal() or int(text) >= _LAST_SECOND:
        raise refusals.unparsable_time(name, text)
    return int(text)


def day(params: Parameters, name: str) -> date | None:
    """Return a day, None when it is not given.

    Raises:
        Refusal: unreadable.
    """
    text = params.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refusals.unparsable_time(name, text) from None


def positive(params: Parameters, name: str, default: int) -> int:
    """Return a whole number from 1 on.

    Raises:
        Refusal: it is none.
    """
    text = params.get(name)
    if not text:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise refusals.unprocessable(f"{name} is invalid at Query location")
    return int(text)
