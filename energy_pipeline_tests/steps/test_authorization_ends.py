"""When a person is told that an owner's refresh token ends unused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from energy_pipeline.defs.key_checks import authorizations_hold
from energy_pipeline.defs.resources import WorkbenchResource
from energy_pipeline.sources.enlighten.oauth.store import Holder
from energy_pipeline.sources.enlighten.oauth.tokens import OwnerTokens
from energy_pipeline.steps.authorization_standing import ending_authorizations
from energy_pipeline.steps.enlighten_authorization import application_of, authorization_store
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.steps.cloudside import Place, entry, house, place

NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
REFRESH = "refresh-token-51c7"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    """A site of an owner without a name, one of the owner aunt, and one of v2."""
    systems = [house(67), house(68), house(69)]
    of_aunt = {"api": "v4", "system_id": 68, "owner": "aunt"}
    sites = [
        entry(systems[0], api="v4"),
        entry(systems[1], api="v4", enlighten=of_aunt),
        entry(systems[2]),
    ]
    with place(tmp_path, sites, systems, NOW) as here:
        yield here


def keep(here: Place, days: float, owner: str = "aunt") -> Holder:
    """Keep tokens that end so many days from now."""
    holder = Holder(application_of(here.bench.settings).account, owner)
    until = here.clock.now() + timedelta(days=days)
    refresh = SecretStr(REFRESH)
    tokens = OwnerTokens(SecretStr("access"), NOW, refresh, until, None, NOW)
    authorization_store(here.bench).keep(holder, tokens)
    return holder


@pytest.mark.parametrize(
    ("days", "told", "is_urgent"),
    [
        (7.01, None, False),
        (7, "ends at 2024-07-08 12:00 UTC, in 7 days or less", False),
        (1.01, "in 7 days or less", False),
        (1, "in a day or less", True),
        (0, "is over since 2024-07-01", True),
    ],
)
def test_steps_of_the_warning(here: Place, days: float, told: str | None, is_urgent: bool) -> None:
    keep(here, days)
    found = ending_authorizations(here.bench)

    assert [each.is_urgent for each in found] == ([is_urgent] if told else [])
    for each in found:
        assert told is not None
        assert told in each.told
        assert each.told.endswith("run `energy-pipeline enlighten authorize --owner aunt`")
        assert REFRESH not in each.told


def test_one_that_is_refused_is_told_at_once(here: Place) -> None:
    holder = keep(here, 20)
    authorization_store(here.bench).refuse(holder, "was used up elsewhere")
    (found,) = ending_authorizations(here.bench)

    assert found.is_urgent
    assert found.told.startswith("authorization of owner aunt: was used up elsewhere; run `")


def test_what_nobody_has_granted_yet_is_for_the_fetch_to_tell(here: Place) -> None:
    assert ending_authorizations(here.bench) == []


def test_a_renewal_ends_the_warning(here: Place) -> None:
    keep(here, 5, owner="")
    keep(here, 25)
    assert ending_authorizations(here.bench) == []  # the token of the environment is unused yet
    here.fetch_systems()
    here.clock.advance(29 * 86_400)
    assert {each.whose for each in ending_authorizations(here.bench)} == {
        "authorization",
        "authorization of owner aunt",
    }


def test_the_check_shows_it(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    class Resource(WorkbenchResource):
        def clock(self) -> ManualClock:
            return here.clock

    for name, value in here.environ.items():
        monkeypatch.setenv(name, value)
    keep(here, 3)
    defs = dg.Definitions(asset_checks=[authorizations_hold], resources={"workbench": Resource()})
    job = defs.resolve_implicit_global_asset_job_def()
    [found] = job.execute_in_process().get_asset_check_evaluations()

    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "in 7 days or less" in str(found.description)
