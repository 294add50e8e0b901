"""The simulated Enlighten cloud as one web application."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.applications import Starlette
from starlette.routing import Mount

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enlighten.accounts import DEMO_APPLICATION, Application, Owner
from energy_pipeline.simulators.enlighten.control import control_routes
from energy_pipeline.simulators.enlighten.dataset import DEMO_OWNER, Fleet
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.oauth.face import OAuthFace
from energy_pipeline.simulators.enlighten.record import RecordedRequest
from energy_pipeline.simulators.enlighten.state import CloudState
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.simulators.enlighten.truth import Truth, truth_of
from energy_pipeline.simulators.enlighten.v2.authorization import AuthorizationPage
from energy_pipeline.simulators.enlighten.v2.face import FaceV2
from energy_pipeline.simulators.enlighten.v4.face import FaceV4


class EnlightenSimulator:
    """A simulated cloud: serve `app`, and look at the rest from the same process.

    Args:
        fleet: the systems, and who may see them.
        clock: the virtual time; None is the machine's time.
        switches: how the cloud behaves.
        faults: what goes wrong.
    """

    def __init__(
        self,
        fleet: Fleet,
        clock: VirtualClock | None = None,
        switches: Switches | None = None,
        faults: Faults | None = None,
    ) -> None:
        clock = clock or VirtualClock()
        self._state = CloudState(fleet, clock, switches or Switches(), faults or Faults())
        self.app = Starlette(
            routes=[
                Mount("/_sim", routes=control_routes(self._state)),
                Mount("/app_user_auth", AuthorizationPage(self._state)),
                Mount("/oauth", OAuthFace(self._state)),
                Mount("/api/v2", FaceV2(self._state)),
                Mount("/api/v4", FaceV4(self._state)),
            ]
        )

    @property
    def fleet(self) -> Fleet:
        """The systems of this cloud."""
        return self._state.fleet

    @property
    def clock(self) -> VirtualClock:
        """The virtual time."""
        return self._state.clock

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """Every request so far, oldest first, without keys."""
        return tuple(self._state.requests)

    @property
    def hits(self) -> int:
        """How many requests counted against the plan's limits."""
        return self._state.quota.hits

    @property
    def switches(self) -> Switches:
        """How the cloud behaves; assign other switches at any time."""
        return self._state.switches

    @switches.setter
    def switches(self, switches: Switches) -> None:
        self._state.switches = switches

    @property
    def faults(self) -> Faults:
        """What goes wrong; assign other faults at any time."""
        return self._state.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._state.put_faults(faults)

    def new_tokens(
        self, application: Application = DEMO_APPLICATION, owner: Owner = DEMO_OWNER
    ) -> Mapping[str, object]:
        """Return what the token endpoint answers after the owner has said yes to the application.

        For tests, and for an environment in which nobody signs in by hand.
        """
        now = int(self._state.clock.now().timestamp())
        return self._state.tokens.tokens(application, owner.user_id, now, self._state.switches)

    def truth(self, until: datetime | None = None) -> Truth:
        """Return what a perfect client ends up with under the present faults.

        Args:
            until: end of the last interval (aware); None is the virtual present.
        """
        systems = self._state.fleet.systems.values()
        return truth_of(systems, self._state.faults, until or self._state.clock.now())
