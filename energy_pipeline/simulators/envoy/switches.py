"""How a gateway behaves when nothing is wrong: what differs from firmware to firmware."""

from typing import Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from energy_pipeline.simulators.envoy.hardware import Hardware

Wrap = Literal["none", "whole_sum", "per_inverter"]
V1 = Literal["interval", "zero", "frozen"]
Today = Literal["midnight", "late", "lifetime", "frozen"]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Switches:
    """Behaviour of one firmware on one kind of gateway.

    Attributes:
        redirects_http: plain HTTP is answered with a redirect; otherwise the port is silent.
        login_page: where the page of a 401 sends a browser.
        session_idle_s: a session ends when it was not used for so long.
        cookie_needed_on_ivp: below `/ivp/` a token alone is not enough.
        cookie_on_every_reply: every authenticated reply opens the session anew.
        installer_paths: paths that an owner's token does not open.
        parallel_requests: a further request at the same time is cut off; None takes all.
        has_one_worker: requests wait for one another.
        wrap: what begins again at 2^32 J: the sum of the inverters, each of them, or nothing.
        v1: `/api/v1/production` gives the last interval, zeros, or what it gave once.
        today: baseline of `whToday`: midnight, the same an hour late, none at all, or one that is
            never renewed.
        total_is_net: total consumption shows the values of net consumption.
        has_device_data: `/ivp/pdm/device_data` exists.
        device_data_limit: at most this many devices are listed there.
        has_spare_meters: meters that are not in use are listed as well.
        pads_lines: unused phases are listed with zeros.
        names_info_type: `/info` has a Content-Type.
        without_members: JSON members that this gateway leaves out everywhere.
    """

    redirects_http: bool = True
    login_page: Literal["/home", "/login.html"] = "/home"
    session_idle_s: float = 600.0
    cookie_needed_on_ivp: bool = False
    cookie_on_every_reply: bool = False
    installer_paths: frozenset[str] = frozenset({"/stream/meter"})
    parallel_requests: int | None = None
    has_one_worker: bool = False
    wrap: Wrap = "none"
    v1: V1 = "interval"
    today: Today = "midnight"
    total_is_net: bool = False
    has_device_data: bool = False
    device_data_limit: int = 50
    has_spare_meters: bool = False
    pads_lines: bool = False
    names_info_type: bool = True
    without_members: frozenset[str] = frozenset()

    def changed_by(self, members: dict[str, object]) -> "Switches":
        """Return these switches with members replaced by values as JSON gives them.

        Raises:
            ValueError: a member does not exist or has a value that it cannot have.
        """
        return _SWITCHES.validate_python({**_SWITCHES.dump_python(self), **members})


_SWITCHES = TypeAdapter(Switches)


def usual_switches(hardware: Hardware) -> Switches:
    """Return the behaviour of the hardware's firmware."""
    version = hardware.version
    without_ct = hardware.is_metered and "production" not in hardware.cts
    v1: V1 = "interval"
    if without_ct:
        v1 = "frozen" if version >= (8, 2, 4264) else "zero"
    elif not hardware.is_metered and version >= (8, 3, 5422):
        v1 = "zero"
    return Switches(
        redirects_http=version < (8, 3),
        login_page="/login.html" if version >= (8, 3, 5169) else "/home",
        cookie_on_every_reply=version >= (8, 3),
        wrap="per_inverter" if version >= (8, 2, 4264) else "whole_sum",
        v1=v1,
        today="lifetime" if version >= (8, 3, 5433) else "midnight",
        total_is_net=version >= (8, 3, 5433) and "total-consumption" in hardware.cts,
        has_device_data=version >= (8, 2, 4345),
        has_spare_meters=version >= (8, 3),
        pads_lines=version >= (8, 3),
        names_info_type=version < (8, 3),
    )
