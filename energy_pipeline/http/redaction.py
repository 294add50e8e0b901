"""No secret in any text: what is known to be secret, and what looks like it, becomes `***`.

`redact` is for texts that this package makes of foreign ones (a transport's message, a piece of an
answer). `install_log_redaction` is for log lines that others write: httpx prints full URLs, and the
key and user id of Enlighten v2 are in the query.
"""

import json
import logging
import re
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "***"

# Shorter values are not looked for by value: hiding every "abc" would leave no readable text.
_SHORTEST_VALUE = 4
_NAMES = (
    r"(?:api_?key|key|user_?id|password|(?:access_|refresh_)?token|client_secret|session_?id"
    r"|user\[password\]|user\[email\])"
)
_HEADERS = r"(?:authorization|(?:set-)?cookie)"
_LOOKS_SECRET: tuple[tuple[re.Pattern[str], str], ...] = (
    # key=… of a query or a form
    (re.compile(rf"(?<![\w-])({_NAMES})=[^&\s'\"<>]+", re.IGNORECASE), rf"\1={HIDDEN}"),
    # "refresh_token": "…" of JSON or of a printed dictionary
    (
        re.compile(rf"(['\"]{_NAMES}['\"]\s*:\s*(['\"]))(?:\\.|(?!\2).)*", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    # Authorization, Cookie and Set-Cookie: a header line; an item of a dictionary or a pair
    (re.compile(rf"\b({_HEADERS}\s*[:=]\s*)[^\r\n]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(rf"\b({_HEADERS}['\"]\s*[:,]\s*b?(['\"]))(?:\\.|(?!\2).)*", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(bearer|basic)\s+[\w+/=.~-]{12,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), HIDDEN),  # a JSON web token wherever it stands
    (re.compile(r"://[^/\s@'\"]+@"), f"://{HIDDEN}@"),
)
_QUERY = re.compile(r"\?[^\s'\"<>]+")
_TALKATIVE = ("httpx", "httpcore")
_UNENCODABLE = "surrogateescape"  # as environment variables come that are not UTF-8


class _KnownSecrets:
    """The values that must never be seen, in every spelling that a log line may have.

    The pattern of all of them is made when the next text is looked at: a poll of many gateways
    learns many secrets one by one, and most of its texts are none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._in_pattern = 0

    def remember(self, values: Iterable[str]) -> None:
        spellings = {s for v in values if len(v) >= _SHORTEST_VALUE for s in _spellings(v)}
        with self._lock:
            self._spellings |= spellings

    def hide(self, text: str) -> str:
        if self._in_pattern != len(self._spellings):
            self._compile()
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def _compile(self) -> None:
        with self._lock:
            longest_first = sorted(self._spellings, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
            self._in_pattern = len(longest_first)


_known = _KnownSecrets()


def redact(text: str) -> str:
    """Return `text` without secrets: known values first, then whatever looks like one."""
    hidden = _known.hide(text)
    for pattern, replacement in _LOOKS_SECRET:
        hidden = pattern.sub(replacement, hidden)
    return hidden


def install_log_redaction(secrets: Iterable[str] = ()) -> None:
    """Take secrets out of every log record of this process from now on.

    Safe to call any number of times; values given once stay known. Lines of httpx and httpcore
    lose every query string, and are shown from level WARNING unless a level was set for them.

    Args:
        secrets: values to hide wherever they appear; those shorter than 4 characters are left to
            the patterns.
    """
    _known.remember(secrets)
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)
    make_record = logging.getLogRecordFactory()
    if not isinstance(make_record, _RedactingFactory):
        logging.setLogRecordFactory(_RedactingFactory(make_record))


class _RedactingFactory:
    """Makes log records whose message and traceback hold no secret.

    At the record's birth, because a filter on a logger does not see its children's records and a
    filter on a handler does not see the handlers that come later.
    """

    def __init__(self, make_record: Callable[..., logging.LogRecord]) -> None:
        self._make_record = make_record

    def __call__(self, *args: object, **kwargs: object) -> logging.LogRecord:
        record = self._make_record(*args, **kwargs)
        _clean_message(record)
        if record.exc_info and record.exc_info[1]:
            _clean_traceback(record, record.exc_info[1])
        return record


def _clean_message(record: logging.LogRecord) -> None:
    message = _message(record)
    clean = redact(message)
    if str(record.name).partition(".")[0] in _TALKATIVE:  # makeLogRecord has no name at first
        clean = _QUERY.sub("?…", clean)
    if clean == message:
        return
    if isinstance(record.args, tuple):  # some formatters read the arguments: keep their number
        record.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in record.args)
        if _message(record) == clean:
            return
    record.msg, record.args = clean, ()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a wrong format: logging itself will complain
        return f"{record.msg} {record.args}"


def _clean_traceback(record: logging.LogRecord, error: BaseException) -> None:
    text = "".join(traceback.format_exception(error)).rstrip("\n")
    clean = redact(text)
    if clean != text:
        record.exc_info, record.exc_text = None, clean


def _spellings(value: str) -> Iterator[str]:
    bytes_ = value.encode(errors=_UNENCODABLE)
    yield value
    yield quote(bytes_)
    yield quote(bytes_, safe="")
    yield quote_plus(bytes_)
    yield json.dumps(value)[1:-1]
    yield repr(value)[1:-1]
    yield repr(bytes_)[2:-1]
