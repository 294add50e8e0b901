"""A stand-in of the EnerKey API, every operation of it.

Faithful where the vendor's public text speaks, strict where it is silent, switchable everywhere.
"""

from energy_pipeline.simulators.enerkey.faults import Fault, Faults, chaos
from energy_pipeline.simulators.enerkey.journal import RequestRecord
from energy_pipeline.simulators.enerkey.profile import (
    SIMULATED_KEY_A,
    SIMULATED_KEY_B,
    Facility,
    Key,
    Meter,
    Profile,
    Quantity,
    profile,
)
from energy_pipeline.simulators.enerkey.simulator import EnerKeySimulator
from energy_pipeline.simulators.enerkey.switches import Switches
from energy_pipeline.simulators.enerkey.tenant import (
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    SIMULATED_TENANT_KEY_B,
    Tenant,
)

__all__ = [
    "SIMULATED_KEY_A",
    "SIMULATED_KEY_B",
    "SIMULATED_PARTNER_KEY",
    "SIMULATED_TENANT_KEY_A",
    "SIMULATED_TENANT_KEY_B",
    "EnerKeySimulator",
    "Facility",
    "Fault",
    "Faults",
    "Key",
    "Meter",
    "Profile",
    "Quantity",
    "RequestRecord",
    "Switches",
    "Tenant",
    "chaos",
    "profile",
]
