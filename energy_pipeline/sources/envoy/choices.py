"""The choices of counters, kept in the state database from poll to poll."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, String, Table, delete, insert, select

from energy_pipeline.configuration.sites import Stream
from energy_pipeline.sources.envoy.choice import Choice
from energy_pipeline.state.database import METADATA, StateDatabase

_CHOICES = Table(
    "envoy_choices",
    METADATA,
    Column("serial", String, primary_key=True),
    Column("stream", String, primary_key=True),
    Column("counter", String),
    Column("rival", String),
    Column("rival_since_s", BigInteger),
)


class Choices:
    """Which counter feeds which stream, gateway by gateway.

    Args:
        state: the state database.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def of(self, serial: str) -> dict[Stream, Choice]:
        """Return the choices of a gateway; a stream without one is not in it."""
        query = select(_CHOICES).where(_CHOICES.c.serial == serial)
        with self._state.read() as connection:
            rows = connection.execute(query).all()
        return {row.stream: Choice(row.counter, row.rival, _at(row.rival_since_s)) for row in rows}

    def keep(self, serial: str, choices: Mapping[Stream, Choice]) -> None:
        """Keep the choices of a gateway that differ from what is kept."""
        known = self.of(serial)
        changed = {stream: c for stream, c in choices.items() if known.get(stream) != c}
        if not changed:
            return
        rows = [
            {
                "serial": serial,
                "stream": stream,
                "counter": choice.counter,
                "rival": choice.rival,
                "rival_since_s": choice.rival_since and int(choice.rival_since.timestamp()),
            }
            for stream, choice in changed.items()
        ]
        with self._state.begin(durable=False) as connection:
            whose = (_CHOICES.c.serial == serial, _CHOICES.c.stream.in_(changed))
            connection.execute(delete(_CHOICES).where(*whose))
            connection.execute(insert(_CHOICES), rows)


def _at(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
