"""A workbench with a provisioning file, and the tenant at EnerKey that it is about."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.configuration.sites import Site
from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.enerkey import (
    SIMULATED_KEY_A,
    SIMULATED_PARTNER_KEY,
    SIMULATED_TENANT_KEY_A,
    EnerKeySimulator,
    Fault,
    Faults,
    Profile,
    Switches,
    profile,
)
from energy_pipeline.simulators.server import serve
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock
from energy_pipeline_tests.sinks.enerkey.provisioning.files import customer
from energy_pipeline_tests.steps.benches import a_site, open_bench
from energy_pipeline_tests.steps.uploading import METERS, NOW

FIVE = [customer(f"C-{n}") for n in range(1, 6)]


@dataclass
class Tenancy:
    """The installation of a partner."""

    bench: Workbench
    simulator: EnerKeySimulator
    file: Path
    told: dict[str, Any] = field(
        default_factory=lambda: {
            "complete": True,
            "existing_customers": 0,
            "product_codes": ["1000", "1001"],
        }
    )

    def write(
        self,
        customers: Sequence[Mapping[str, Any]] = FIVE,
        facilities: Sequence[Mapping[str, Any]] = (),
        **told: Any,
    ) -> None:
        """Write the provisioning file; JSON is YAML."""
        whole = {**self.told, "customers": customers, "facilities": facilities, **told}
        self.file.write_text(json.dumps(whole, ensure_ascii=False))

    @property
    def clock(self) -> ServerClock:
        assert isinstance(self.bench.clock, ServerClock)
        return self.bench.clock

    def operations(self) -> list[tuple[str | None, int | None]]:
        return [(record.operation, record.status) for record in self.simulator.requests]


@contextmanager
def tenancy(
    folder: Path,
    sites: Sequence[Site] = (),
    *,
    faults: Sequence[Fault] = (),
    given: Profile | None = None,
    settings: Mapping[str, str] | None = None,
    **switches: Any,
) -> Iterator[Tenancy]:
    """Open a workbench and the EnerKey that it talks to; C-1 has the profile of the key in use."""
    simulator = EnerKeySimulator(
        given or profile(METERS, customer="C-1"),
        VirtualClock(NOW, fixed=True),
        Switches(**switches),
        Faults(faults),
    )
    with serve(simulator.app) as server:
        environ = {
            "ENERKEY_BASE_URL": server.base_url,
            "ENERKEY_API_KEY_A": SIMULATED_KEY_A,
            "ENERKEY_TENANT_KEY_A": SIMULATED_TENANT_KEY_A,
            "ENERKEY_PARTNER_KEY_A": SIMULATED_PARTNER_KEY,
            "ENERKEY_REQUESTS_PER_SECOND": "1000",
            "ENERGY_PROVISIONING_FILE": str(folder / "provisioning.yaml"),
            **(settings or {}),
        }
        known = load_settings(environ, None)
        bench = open_bench(folder, sites or [a_site()], NOW, settings=known)
        clocked = replace(bench, clock=ServerClock(simulator.clock))
        try:
            yield Tenancy(clocked, simulator, folder / "provisioning.yaml")
        finally:
            bench.state.close()
