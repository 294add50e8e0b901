"""Every microinverter's energy and power, in both dialects."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import RequestRefused, SchemaSurprise
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.sources.enlighten.inverters import Inverter, inverters
from energy_pipeline.sources.enlighten.v2 import wire as v2
from energy_pipeline.sources.enlighten.v4 import wire as v4
from energy_pipeline_tests.sources.enlighten.served import NOTHING, Said, house, served


def micro(serial: str, **members: Any) -> dict[str, Any]:
    whole = {
        "id": 501,
        "serial_number": serial,
        "model": "IQ7",
        "status": "normal",
        "power_produced": {"value": 91, "units": "W", "precision": 0},
        "energy": {"value": 4200, "units": "Wh", "precision": 0},
        "envoy_serial_number": "1219",
        "grid_profile": "EN 50549",
        "last_report_date": 1717243200,
    }
    return whole | members


def read(*micros: dict[str, Any], paged: bool = False) -> list[Inverter]:
    said = Said([{"signal_strength": 5, "micro_inverters": list(micros)}])
    return asyncio.run(inverters(said, v4.SYSTEMS, 67, paged=paged))


def test_a_micro_is_read_with_units_and_instants() -> None:
    (found,) = read(micro("1", new_member={"a": 1}))
    assert (found.serial, found.gateway_serial, found.status) == ("1", "1219", "normal")
    assert (found.power_w, found.energy_wh) == (91, 4200)
    assert found.last_report_at == datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_a_micro_of_2021_had_a_plain_power_and_a_written_date() -> None:
    energy = {"value": 3600, "units": "kJ", "precision": 0}
    date = "2021-11-19T16:40:00-08:00"
    (found,) = read(micro("1", power_produced=12, energy=energy, last_report_date=date))
    assert (found.power_w, found.energy_wh) == (12, pytest.approx(1000))
    assert found.last_report_at == datetime(2021, 11, 20, 0, 40, tzinfo=UTC)


def test_a_micro_that_never_reported_has_neither_power_nor_date() -> None:
    (found,) = read(micro("1", power_produced=None, last_report_date=None, serial_number=1))
    assert (found.serial, found.power_w, found.last_report_at) == ("1", None, None)


@pytest.mark.parametrize("body", [[], [{}], [{"micro_inverters": None}], NOTHING])
def test_no_micros_are_an_empty_list(body: Any) -> None:
    assert asyncio.run(inverters(Said(body), v2.SYSTEMS, 67, paged=False)) == []


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = (
        r"^GET /api/v4/systems/inverters_summary_by_envoy_or_site: "
        r"\[0\]\.micro_inverters\[1\]\.energy: found \{'value': 1, 'units': 'J'\}"
    )
    with pytest.raises(SchemaSurprise, match=told):
        read(micro("1"), micro("2", energy={"value": 1, "units": "J"}))


def test_pages_are_asked_for_until_one_is_not_full() -> None:
    first = [{"micro_inverters": [micro(f"a{n}") for n in range(100)]}]
    last = [{"micro_inverters": [micro("b")]}]
    said = Said(first, last)
    assert len(asyncio.run(inverters(said, v4.SYSTEMS, 67, paged=True))) == 101
    assert [params["page"] for _, params in said.asked] == ["1", "2"]


def test_a_service_without_pages_is_not_asked_for_ever() -> None:
    said = Said([{"micro_inverters": [micro(f"a{n}") for n in range(100)]}])
    assert len(asyncio.run(inverters(said, v4.SYSTEMS, 67, paged=True))) == 100
    assert len(said.asked) == 2


@pytest.mark.parametrize("docs", ["2023", "2026"])
def test_both_dialects_give_the_same_micros(tmp_path: Path, docs: Any) -> None:
    with served(tmp_path, house(micros=16), switches=Switches(docs=docs)) as cloud:
        old = cloud.ask_v2(lambda ask: inverters(ask, v2.SYSTEMS, 67, paged=False))
        new = cloud.ask_v4(lambda ask: inverters(ask, v4.SYSTEMS, 67, paged=True))
        assert cloud.sim.hits == 2
    assert len(old) == 16
    assert old == new
    assert all((each.power_w or 0) > 0 and (each.energy_wh or 0) > 0 for each in old)


def test_an_unknown_site_is_refused_in_both_dialects(tmp_path: Path) -> None:
    with served(tmp_path) as cloud:
        with pytest.raises(RequestRefused, match="Couldn't find Site"):
            cloud.ask_v2(lambda ask: inverters(ask, v2.SYSTEMS, 5, paged=False))
        with pytest.raises(RequestRefused, match="Couldn't find Site"):
            cloud.ask_v4(lambda ask: inverters(ask, v4.SYSTEMS, 5, paged=True))
