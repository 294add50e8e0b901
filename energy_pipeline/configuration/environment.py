"""The environment: one frozen `Settings` with a field per variable.

A field is named as its variable, in lower case; a key and its two dates are one `KeySlot`. What may
be written is in `members`, the file `.env` in `dotenv_file`, the sites in `sites`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from energy_pipeline.configuration.dotenv_file import Variable, interpolated, read_dotenv
from energy_pipeline.configuration.found import Allowed, MemberPath, problems_of
from energy_pipeline.configuration.members import (
    AnySecret,
    DatabaseUrl,
    DataUri,
    Day,
    Duration,
    FernetKey,
    Ids,
    Instant,
    Limit,
    PollMinutes,
    Secret,
    ServiceUrl,
    Switch,
    is_remote,
)
from energy_pipeline.configuration.plans import PLANS, EnlightenPlan
from energy_pipeline.errors import ConfigurationError, Problem

EnlightenApi = Literal["v2", "v4"]
Repush = Literal["unknown", "overwrite_hour", "sum", "timestamp_upsert", "reject", "keep_first"]

ENVIRONMENT = "environment"
_FROZEN = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class KeySlot(BaseModel):
    """An EnerKey key with the dates (UTC) between which it holds; `valid_to` is not included."""

    model_config = _FROZEN

    value: Secret | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class Settings(BaseModel):
    """Every variable, checked. Secrets show as stars wherever the settings are printed."""

    model_config = _FROZEN

    energy_sites_file: Path = Path("sites.yaml")
    energy_provisioning_file: Path = Path("provisioning.yaml")
    energy_data_uri: DataUri = "data"
    energy_state_url: DatabaseUrl | None = None
    energy_token_key: FernetKey | None = None
    energy_first_day: Day = date(2015, 1, 1)
    energy_settle_hours: Duration = 2.0
    energy_give_up_days: Duration = 7.0

    enlighten_api: EnlightenApi = "v4"
    enlighten_base_url: ServiceUrl = "https://api.enphaseenergy.com"
    enlighten_api_key: Secret | None = None
    enlighten_client_id: Secret | None = None
    enlighten_client_secret: Secret | None = None
    enlighten_refresh_token: Secret | None = None
    enlighten_plan: EnlightenPlan = "watt"
    enlighten_requests_per_minute: Limit = PLANS["watt"].per_minute
    enlighten_requests_per_month: Limit = PLANS["watt"].per_month

    enphase_email: AnySecret | None = None
    enphase_password: AnySecret | None = None
    enphase_login_url: ServiceUrl = "https://enlighten.enphaseenergy.com"
    enphase_entrez_url: ServiceUrl = "https://entrez.enphaseenergy.com"

    envoy_poll_minutes: PollMinutes = 5

    enerkey_base_url: ServiceUrl = "https://api.enerkey.com"
    enerkey_api_key_a: KeySlot = KeySlot()
    enerkey_api_key_b: KeySlot = KeySlot()
    enerkey_tenant_key_a: KeySlot = KeySlot()
    enerkey_tenant_key_b: KeySlot = KeySlot()
    enerkey_partner_key_a: KeySlot = KeySlot()
    enerkey_partner_key_b: KeySlot = KeySlot()
    enerkey_facilities: Ids = frozenset()
    enerkey_read_only: Switch = False
    enerkey_repush: Repush = "unknown"
    enerkey_quiet_seconds: Duration | None = None
    enerkey_requests_per_second: Annotated[
        float, Field(gt=0, allow_inf_nan=False), Allowed("a number greater than 0")
    ] = 2.0
    enerkey_requests_per_day: Annotated[
        int, Field(ge=1, lt=40_000), Allowed("a whole number from 1 to 39999")
    ] = 36_000
    enerkey_max_push_days: Annotated[
        int, Field(ge=1, le=365), Allowed("a whole number from 1 to 365")
    ] = 365

    @model_validator(mode="before")
    @classmethod
    def _limits_of_plan(cls, members: Any) -> Any:  # noqa: ANN401 - whatever is validated
        """Give the plan's limits where no number is set."""
        match members:
            case {"enlighten_plan": str() as name, **others} if plan := PLANS.get(name):
                limits = {
                    "enlighten_requests_per_minute": plan.per_minute,
                    "enlighten_requests_per_month": plan.per_month,
                }
                return limits | others | {"enlighten_plan": name}
            case _:
                return members

    @property
    def state_url(self) -> str:
        """URL of the state database; may hold a password."""
        if self.energy_state_url is not None:
            return self.energy_state_url.get_secret_value()
        return f"sqlite:///{Path(self.energy_data_uri).absolute() / 'state.db'}"

    @property
    def has_profile_key(self) -> bool:
        """Whether there is any key of an EnerKey profile."""
        return any(slot.value for slot in (self.enerkey_api_key_a, self.enerkey_api_key_b))


