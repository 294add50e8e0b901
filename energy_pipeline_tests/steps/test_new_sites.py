"""What becomes of listed systems: when an entry begins, and which get none."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from energy_pipeline.configuration.site_entries import Access
from energy_pipeline.configuration.sites import Registry
from energy_pipeline.sources.enlighten.bodies import ListedSystem, Meta
from energy_pipeline.steps.new_sites import new_sites, seen_systems
from energy_pipeline.workbench import Workbench, open_workbench
from energy_pipeline_tests.clocks import ManualClock

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
NONE = Registry(sites=())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    environ = {"ENERGY_DATA_URI": str(tmp_path), "ENERGY_FIRST_DAY": "2020-03-01"}
    with open_workbench(environ=environ, clock=ManualClock(NOW), registry=NONE) as bench:
        yield bench


def listed(name: str | None = "House", number: int = 7, operational: datetime | None = None):
    at = int(operational.timestamp()) if operational else None
    meta = Meta(operational_at=at)
    return ListedSystem(system_id=number, system_name=name, timezone="US/Pacific", meta=meta)


@pytest.mark.parametrize(
    ("api", "operational", "start"),
    [
        ("v2", datetime(2021, 3, 4, 23, 30, tzinfo=UTC), date(2021, 3, 4)),
        ("v2", datetime(2015, 3, 4, tzinfo=UTC), date(2020, 3, 1)),
        ("v4", datetime(2021, 3, 4, tzinfo=UTC), date(2024, 6, 11)),
        ("v4", datetime(2025, 3, 4, tzinfo=UTC), date(2025, 3, 4)),
        ("v4", None, date(2026, 6, 10)),
    ],
)
def test_an_entry_begins_where_there_can_be_data(
    bench: Workbench, api, operational: datetime | None, start: date
):
    (site,) = new_sites(seen_systems(bench, Access(api), [listed(operational=operational)], NONE))
    assert site.start == start


def test_names_zones_and_ids(bench: Workbench):
    found = [listed(), listed(number=8), listed(None, 9), listed("Far", 10)]
    found[-1] = found[-1].model_copy(update={"timezone": "Mars/Olympus"})
    seen = seen_systems(bench, Access("v4"), found, NONE)
    assert [site.id for site in new_sites(seen)] == ["house", "house-2", "system-9"]
    assert [site.name for site in new_sites(seen)] == ["House", "House", "System 9"]
    assert seen[-1].remark == "no entry: Mars/Olympus is no time zone of the IANA database"
