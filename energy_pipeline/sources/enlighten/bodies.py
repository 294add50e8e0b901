"""The shapes of Enlighten's bodies, for reading short ones and for saying what is wrong with any.

Members that are not named here are passed over. Interval answers are read as columns in
`answers.py`; only one that failed there is held against its shape here.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from energy_pipeline.errors import SchemaSurprise
from energy_pipeline.http.redaction import redact

_LONGEST_SHOWN = 60  # characters of a value in a message
LAST_SECOND = 2**33
"""Year 2242: a number from here on is no epoch in seconds."""

EpochS = Annotated[int, Field(ge=0, lt=LAST_SECOND)]


def _day(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]


class Body(BaseModel):
    """A JSON object of which the members that are named here are read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Meta(Body):
    """State of the system at the time of the answer."""

    status: str | None = None
    last_report_at: EpochS | None = None
    last_energy_at: EpochS | None = None
    operational_at: EpochS | None = None


class MicroInterval(Body):
    """An interval of the microinverters."""

    end_at: EpochS
    enwh: float | None
    powr: float | None = None
    devices_reporting: int | None = None


class MeterInterval(Body):
    """An interval of revenue-grade meters, all together."""

    end_at: EpochS
    wh_del: float | None
    devices_reporting: int | None = None


class ConsumptionInterval(Body):
    """An interval of consumption."""

    end_at: EpochS
    enwh: float | None
    devices_reporting: int | None = None


class _IntervalBody(Body):
    system_id: int | None = None
    total_devices: int | None = None
    meta: Meta | None = None


class MicroBody(_IntervalBody):
    """Answer of `stats`."""

    intervals: list[MicroInterval]


class MeterBody(_IntervalBody):
    """Answer of `rgm_stats`."""

    intervals: list[MeterInterval]


class ConsumptionBody(_IntervalBody):
    """Answer of `consumption_stats`."""

    intervals: list[ConsumptionInterval]


_Days = list[float | None] | None


class DaysBody(Body):
    """Answer of any endpoint with Wh per local day: every list that one of them has."""

    start_date: Day | None
    production: _Days = None
    micro_production: _Days = None
    meter_production: _Days = None
    consumption: _Days = None
    charge: _Days = None
    discharge: _Days = None
    taken: _Days = Field(default=None, alias="import")
    given: _Days = Field(default=None, alias="export")
    meta: Meta | None = None

    def days(self, name: str) -> list[float | None] | None:
        """Return the list of that name on the wire; None when the answer has none."""
        found: list[float | None] | None = getattr(self, _FIELD.get(name, name))
        return found


_FIELD = {"import": "taken", "export": "given"}


class ListedSystem(Body):
    """An element of the systems list."""

    system_id: int
    system_name: str | None = None
    timezone: str | None = None
    status: str | None = None
    meta: Meta | None = None


class SystemsPage(Body):
    """A page of the systems list."""

    systems: list[ListedSystem]
    next: str | None = None


class Summary(Body):
    """Figures of one local day: power in W, energy in Wh; `energy_lifetime` is before the day."""

    system_id: int
    current_power: float
    energy_today: float
    energy_lifetime: float
    summary_date: Day
    source: str
    status: str | None = None
    operational_at: EpochS | None = None
    last_report_at: EpochS | None = None
    last_interval_end_at: EpochS | None = None


_SomeBody = TypeVar("_SomeBody", bound=BaseModel)


def read_body(shape: type[_SomeBody], content: bytes, request: str) -> _SomeBody:
    """Read a body.

    Raises:
        SchemaSurprise: it has another shape; the message names the first member that differs.
    """
    try:
        return shape.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path, found = json_path(first["loc"]), shown(first["input"])
        message = f"{path}: found {found}; {first['msg']}"
        raise SchemaSurprise(message, request=request, status=200) from None


def json_path(location: Sequence[int | str]) -> str:
    """Return `intervals[3].end_at` for its parts."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".") or "the body"


def shown(value: Any, longest: int = _LONGEST_SHOWN) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as a message may show it: short, and without secrets; bytes are text."""
    text = redact(value.decode(errors="replace") if isinstance(value, bytes) else repr(value))
    return text if len(text) <= longest else f"{text[:longest]}…"
