"""Types of members and variables: what may be written, in words and as a check.

The `Allowed` of a type is what a person reads when a value is refused.
"""

import re
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from energy_pipeline.configuration.found import Allowed

_LARGEST_ID = 2**63 - 1
"""Ids are int64 columns of the store."""
_VISIBLE = "[!-~]+"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_USUAL_PORT = {"https": 443, "http": 80}
_REMOTE_SCHEMES = ("s3", "gs", "abfs")


def _iso_day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return date.fromisoformat(value)
    if not isinstance(value, date):
        raise ValueError
    return value


def _instant(value: object) -> object:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise ValueError
    return instant.astimezone(UTC)


def _visible_ascii(value: SecretStr) -> SecretStr:
    if not re.fullmatch(_VISIBLE, value.get_secret_value()):
        raise ValueError
    return value


def is_remote(data_uri: str) -> bool:
    """Return whether the store is somewhere else than in a local directory."""
    return "://" in data_uri


def _data_uri(text: str) -> str:
    parts = urlsplit(text)
    has_login = parts.password is not None or (parts.scheme != "abfs" and parts.username)
    if is_remote(text) and (parts.scheme not in _REMOTE_SCHEMES or not parts.netloc or has_login):
        raise ValueError
    return text


def _service_url(text: str) -> str:
    """Return one text for one service: what is remembered of it is kept under its URL."""
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_safe or not _is_plain_root(parts) or not re.fullmatch(_VISIBLE, text):
        raise ValueError
    host = parts.netloc.lower()
    if parts.port == _USUAL_PORT[parts.scheme]:
        host = host.removesuffix(f":{parts.port}")
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


def _is_plain_root(parts: SplitResult) -> bool:
    """Return whether there is a host, a possible port and nothing that could hold a secret."""
    has_extras = bool(parts.query or parts.fragment or parts.username or parts.password)
    return bool(parts.hostname) and not has_extras and parts.port != 0


def _fernet_key(value: SecretStr) -> SecretStr:
    Fernet(value.get_secret_value())
    return value


def _database_url(value: SecretStr) -> SecretStr:
    try:
        url = make_url(value.get_secret_value())
    except ArgumentError:
        raise ValueError from None
    if url.get_backend_name() == "sqlite":
        is_usable = url.database not in (None, "", ":memory:")
    else:
        is_usable = url.get_backend_name() == "postgresql"
    if not is_usable:
        raise ValueError
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def existing_zone(name: str) -> str:
    """Return the name of an IANA zone.

    Raises:
        ValueError: there is no such zone.
    """
    if name not in _zones():
        raise ValueError(f"{name!r} is no zone of the IANA database")
    return name


def _poll_minutes(minutes: int) -> int:
    if minutes not in _POLL_MINUTES:
        raise ValueError("no part of an hour")
    return minutes


def _switch(text: object) -> object:
    if text not in (True, False, "true", "false"):
        raise ValueError
    return text in (True, "true")


def _ids(given: object) -> object:
    if not isinstance(given, str):
        return given
    ids = [word.strip() for word in given.split(",")]
    if not all(re.fullmatch("[0-9]+", id) for id in ids):
        raise ValueError
    return frozenset(map(int, ids))


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError
    return digits


Text = Annotated[str, Field(strict=True, min_length=1), Allowed("a text (digits in quotes)")]
Id = Annotated[
    int,
    Field(strict=True, ge=1, le=_LARGEST_ID),
    Allowed("a whole number greater than 0, without quotes"),
]
Day = Annotated[date, BeforeValidator(_iso_day), Allowed("a day, written YYYY-MM-DD")]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    Allowed("a date and time with offset, for example 2026-01-31T00:00:00+02:00"),
]
Secret = Annotated[
    SecretStr,
    AfterValidator(_visible_ascii),
    Allowed("a text of visible ASCII characters without spaces (digits in quotes)"),
]
AnySecret = Annotated[SecretStr, Allowed("a text")]
FernetKey = Annotated[
    SecretStr,
    AfterValidator(_fernet_key),
    Allowed(
        "32 random bytes in URL-safe Base64, as this prints them: python -c "
        "'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
    ),
]
ServiceUrl = Annotated[
    str,
    AfterValidator(_service_url),
    Allowed("https://HOST, without login and query (http:// for this machine only)"),
]
DataUri = Annotated[
    str,
    AfterValidator(_data_uri),
    Allowed("a local path, or s3://…, gs://… or abfs://… without login"),
]
DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(_database_url),
    Allowed("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"),
]
SITE_ID = "^[a-z0-9][a-z0-9-]*$"
"""What an id looks like, as a regular expression."""
SiteId = Annotated[
    str,
    Field(strict=True, pattern=SITE_ID),
    Allowed("small letters, digits and - (not first); only digits: in quotes"),
]
Zone = Annotated[
    str,
    Field(strict=True),
    AfterValidator(existing_zone),
    Allowed("a zone of the IANA database, for example Europe/Helsinki"),
]
Host = Annotated[
    str,
    Field(strict=True, pattern=r"^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"),
    Allowed("HOST or HOST:PORT"),
]
Serial = Annotated[
    str,
    Field(strict=True, pattern=r"^[0-9]{12}$"),
    Allowed("the gateway's serial number: 12 digits, in quotes"),
]
Fingerprint = Annotated[
    str,
    Field(strict=True),
    AfterValidator(_fingerprint),
    Allowed("a SHA-256 fingerprint: 64 hex digits, with or without colons"),
]
VariableName = Annotated[
    str,
    Field(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"),
    Allowed("the name of the environment variable that holds the token"),
]
BridgeHours = Annotated[
    float,
    Field(strict=True, ge=0, le=24, allow_inf_nan=False),
    Allowed("a number of hours, 0 to 24"),
]
Power = Annotated[
    float,
    Field(strict=True, gt=0, allow_inf_nan=False),
    Allowed("a number of watts, more than 0"),
]
Reading = Annotated[
    float,
    Field(strict=True, ge=0, allow_inf_nan=False),
    Allowed("a number, 0 or more"),
]
ExternalId = Annotated[
    str,
    Field(strict=True, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"),
    Allowed("a text without blanks at its ends and without control characters (digits in quotes)"),
]
Personal = Annotated[
    SecretStr, Field(strict=True, min_length=1), Allowed("a text (digits in quotes)")
]
"""An address, an e-mail or a phone number: shown nowhere."""
Count = Annotated[
    int, Field(strict=True, ge=0), Allowed("a whole number, 0 or more, without quotes")
]
Flag = Annotated[bool, Field(strict=True), Allowed("true or false")]
Switch = Annotated[bool, BeforeValidator(_switch), Allowed("true or false")]
"""A flag in the environment."""
Ids = Annotated[
    frozenset[int],
    BeforeValidator(_ids),
    Allowed("whole numbers, separated by commas, for example 11,12"),
]
_POLL_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15)
"""Parts of an hour; polls that are rarer would leave gaps between hours."""
PollMinutes = Annotated[
    int, AfterValidator(_poll_minutes), Allowed("1, 2, 3, 4, 5, 6, 10, 12 or 15")
]
Limit = Annotated[int, Field(ge=1), Allowed("a whole number greater than 0")]
Duration = Annotated[float, Field(ge=0, allow_inf_nan=False), Allowed("a number, 0 or more")]
