from decimal import ROUND_HALF_EVEN, Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.units import (
    ENERGY_UNITS,
    WH_PER_UNIT,
    EnergyUnit,
    parse_unit,
    unit_to_wh,
    wh_to_unit,
)

units = st.sampled_from(ENERGY_UNITS)


@given(st.integers(-(10**12), 10**12), units)
def test_milliwatt_hours_convert_exactly_half_to_even(energy_mwh: int, unit: EnergyUnit) -> None:
    energy_wh = Decimal(energy_mwh) / 1000
    exact = energy_wh / WH_PER_UNIT[unit]

    [found] = wh_to_unit(pa.array([float(energy_wh)]), unit).to_pylist()

    assert found == exact.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def test_a_tie_goes_to_the_even_neighbour() -> None:
    found = wh_to_unit(pa.array([0.0005, 0.0015, -0.0005]), "kWh").to_pylist()

    assert found == [Decimal("0.000000"), Decimal("0.000002"), Decimal("0.000000")]


@given(st.integers(0, 10**12), units)
def test_back_and_forth_is_the_same_energy(energy_wh: int, unit: EnergyUnit) -> None:
    [value] = wh_to_unit(pa.array([float(energy_wh)]), unit).to_pylist()

    assert unit_to_wh(float(value), unit) == pytest.approx(energy_wh, abs=0.5, rel=1e-12)


def test_null_stays_null() -> None:
    assert wh_to_unit(pa.array([None], pa.float64()), "kWh").to_pylist() == [None]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("kWh", "kWh"),
        (" KWH ", "kWh"),
        ("wh", "Wh"),
        ("MWh", "MWh"),
        ("mWh", None),
        ("Mwh", None),
        ("kW", None),
        ("", None),
    ],
)
def test_only_unmistakable_texts_are_units(text: str, unit: EnergyUnit | None) -> None:
    assert parse_unit(text) == unit
