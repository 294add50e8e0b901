"""A site whose `system_id` was changed is not asked until a person says which days are whose."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from energy_pipeline.configuration.sites import Registry
from energy_pipeline.errors import NothingDone
from energy_pipeline_tests.steps.cloudside import Place, days, entry, house, place

JUNE = days(date(2024, 6, 1), 4)
MORE = days(date(2024, 6, 5), 2)
LATER = datetime(2024, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Generator[Place]:
    """Two houses, the days of which were fetched."""
    systems = [house(67), house(68), house(69)]
    with place(tmp_path, map(entry, systems[:2]), systems, LATER) as made:
        made.fetch(JUNE)
        yield made


def renumbered(here: Place, *, houses: int = 2) -> Place:
    """Let sites.yaml name system 69 for the first house."""
    first, *others = here.bench.registry.sites[:houses]
    assert first.enlighten is not None
    other = first.enlighten.model_copy(update={"system_id": 69})
    registry = Registry(sites=(first.model_copy(update={"enlighten": other}), *others))
    return replace(here, bench=replace(here.bench, registry=registry))


def test_nothing_is_asked_of_it_and_the_others_go_on(here: Place) -> None:
    report = renumbered(here).fetch(MORE)

    (failed,) = report.of("failed")
    assert failed.site == "house-67"
    assert "are of system 67, and sites.yaml names 69" in failed.reason
    assert report.hits_spent == len(MORE)
    assert set(here.rows()["system_id"]) == {67, 68}


def test_alone_it_is_an_error(here: Place) -> None:
    with pytest.raises(NothingDone, match=r"house-67: .* names 69"):
        renumbered(here, houses=1).fetch(MORE)


def test_force_says_from_which_day_on_it_is_the_other_one(here: Place) -> None:
    moved = renumbered(here)
    moved.fetch(days(JUNE.last, 1), force=True)
    assert moved.hits_of(MORE) == 2 * len(MORE)

    rows = here.rows()
    mine = rows[rows["site"] == "house-67"]
    first = mine.groupby("system_id")["end_at"].min()
    assert [str(at.date()) for at in first] == ["2024-06-01", "2024-06-04"]
    assert (mine[mine["system_id"] == 67]["end_at"] <= first.loc[69]).all()
