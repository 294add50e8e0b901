"""A simulated gateway on loopback, over HTTPS with a certificate that it signed itself."""

import contextlib
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

from energy_pipeline.simulators.envoy.certificates import IssuedCertificate, issue_certificate
from energy_pipeline.simulators.envoy.simulator import EnvoySimulator
from energy_pipeline.simulators.server import RunningServer, serve


class ServedGateway:
    """A gateway that is being served.

    Attributes:
        simulator: what is served.
        base_url: `https://127.0.0.1:<port>`, no slash at the end.
        host: the same without the scheme, as clients want it.
        port: the same alone.
        certificate: the one that new connections see.
    """

    def __init__(
        self,
        simulator: EnvoySimulator,
        server: RunningServer,
        certificate: IssuedCertificate,
        folder: Path,
    ) -> None:
        self.simulator = simulator
        self.base_url = server.base_url
        self.host = server.base_url.removeprefix("https://")
        self.port = server.port
        self.certificate = certificate
        self._server = server
        self._folder = folder

    def renew_certificate(
        self, name: str | None = None, at: datetime | None = None
    ) -> IssuedCertificate:
        """Make a new key and certificate and show it to new connections.

        Args:
            name: a common name other than the gateway's own.
            at: begin of its year (aware); None is the present by the simulator's clock.
        """
        serial, begin = self.simulator.hardware.serial, at or self.simulator.clock.now()
        self.certificate = issue_certificate(self._folder, serial, begin, name=name)
        self._server.present(self.certificate.files)
        return self.certificate


@contextlib.contextmanager
def serve_gateway(
    simulator: EnvoySimulator, folder: Path, port: int = 0
) -> Generator[ServedGateway]:
    """Serve a gateway from a background thread for as long as the block lasts.

    Args:
        simulator: the gateway.
        folder: where its certificates are kept.
        port: 0 takes a free one.
    """
    serial, now = simulator.hardware.serial, simulator.clock.now()
    certificate = issue_certificate(folder, serial, now)
    with serve(simulator.app, port, certificate.files) as server:
        yield ServedGateway(simulator, server, certificate, folder)
