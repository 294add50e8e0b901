"""What a gateway is made of: identity, current transformers, phases, inverters, batteries."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Ct = Literal["production", "net-consumption", "total-consumption", "storage"]
"""What a current transformer measures. The last but one is a load-only installation."""
Stream = Literal[
    "production",
    "consumption",
    "grid_import",
    "grid_export",
    "battery_charge",
    "battery_discharge",
]
Kind = Literal[
    "non_metered", "production_only", "full_ct", "three_phase", "battery", "load_only", "no_ct"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

METER_IDS: dict[Ct, int] = {
    "production": 704643328,
    "net-consumption": 704643584,
    "total-consumption": 704643584,
    "storage": 704643840,
}
"""The `eid` of each meter; the two kinds of consumption are one meter, set up differently."""


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """One gateway and what hangs on it.

    Attributes:
        serial: twelve digits in nature; name of the certificate and audience of the tokens.
        part_number: as printed on the label.
        software: one letter and the firmware's version.
        timezone: IANA zone; decides midnight and the nightly outage.
        is_metered: it has a meter chip (`imeter`).
        cts: which current transformers are enabled.
        phases: phases that the transformers measure: 1, 2 (split phase) or 3.
        inverters: how many.
        inverter_period_s: seconds between two reports of an inverter.
        inverter_rated_w: most that one inverter gives.
        inverters_over_ct: energy by the inverters for each watt-hour of the production meter.
        inverter_opening_wh: lifetime energy of each inverter at the start of the model.
        store_period_s: length of the stored intervals: 300 or 900.
        standby_w: what the inverters take from the grid at night.
        batteries: how many, of 5 kWh each.
        openings_wh: delivered and received energy of every meter at the start of the model.
    """

    serial: str = "122000000001"
    part_number: str = "800-00654-r08"
    software: str = "D8.2.4345"
    timezone: str = "Europe/Amsterdam"
    is_metered: bool = True
    cts: tuple[Ct, ...] = ("production", "net-consumption")
    phases: int = 1
    inverters: int = 12
    inverter_period_s: int = 900
    inverter_rated_w: int = 366
    inverters_over_ct: float = 1.0125
    inverter_opening_wh: int = 820_000
    store_period_s: int = 900
    standby_w: float = 4.0
    batteries: int = 0
    openings_wh: tuple[float, float] = (2_500_000.0, 1_500.0)

    def __post_init__(self) -> None:
        if not (self.serial.isascii() and self.serial.isalnum()):
            raise ValueError(f"serial: found {self.serial!r}; allowed: letters and digits")
        if self.phases not in (1, 2, 3):
            raise ValueError(f"phases: found {self.phases}; allowed: 1, 2, 3")
        if {"net-consumption", "total-consumption"} <= set(self.cts):
            raise ValueError("cts: the consumption meter is either of the net or of the load")

    @property
    def phase_mode(self) -> str:
        """The vendor's word; one measured phase of three is the European single-phase house."""
        return "split" if self.phases == 2 else "three"

    @property
    def version(self) -> tuple[int, ...]:
        """The firmware as numbers."""
        return tuple(int(part) for part in self.software[1:].split("."))


def hardware(kind: Kind, serial: str = "122000000001", **changes: Any) -> Hardware:  # noqa: ANN401
    """Return the hardware of a usual kind of site.

    Args:
        kind: which transformers it has.
        serial: of the gateway.
        changes: members of `Hardware` that are to be otherwise.
    """
    return replace(_USUAL[kind], serial=serial, **changes)


_USUAL: dict[Kind, Hardware] = {
    "non_metered": Hardware(
        part_number="800-00656-r06",
        software="D7.6.175",
        is_metered=False,
        cts=(),
        inverters=24,
        inverters_over_ct=1.0,
        inverter_period_s=300,
    ),
    "production_only": Hardware(cts=("production",), software="D8.3.5289"),
    "full_ct": Hardware(),
    "three_phase": Hardware(software="D7.6.175", phases=3, inverter_period_s=300),
    "battery": Hardware(
        part_number="800-00664-r05",
        software="D8.2.4286",
        timezone="America/Los_Angeles",
        cts=("production", "net-consumption", "storage"),
        phases=2,
        batteries=2,
    ),
    "load_only": Hardware(
        part_number="800-00555-r03",
        software="D8.3.5433",
        timezone="America/New_York",
        cts=("production", "total-consumption"),
        phases=2,
    ),
    "no_ct": Hardware(cts=(), software="D8.2.4264", inverters_over_ct=1.0),
}