def _variables() -> Iterator[tuple[str, MemberPath]]:
    for name, field in Settings.model_fields.items():
        if field.annotation is not KeySlot:
            yield name.upper(), (name,)
            continue
        yield name.upper(), (name, "value")
        yield f"{name}_valid_from".upper(), (name, "valid_from")
        yield f"{name}_valid_to".upper(), (name, "valid_to")


PATH_OF_VARIABLE: Mapping[str, MemberPath] = dict(_variables())
"""Every variable that is read, with its place in `Settings`."""
_VARIABLE_OF_PATH = {path: name for name, path in PATH_OF_VARIABLE.items()}


def load_settings(environ: Mapping[str, str], dotenv: Path | None = Path(".env")) -> Settings:
    """Read the settings from `environ` and, for what is not set there, from the file `dotenv`.

    A variable that is set to nothing counts as not set. What Dagster's commands have copied from
    the file into the environment is read from the file: they interpolate it.

    Raises:
        ConfigurationError: every variable that cannot be used, with the file line that set it.
    """
    variables = read_dotenv(dotenv) if dotenv is not None else {}
    copied = interpolated(dotenv) if variables and dotenv is not None else {}
    variables |= {
        name: Variable(text, ENVIRONMENT)
        for name, text in environ.items()
        if text and copied.get(name) != text
    }
    variables = {name: variables[name] for name in PATH_OF_VARIABLE if _is_set(variables, name)}
    problems: list[Problem] = []
    try:
        settings = Settings.model_validate(_members(variables))
    except ValidationError as error:
        problems = list(_problems(error, variables))
        wrong = {problem.member for problem in problems}
        variables = {name: each for name, each in variables.items() if name not in wrong}
        settings = Settings.model_validate(_members(variables))
    if problems := [*problems, *_contradictions(settings, variables)]:
        raise ConfigurationError(problems)
    return settings


def _is_set(variables: Mapping[str, Variable], name: str) -> bool:
    return name in variables and variables[name].text != ""


def _members(variables: Mapping[str, Variable]) -> dict[str, object]:
    members: dict[str, object] = {}
    slots: dict[str, dict[str, object]] = {}
    for name, variable in variables.items():
        field, *part = PATH_OF_VARIABLE[name]
        if part:
            slots.setdefault(str(field), {})[str(part[0])] = variable.text
        else:
            members[str(field)] = variable.text
    return members | slots


def _problems(error: ValidationError, variables: Mapping[str, Variable]) -> Iterator[Problem]:
    return problems_of(
        error,
        Settings,
        where=lambda path: variables[_VARIABLE_OF_PATH[path]].where,
        member=_VARIABLE_OF_PATH.__getitem__,
    )


def _contradictions(settings: Settings, variables: Mapping[str, Variable]) -> Iterator[Problem]:
    if is_remote(settings.energy_data_uri) and settings.energy_state_url is None:
        allowed = "a database URL, because ENERGY_DATA_URI has no local directory for state.db"
        yield Problem(ENVIRONMENT, "ENERGY_STATE_URL", "nothing", allowed)
    for ends in (name for name in variables if name.endswith("_VALID_TO")):
        slot: KeySlot = getattr(settings, str(PATH_OF_VARIABLE[ends][0]))
        if slot.valid_from and slot.valid_to and slot.valid_to <= slot.valid_from:
            allowed = f"an instant after {ends.replace('_TO', '_FROM')}"
            yield Problem(variables[ends].where, ends, variables[ends].text, allowed)
