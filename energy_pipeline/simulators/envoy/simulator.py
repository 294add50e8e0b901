"""One simulated gateway as a whole: what a test or the demo builds, serves and looks into."""

from datetime import datetime, timedelta

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy.backend import Backend
from energy_pipeline.simulators.envoy.control import control_routes
from energy_pipeline.simulators.envoy.failing import Silence
from energy_pipeline.simulators.envoy.faults import Faults
from energy_pipeline.simulators.envoy.gate import Gate
from energy_pipeline.simulators.envoy.hardware import Hardware, Stream
from energy_pipeline.simulators.envoy.journal import RequestRecord
from energy_pipeline.simulators.envoy.modelled import ModelBackend
from energy_pipeline.simulators.envoy.site import Site
from energy_pipeline.simulators.envoy.state import GatewayState
from energy_pipeline.simulators.envoy.switches import Switches, usual_switches
from energy_pipeline.simulators.envoy.tokens import Role, TokenAuthority


class EnvoySimulator:
    """A stand-in of one gateway.

    Args:
        backend: what answers: a `ModelBackend` (a `Site` is taken as one), `CaptureBackend` or
            `PollsBackend`.
        clock: the virtual time; None is the machine's time.
        authority: whose tokens are good; None makes one of its own.
        switches: the firmware's ways; None are the usual ones of the backend's firmware.
        faults: what is wrong.

    Attributes:
        app: the gateway itself, to be served over HTTPS (see `gateway.serve_gateway`).
        clock: as given.
        authority: as given.
    """

    def __init__(
        self,
        backend: Backend | Site,
        clock: VirtualClock | None = None,
        *,
        authority: TokenAuthority | None = None,
        switches: Switches | None = None,
        faults: Faults | None = None,
    ) -> None:
        backend = ModelBackend(backend) if isinstance(backend, Site) else backend
        self.clock = clock or VirtualClock()
        self.authority = authority or TokenAuthority()
        self._state = GatewayState(
            backend,
            self.authority,
            self.clock,
            switches or usual_switches(backend.hardware),
            faults or Faults(),
        )
        self.app: ASGIApp = Starlette(
            routes=[
                Mount("/_sim", routes=control_routes(self._state)),
                Mount("/", app=Gate(self._state)),
            ]
        )

    @property
    def hardware(self) -> Hardware:
        """The identity of the gateway."""
        return self._state.backend.hardware

    @property
    def requests(self) -> list[RequestRecord]:
        """The requests so far, oldest first."""
        return self._state.journal.records()

    @property
    def most_at_once(self) -> int:
        """The most requests that were under way at one moment."""
        return self._state.journal.most_at_once

    @property
    def switches(self) -> Switches:
        """The firmware's ways; assign others at any time."""
        return self._state.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._state.switches = switches

    @property
    def faults(self) -> Faults:
        """What is wrong; assign other faults at any time."""
        return self._state.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._state.put_faults(faults)

    def token(self, role: Role = "owner", life: timedelta | None = None) -> str:
        """Return a token that opens this gateway now."""
        serial, now = self.hardware.serial, self.clock.now()
        return self.authority.issue(serial, now, role=role, life=life)

    def truth_wh(self, stream: Stream, start: datetime, end: datetime) -> float:
        """Return the energy that a perfect client books between two instants (aware).

        Raises:
            ValueError: the site is not modelled, or does not measure the stream.
        """
        if not isinstance(self._state.backend, ModelBackend):
            raise ValueError("only a modelled site knows the truth")
        return self._state.backend.site.truth_wh(stream, start, end)

    def restart(self) -> None:
        """Lose every session, as a restart of the box does."""
        self._state.sessions.end_all()

    def update_firmware(self, software: str) -> None:
        """Run another firmware from now on, with its usual switches and after a restart.

        Raises:
            ValueError: the site is not modelled.
        """
        self._state.update_firmware(software)

    def http_app(self, https_base_url: str) -> ASGIApp:
        """Return what the gateway's port for plain HTTP does: redirect, or say nothing.

        Args:
            https_base_url: where the gateway itself is served, no slash at the end.
        """

        async def answer(request: Request) -> Response:
            if not self._state.switches.redirects_http:
                return Silence(is_cut=True)
            query = f"?{request.url.query}" if request.url.query else ""
            target = f"{https_base_url}{request.scope['path']}{query}"
            return Response(status_code=301, headers={"location": target})

        return Starlette(routes=[Route("/{path:path}", answer)])
