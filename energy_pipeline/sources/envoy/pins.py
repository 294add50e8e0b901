"""The certificates that gateways were seen with, kept in the state database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, String, Table, insert, select, update

from energy_pipeline.state.database import METADATA, StateDatabase

_CERTIFICATES = Table(
    "envoy_certificates",
    METADATA,
    Column("serial", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("since_s", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A gateway that presents another certificate than before; fingerprints are SHA-256."""

    serial: str
    before: str
    now: str

    def __str__(self) -> str:
        """What a person should know."""
        return (
            f"gateway {self.serial} has another certificate: {self.now}, before {self.before}; "
            "accepted, because it carries the gateway's name and /info shows the serial"
        )


class CertificatePins:
    """What was accepted, gateway by gateway.

    Args:
        state: the state database.
    """

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def pinned(self, serial: str) -> str | None:
        """Return the fingerprint that a gateway was accepted with, None before the first time."""
        query = select(_CERTIFICATES.c.fingerprint).where(_CERTIFICATES.c.serial == serial)
        with self._state.read() as connection:
            return connection.execute(query).scalar()

    def keep(self, serial: str, fingerprint: str, now: datetime) -> Renewal | None:
        """Keep the certificate of a gateway that has proved to be itself.

        Args:
            serial: of the gateway.
            fingerprint: of the certificate.
            now: since when, aware.

        Returns:
            The change, None when there is none.
        """
        before = self.pinned(serial)
        if before == fingerprint:
            return None
        values = {"fingerprint": fingerprint, "since_s": int(now.timestamp())}
        with self._state.begin() as connection:
            known = update(_CERTIFICATES).where(_CERTIFICATES.c.serial == serial)
            if not connection.execute(known.values(values)).rowcount:
                connection.execute(insert(_CERTIFICATES).values(serial=serial, **values))
        return Renewal(serial, before, fingerprint) if before else None
