"""One system and searched systems in dialect v4."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from energy_pipeline.errors import NotFound, RequestRefused, SchemaSurprise
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.sources.enlighten.v4.search import FoundSystem, search, system
from energy_pipeline_tests.sources.enlighten.served import Said, house, served

SYSTEM = {
    "system_id": 67,
    "name": "House",
    "timezone": "Europe/Helsinki",
    "address": {"state": "U", "country": "FI", "postal_code": 100},
    "energy_lifetime": -1,
    "energy_today": -1,
    "system_size": -1,
    "status": "normal",
    "last_report_at": None,
    "operational_at": None,
    "interconnect_date": "2024-05-01",
    "unheard": [],
}


class Posted:
    """Answers with pages, the last one for ever, and keeps what was posted."""

    def __init__(self, *pages: list[Any]) -> None:
        self._pages = list(pages)
        self.posted: list[tuple[str, Any, Any]] = []

    async def __call__(
        self, path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
    ) -> httpx.Response:
        self.posted.append((path, body, params))
        page = self._pages.pop(0) if len(self._pages) > 1 else self._pages[0]
        return httpx.Response(200, content=orjson.dumps({"total": 1, "systems": page}))


def read(body: Any) -> FoundSystem | None:
    return asyncio.run(system(Said(body), 67))


def test_a_system_without_figures_and_reports() -> None:
    found = read(SYSTEM)
    assert found is not None
    assert (found.system_id, found.timezone) == (67, "Europe/Helsinki")
    assert (found.energy_lifetime_wh, found.energy_today_wh, found.size_w) == (None, None, None)
    assert (found.last_report_at, found.operational_at) == (None, None)
    assert found.address is not None
    assert (found.address.city, found.address.postal_code) == (None, "100")


def test_a_surprise_names_endpoint_place_and_value() -> None:
    with pytest.raises(SchemaSurprise, match=r"^GET /api/v4/systems/67: timezone: found 2"):
        read(SYSTEM | {"timezone": 2})
    with pytest.raises(
        SchemaSurprise, match=r"^POST /api/v4/systems/search: systems\[0\]\.system_id"
    ):
        asyncio.run(search(Posted([{}])))


def test_only_what_is_wanted_is_searched_for() -> None:
    posted = Posted([SYSTEM])
    (found,) = asyncio.run(search(posted, ids=[67], statuses=["comm"]))
    assert found.system_id == 67
    [(path, body, _)] = posted.posted
    assert path == "/api/v4/systems/search"
    assert body == {"system": {"ids": [67], "statuses": ["comm"]}}


def test_pages_end_with_one_that_is_not_full_or_brings_nothing_new() -> None:
    full = [SYSTEM | {"system_id": number} for number in range(1000)]
    posted = Posted(full, [SYSTEM | {"system_id": 5000}])
    assert len(asyncio.run(search(posted))) == 1001
    again = Posted(full)
    assert len(asyncio.run(search(again))) == 1000
    assert len(again.posted) == 2


@pytest.mark.parametrize("figures", ["frozen", "real"])
@pytest.mark.parametrize("date", ["null", "date", "epoch"])
def test_served_systems(tmp_path: Path, figures: Any, date: Any) -> None:
    switches = Switches(list_figures=figures, interconnect_date=date)
    with served(tmp_path, house(), house(68), switches=switches) as cloud:
        one = cloud.ask_v4(lambda ask: system(ask, 67))
        found = cloud.connect_v4(lambda connection: search(connection.post, ids=[67, 68]))
        assert cloud.connect_v4(lambda c: search(c.post, statuses=["comm"])) == []
        with pytest.raises(NotFound, match="System not found"):
            cloud.ask_v4(lambda ask: system(ask, 5))
        with pytest.raises(RequestRefused):
            cloud.connect_v4(lambda connection: search(connection.post, statuses=["fine"]))
    assert one is not None
    assert [each.system_id for each in found] == [67, 68]
    assert (one.energy_lifetime_wh is None) == (figures == "frozen")
