"""A stand-in of the gateway's local API and of the login services that give its tokens.

A gateway is an `EnvoySimulator` with one of three backends (a modelled `Site`, a capture, recorded
polls), served by `serve_gateway`. What the truth is, only a modelled site knows.
"""

from energy_pipeline.simulators.envoy.capture import CaptureBackend
from energy_pipeline.simulators.envoy.curve import PowerCurve, constant_curve, modelled_curve
from energy_pipeline.simulators.envoy.faults import (
    ClockJump,
    Failure,
    Faults,
    Glitch,
    Jump,
    Outage,
    Reset,
)
from energy_pipeline.simulators.envoy.gateway import ServedGateway, serve_gateway
from energy_pipeline.simulators.envoy.hardware import KINDS, Hardware, Kind, hardware
from energy_pipeline.simulators.envoy.journal import RequestRecord
from energy_pipeline.simulators.envoy.login import Account, LoginSimulator, LoginSwitches
from energy_pipeline.simulators.envoy.polls import PollsBackend
from energy_pipeline.simulators.envoy.simulator import EnvoySimulator
from energy_pipeline.simulators.envoy.site import Site
from energy_pipeline.simulators.envoy.switches import Switches, usual_switches
from energy_pipeline.simulators.envoy.tokens import TokenAuthority

__all__ = [
    "KINDS",
    "Account",
    "CaptureBackend",
    "ClockJump",
    "EnvoySimulator",
    "Failure",
    "Faults",
    "Glitch",
    "Hardware",
    "Jump",
    "Kind",
    "LoginSimulator",
    "LoginSwitches",
    "Outage",
    "PollsBackend",
    "PowerCurve",
    "RequestRecord",
    "Reset",
    "ServedGateway",
    "Site",
    "Switches",
    "TokenAuthority",
    "constant_curve",
    "hardware",
    "modelled_curve",
    "serve_gateway",
    "usual_switches",
]
