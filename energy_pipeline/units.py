"""Energy units: the only place with factors of a thousand.

Energy is in Wh inside. EnerKey takes a meter's own unit (`Wh`, `kWh`, `MWh`), six decimals,
half to even. A unit's text decides by letter case: `mWh` and `Mwh` are refused, not guessed.
"""

from decimal import Decimal
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

EnergyUnit = Literal["Wh", "kWh", "MWh"]
ENERGY_UNITS: tuple[EnergyUnit, ...] = get_args(EnergyUnit)

WH_PER_UNIT: dict[EnergyUnit, int] = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000}
_UNIT_PER_WH: dict[EnergyUnit, Decimal] = {
    "Wh": Decimal(1),
    "kWh": Decimal("0.001"),
    "MWh": Decimal("0.000001"),
}

PUSHED_DECIMALS = 6
# Doubles become decimals with nano-Wh first: noise of the binary form must not decide a tie.
_EXACT_WH = pa.decimal128(28, 9)


def parse_unit(text: str) -> EnergyUnit | None:
    """Return the energy unit that `text` names, or None when it names none of ours.

    `kwh` and `KWH` are kWh (no other unit could be meant); `mwh` in any other case than `MWh` is
    nobody's guess to make.
    """
    plain = text.strip()
    for unit in ENERGY_UNITS:
        if plain == unit:
            return unit
    unmistakable: dict[str, EnergyUnit] = {"wh": "Wh", "kwh": "kWh"}
    return unmistakable.get(plain.lower())


def wh_to_unit(energy_wh: pa.Array, unit: EnergyUnit) -> pa.Array:
    """Convert Wh (double) to `unit` as decimals with six places, rounded half to even.

    Exact for values of whole mWh up to 1 GWh, beyond which a double cannot tell mWh apart.
    """
    exact = pc.round(energy_wh, ndigits=9).cast(_EXACT_WH, safe=False)
    factor = pa.scalar(_UNIT_PER_WH[unit], pa.decimal128(7, 6))
    rounded = pc.round(
        pc.multiply(exact, factor), ndigits=PUSHED_DECIMALS, round_mode="half_to_even"
    )
    return rounded.cast(pa.decimal128(38, PUSHED_DECIMALS))


def unit_to_wh(value: float, unit: EnergyUnit) -> float:
    """Convert a value in `unit` to Wh."""
    return value * WH_PER_UNIT[unit]
