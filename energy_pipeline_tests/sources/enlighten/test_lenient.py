"""The ways in which Enlighten writes one and the same thing."""

from datetime import UTC, datetime
from typing import Annotated

import orjson
import pytest
from pydantic import Field, RootModel

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.sources.enlighten.bodies import Body, Meta, read_body
from energy_pipeline.sources.enlighten.lenient import (
    SERIAL,
    EnergyWh,
    Figure,
    Flag,
    Instant,
    Label,
    OneList,
    PowerW,
)


class Sample(Body):
    at: Instant = None
    serial: Label = SERIAL
    active: Flag = None
    power_w: PowerW = None
    energy_wh: EnergyWh = None
    lifetime: Figure = None
    metas: Annotated[list[Meta], OneList] = Field(default_factory=list)


def read(**members: object) -> Sample:
    return read_body(Sample, orjson.dumps(members), "GET /x")


@pytest.mark.parametrize(
    "written",
    [
        1781121600,
        "1781121600",
        "2026-06-10T20:00:00+00:00",
        "2026-06-10T14:00:00-06:00",
        "2026-06-10 16:00:00 -0400",
    ],
)
def test_an_instant_is_read_in_utc_however_it_is_written(written: object) -> None:
    found = read(at=written).at
    assert found == datetime(2026, 6, 10, 20, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_instant_is_none(nothing: object) -> None:
    assert read(at=nothing).at is None


@pytest.mark.parametrize(
    "written", ["soon", "2026-06-10", "2026-06-10T20:00:00", -1, 1.5, True, 1781121672556, [1]]
)
def test_what_is_no_instant_is_a_surprise_with_its_place(written: object) -> None:
    with pytest.raises(SchemaSurprise, match=r"^GET /x: at: found .*allowed: "):
        read(at=written)


@pytest.mark.parametrize("name", ["serial_number", "serial_num", "sn"])
def test_a_serial_number_has_three_names_and_may_be_a_number(name: str) -> None:
    assert read(**{name: "122"}).serial == "122"
    assert read(**{name: 122}).serial == "122"
    assert read(**{name: ""}).serial is None


@pytest.mark.parametrize(
    ("written", "flag"), [(True, True), ("true", True), ("false", False), (None, None)]
)
def test_a_flag_may_be_a_text(written: object, flag: bool | None) -> None:
    assert read(active=written).active is flag


@pytest.mark.parametrize(
    ("written", "watts"),
    [(187, 187), ({"value": 187, "units": "W", "precision": 0}, 187), (None, None)],
)
def test_a_power_may_be_plain_or_an_object(written: object, watts: float | None) -> None:
    assert read(power_w=written).power_w == watts


@pytest.mark.parametrize(
    ("written", "wh"),
    [
        ({"value": 360, "units": "kJ", "precision": 0}, pytest.approx(100)),
        ({"value": 2, "units": "kWh"}, 2000),
        ({"value": 5}, 5),
        ({"value": None, "units": "Wh"}, None),
    ],
)
def test_an_energy_is_read_in_its_unit(written: object, wh: object) -> None:
    assert read(energy_wh=written).energy_wh == wh


@pytest.mark.parametrize("written", [{"value": 1, "units": "BTU"}, {"value": "1", "units": "Wh"}])
def test_an_energy_in_an_unknown_unit_is_a_surprise(written: object) -> None:
    with pytest.raises(SchemaSurprise, match=r"energy_wh: found .*allowed: a number with units Wh"):
        read(energy_wh=written)


def test_a_frozen_figure_is_none_and_zero_is_not() -> None:
    assert read(lifetime=-1).lifetime is None
    assert read(lifetime=0).lifetime == 0


@pytest.mark.parametrize(
    ("written", "statuses"),
    [
        (None, []),
        ([], []),
        ({"status": "a"}, ["a"]),
        ([{"status": "a"}, {"status": "b"}], ["a", "b"]),
        ([[{"status": "a"}], [{"status": "b"}], []], ["a", "b"]),
    ],
)
def test_lists_come_null_alone_and_nested(written: object, statuses: list[str]) -> None:
    assert [meta.status for meta in read(metas=written).metas] == statuses


def test_a_surprise_in_a_list_names_its_place() -> None:
    with pytest.raises(SchemaSurprise, match=r"^GET /x: metas\[1\]\.status: found 3;"):
        read(metas=[{}, {"status": 3}])
    with pytest.raises(SchemaSurprise, match=r"^GET /x: \[1\]\.status: found 3;"):
        read_body(RootModel[list[Meta]], b'[{}, {"status": 3}]', "GET /x")


def test_what_is_no_number_is_a_surprise() -> None:
    with pytest.raises(SchemaSurprise, match="lifetime: found nan"):
        read_body(Sample, b'{"lifetime": NaN}', "GET /x")
