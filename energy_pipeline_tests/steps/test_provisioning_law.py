"""Whatever is sent, lost, refused or half done: nobody goes missing whom the run does not name."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.configuration.environment import load_settings
from energy_pipeline.errors import EnergyPipelineError, NotFound, QuotaSpent
from energy_pipeline.sinks.enerkey.connection import Connection, Sent
from energy_pipeline.sinks.enerkey.outcome import Outcome, Verdict
from energy_pipeline.sinks.enerkey.provisioning.answers import RunStatus
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Snapshot
from energy_pipeline.steps import provisioning as module
from energy_pipeline.steps.provisioning import Confirmed, plan_snapshot, provision, read_file
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.sinks.enerkey.provisioning.files import customer
from energy_pipeline_tests.steps.benches import a_site, open_bench
from energy_pipeline_tests.steps.uploading import NOW

Fate = str
TAKEN = (
    "completed",
    "with_errors",
    "with_errors, none deleted",
    "failed",
    "taken, answer lost",
    "taken, then the process dies",
)
REFUSED: dict[Fate, Verdict] = {
    "refused": "refused",
    "limited": "limited",
    "denied": "denied",
    "not sent": "not_sent",
    "lost": "unknown",
}
NEVER_TAKEN = (*REFUSED, "no request left")


class Death(BaseException):
    """The process is gone."""


@dataclass
class Tenant:
    """An EnerKey that does to a snapshot what is next on its list, and deletes what one lacks."""

    fates: Iterator[Fate] = field(default_factory=lambda: iter(()))
    named: frozenset[str] = frozenset()
    there: set[str] = field(default_factory=set[str])
    ends: list[tuple[bytes, RunStatus]] = field(default_factory=list[tuple[bytes, RunStatus]])
    is_dying: bool = False

    def __call__(self, _connection: Connection) -> "Tenant":
        return self

    async def send(self, snapshot: Snapshot) -> Sent:
        fate = next(self.fates, "completed")
        if fate == "no request left":
            raise QuotaSpent("EnerKey", "day", 1, NOW)
        if fate in REFUSED:
            return Sent(Outcome(REFUSED[fate], fate))
        if self.ends and self.ends[-1][0] == snapshot.body and self.ends[-1][1].state != "failed":
            return self._ticket(208)
        self._take(snapshot, fate)
        self.is_dying = fate == "taken, then the process dies"
        return Sent(Outcome("unknown", fate)) if "lost" in fate else self._ticket(202)

    def _take(self, snapshot: Snapshot, fate: Fate) -> None:
        ids = [each["externalCustomerId"] for each in snapshot.objects()]
        lost = self.there - set(ids)
        assert lost <= self.named, f"{sorted(lost - self.named)} lost, {sorted(self.named)} named"
        word = fate.partition(",")[0]
        state: Any = word if word in ("with_errors", "failed") else "completed"
        if state != "failed":
            kept = self.there if "none deleted" in fate else self.there - lost
            self.there = {*kept, *(ids[:-1] if state == "with_errors" else ids)}
        self.ends.append((snapshot.body, RunStatus(state, state)))

    def _ticket(self, status: int) -> Sent:
        answer = httpx.Response(status, json={"id": str(len(self.ends))})
        return Sent(Outcome("accepted", "", status), answer)

    async def status(self, run_id: str) -> RunStatus:
        if int(run_id) > len(self.ends):
            raise NotFound("no such run", request="GET status")
        return self.ends[int(run_id) - 1][1]


class TenantClock(ManualClock):
    """Kills the process at its first wait for an import, where its tenant wants it."""

    tenant: Tenant

    async def sleep(self, seconds: float) -> None:
        if self.tenant.is_dying:
            self.tenant.is_dying = False
            raise Death
        await super().sleep(seconds)


@dataclass(frozen=True)
class Step:
    """A run: the customers in the file, those that it may delete, and what EnerKey does."""

    ids: frozenset[str]
    named: frozenset[str]
    has_seen_plan: bool
    fates: tuple[Fate, ...]


MANY = frozenset({"C-0", "C-1", "C-2"})
IDS = st.sampled_from([f"C-{n}" for n in range(5)])
LOST = st.sampled_from(["taken, answer lost", "lost"])
STEPS = st.builds(
    Step,
    st.frozensets(st.sampled_from(["C-3", "C-4"])).map(MANY.union) | st.frozensets(IDS),
    st.just(frozenset[str]()) | st.frozensets(IDS),
    st.booleans(),
    st.tuples(st.sampled_from(TAKEN))
    | st.tuples(LOST, st.sampled_from(NEVER_TAKEN))
    | st.tuples(st.sampled_from([*TAKEN, *NEVER_TAKEN]), st.sampled_from([*TAKEN, *NEVER_TAKEN])),
)
NUMBERS = count()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder: Path = tmp_path_factory.mktemp("tenant")
    environ = {
        "ENERKEY_TENANT_KEY_A": "a",
        "ENERGY_PROVISIONING_FILE": str(folder / "provisioning.yaml"),
    }
    opened = open_bench(folder, [a_site()], NOW, settings=load_settings(environ, None))
    yield opened
    opened.state.close()


@settings(max_examples=50)
@given(steps=st.lists(STEPS, min_size=3, max_size=6))
def test_nobody_is_deleted_whom_no_run_names(bench: Workbench, steps: list[Step]) -> None:
    tenant, clock = Tenant(), TenantClock(NOW)
    clock.tenant = tenant
    elsewhere = {"enerkey_base_url": f"http://127.0.0.1:1/{next(NUMBERS)}"}
    own = replace(bench, clock=clock, settings=bench.settings.model_copy(update=elsewhere))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TenantClient", tenant)
        for step in steps:
            whole = {
                "complete": True,
                "existing_customers": 0,
                "product_codes": ["1000"],
                "customers": [customer(id) for id in sorted(step.ids)],
            }
            own.settings.energy_provisioning_file.write_text(json.dumps(whole))
            plan = plan_snapshot(own, "customers", read_file(own)).plan
            tenant.named, tenant.fates = step.named, iter(step.fates)
            confirmed = Confirmed(step.named, plan.hash if step.has_seen_plan else None)
            with contextlib.suppress(EnergyPipelineError, Death):
                provision(own, "customers", confirmed)
