"""Production phase by phase, in both dialects."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.calendar import Days, Span
from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.sources.enlighten.phases import Phase, phases
from energy_pipeline.sources.enlighten.v2 import wire as v2
from energy_pipeline.sources.enlighten.v4 import wire as v4
from energy_pipeline_tests.sources.enlighten.served import NOON, NOTHING, Said, house, served

DAY = Days(NOON.date(), NOON.date()).span
END = 1717243200


def quarter(channel: int, number: int, **members: Any) -> dict[str, Any]:
    whole = {"channel": channel, "end_at": END + 900 * number, "wh_del": 10.0, "curr_w": 40}
    return whole | members


def read(*quarters: dict[str, Any]) -> list[Phase]:
    meter = {"meter_serial_number": "m", "envoy_serial_number": "e", "intervals": list(quarters)}
    return asyncio.run(phases(Said({"meter_intervals": [meter]}), v4.SYSTEMS, 67, DAY))


def test_a_phase_is_the_sum_of_its_quarters_and_its_last_power() -> None:
    found = read(
        quarter(1, 0),
        quarter(1, 1, wh_del=0.9999999999995, curr_w=-1),
        quarter(2, 0),
        quarter(2, 1, wh_del=None, curr_w=None),
        quarter(3, 0, wh_del=None, curr_w=None),
    )
    at = datetime(2024, 6, 1, 12, tzinfo=UTC)
    assert found == [
        Phase("m", 1, pytest.approx(11), -1, at.replace(minute=15)),
        Phase("m", 2, 10, 40, at),
    ]


@pytest.mark.parametrize("body", [{}, {"meter_intervals": []}, {"meter_intervals": None}, NOTHING])
def test_without_a_meter_there_are_no_phases(body: Any) -> None:
    assert asyncio.run(phases(Said(body), v2.SYSTEMS, 67, DAY)) == []


def test_a_surprise_names_endpoint_place_and_value() -> None:
    told = r"rgm_stats: meter_intervals\[0\]\.intervals\[1\]\.wh_del: found 'x'"
    with pytest.raises(SchemaSurprise, match=told):
        read(quarter(1, 0), quarter(1, 1, wh_del="x"))


@pytest.mark.parametrize("faults", [{}, {"null_newest_channels": True}, {"float_residue": True}])
def test_both_dialects_give_the_same_phases(tmp_path: Path, faults: dict[str, Any]) -> None:
    until_now = Span(DAY.start, NOON)
    with served(tmp_path, faults=Faults(late_share=0, **faults)) as cloud:
        old = cloud.ask_v2(lambda ask: phases(ask, v2.SYSTEMS, 67, until_now))
        new = cloud.ask_v4(lambda ask: phases(ask, v4.SYSTEMS, 67, until_now))
    assert old == new
    assert [phase.phase for phase in old] == [1, 2]
    assert all(phase.energy_wh > 0 for phase in old)


def test_a_site_without_a_meter(tmp_path: Path) -> None:
    with served(tmp_path, house(measured_by="micro")) as cloud:
        assert cloud.ask_v4(lambda ask: phases(ask, v4.SYSTEMS, 67, DAY)) == []
