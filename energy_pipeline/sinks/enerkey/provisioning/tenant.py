"""What a tenant's key opens: sending a snapshot once, asking for the state of its run.

When either is done is decided in `import_run`.
"""

from urllib.parse import quote, urlencode

from energy_pipeline.sinks.enerkey import wire
from energy_pipeline.sinks.enerkey.connection import (
    LONG_READ_TIMEOUT_S,
    Connection,
    Request,
    Sent,
)
from energy_pipeline.sinks.enerkey.provisioning.answers import RunStatus, read_status
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Kind, Snapshot

PATHS: dict[Kind, str] = {
    "customers": wire.PROVISION_CUSTOMERS,
    "facilities": wire.PROVISION_FACILITIES,
}


class TenantClient:
    """One tenant at EnerKey.

    Args:
        connection: the way to it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, snapshot: Snapshot) -> Sent:
        """Send a snapshot once; raises nothing for its fate.

        Raises:
            QuotaSpent: no request is left; nothing was sent.
            AccessRefused: no key can be used; nothing was sent.
        """
        await self._connection.allow_push()
        request = Request(
            "POST",
            PATHS[snapshot.kind],
            body=snapshot.body,
            may_use_reserve=True,
            read_timeout_s=LONG_READ_TIMEOUT_S,
        )
        return await self._connection.send(request)

    async def status(self, run_id: str) -> RunStatus:
        """Return the state of a run.

        Raises:
            NotFound: EnerKey does not know the run.
            ServiceError: EnerKey does not answer, refuses, or answers something else.
            QuotaSpent: no request is left.
        """
        query = urlencode({wire.PROVISIONING_ID: run_id}, quote_via=quote, safe="")
        request = Request("GET", wire.PROVISIONING_STATUS, query, may_use_reserve=True)
        return read_status(await self._connection.read(request), request.name)
