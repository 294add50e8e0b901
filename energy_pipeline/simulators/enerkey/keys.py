"""Who asks: the Authorization header, the keys' validity dates and their scopes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from energy_pipeline.simulators.enerkey.answers import Refusal
from energy_pipeline.simulators.enerkey.directory import Directory
from energy_pipeline.simulators.enerkey.profile import Key, Profile, Scope
from energy_pipeline.simulators.enerkey.switches import Switches

_HELSINKI = ZoneInfo("Europe/Helsinki")
_PARTNER: frozenset[Scope] = frozenset({"partner"})
_SCHEMES = {"raw": "", "apikey_scheme": "apikey ", "bearer_scheme": "bearer "}


class Caller(NamedTuple):
    """A known key within its dates, and the profile that it opens."""

    key: Key
    profile: Profile


class KeyRing:
    """All keys of all profiles that there are now.

    Raises:
        ValueError: two keys with one secret or one name.
    """

    def __init__(self, directory: Directory, switches: Switches) -> None:
        self._switches = switches
        self._directory = directory
        keys = [key for profile in directory.all() for key in profile.keys]
        for texts in ([key.secret for key in keys], [key.name for key in keys]):
            if len(set(texts)) < len(texts):
                raise ValueError("two keys have the same secret or the same name")

    def identify(self, headers: Sequence[str], now: datetime) -> Caller:
        """Return whose key the Authorization headers carry.

        Raises:
            Refusal: 401 when it is missing, unknown or outside its dates.
        """
        scheme = _SCHEMES[self._switches.auth_value]
        value = headers[0] if len(headers) == 1 else ""
        caller = None
        if value.lower().startswith(scheme):
            caller = self._caller(value[len(scheme) :])
        if caller is None or not _is_valid(caller.key, now, self._switches):
            raise Refusal(403 if self._switches.denial_codes == "all_403" else 401)
        return caller

    def admit(self, caller: Caller, scope: Scope, *, needs_values: bool) -> None:
        """Check scope and service.

        Raises:
            Refusal: the key has another scope, or the values service is not switched on.
        """
        if scope not in _scopes(caller.key, self._switches):
            raise Refusal(
                _SCOPE_CODES[self._switches.denial_codes], f"{scope.title()} key required."
            )
        if needs_values and not caller.profile.values_enabled:
            raise Refusal(
                self._switches.service_not_enabled, "The service is not enabled for the profile."
            )

    def _caller(self, secret: str) -> Caller | None:
        for profile in self._directory.all():
            for key in profile.keys:
                if key.secret == secret:
                    return Caller(key, profile)
        return None


_SCOPE_CODES = {"401_403_404": 403, "all_401": 401, "all_403": 403, "scope_404": 404}
_FOREIGN_CODES = {"401_403_404": 404, "all_401": 401, "all_403": 403, "scope_404": 404}


def foreign_id_code(switches: Switches) -> int:
    """Return the status for an id that belongs to another profile."""
    return _FOREIGN_CODES[switches.denial_codes]


def _scopes(key: Key, switches: Switches) -> frozenset[Scope]:
    if switches.key_scopes == "partner_flag_on_tenant" and "tenant" in key.scopes:
        return key.scopes | _PARTNER
    return key.scopes


def _is_valid(key: Key, now: datetime, switches: Switches) -> bool:
    start, end = (_bound(bound, switches) for bound in (key.valid_from, key.valid_to))
    if start is not None and now < start:
        return False
    if end is None:
        return True
    return now <= end if switches.key_validity == "inclusive_utc" else now < end


def _bound(bound: datetime | None, switches: Switches) -> datetime | None:
    """Return a validity date; under Helsinki its UTC clock reading is taken as local time."""
    if bound is None or switches.key_validity != "half_open_helsinki":
        return bound
    return bound.astimezone(UTC).replace(tzinfo=_HELSINKI)
