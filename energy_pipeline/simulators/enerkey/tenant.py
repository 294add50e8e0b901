"""The tenant: the partner's space that holds the customers, with keys of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from energy_pipeline.simulators.enerkey.profile import Key

SIMULATED_TENANT_KEY_A = "simulated-enerkey-tenant-key-a"
SIMULATED_TENANT_KEY_B = "simulated-enerkey-tenant-key-b"
SIMULATED_PARTNER_KEY = "simulated-enerkey-partner-key"

DEFAULT_KEYS = (
    Key("tenant A", SIMULATED_TENANT_KEY_A, scopes=frozenset({"tenant"})),
    Key("tenant B", SIMULATED_TENANT_KEY_B, scopes=frozenset({"tenant"})),
    Key("partner", SIMULATED_PARTNER_KEY, scopes=frozenset({"partner"})),
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A partner's space as a simulation begins.

    Attributes:
        customers: what exists from the start, as a snapshot would have given it.
        keys: of the tenant and of the partner.
        product_codes: the service packages that there are.
    """

    customers: tuple[Mapping[str, object], ...] = ()
    keys: tuple[Key, ...] = DEFAULT_KEYS
    product_codes: frozenset[str] = frozenset({"1000", "1001"})
