"""No secret survives in a text, a log record or a traceback."""

import base64
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from energy_pipeline.http.redaction import HIDDEN, install_log_redaction, redact

SECRET = "s3cr3t/Key+with=signs&more"
TOKEN = "9f3b2c7d1e0a4f6b8c5d"

SECRETS = st.text(min_size=4, max_size=30)
VISIBLE_SECRETS = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=4, max_size=30)
LOGGERS = st.sampled_from(["httpx", "httpcore.http11", "energy_pipeline.x", ""])
AROUND = st.text(max_size=20)
SPELLINGS: list[Callable[[str], str]] = [
    str,
    lambda secret: repr(secret)[1:-1],
    lambda secret: json.dumps(secret)[1:-1],
    lambda secret: quote(secret, errors="surrogateescape"),
    lambda secret: quote(secret, safe="", errors="surrogateescape"),
    lambda secret: urlencode({"x": secret}, errors="surrogateescape")[2:],
    lambda secret: repr(secret.encode(errors="surrogateescape"))[2:-1],
]


def captured_log(name: str, write: Callable[[logging.Logger], None]) -> str:
    """Return what a plain handler prints of the lines that `write` makes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        write(logger)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return stream.getvalue()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_hard_secret_survives_in_no_spelling(spelling: Callable[[str], str]) -> None:
    secret = "pass word/%\n'\"\\+=&ä\udce9"
    install_log_redaction([secret])
    assert redact(f"<{spelling(secret)}>") == f"<{HIDDEN}>"


def test_no_tail_of_a_longer_secret_stays() -> None:
    install_log_redaction(["abcd", "abcdefgh"])
    assert redact("abcdefgh abcd ABCD") == f"{HIDDEN} {HIDDEN} {HIDDEN}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(secret=SECRETS, before=AROUND, after=AROUND, spelling=st.sampled_from(SPELLINGS))
def test_a_known_secret_survives_in_no_spelling(
    secret: str, before: str, after: str, spelling: Callable[[str], str]
) -> None:
    assume(secret not in before + after + HIDDEN and HIDDEN not in secret)
    install_log_redaction([secret])
    text = redact(f"{before} {spelling(secret)} {after}")
    assert secret not in text
    assert spelling(secret) not in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(secrets=st.lists(SECRETS, max_size=5), pieces=st.lists(AROUND, max_size=5))
def test_secrets_that_contain_or_overlap_each_other_all_go(
    secrets: list[str], pieces: list[str]
) -> None:
    assume(not any(set(secret) <= set(HIDDEN) for secret in secrets))
    text = "".join(piece + secret for piece, secret in zip(pieces, secrets, strict=False))
    install_log_redaction(secrets)
    assert not any(secret in redact(text).replace(HIDDEN, "\0") for secret in secrets)


@pytest.mark.parametrize(
    "text",
    [
        f"https://api.enphaseenergy.com/api/v2/systems/67/stats?key={TOKEN}&user_id=4d7a&x=1",
        f"/api/v2/systems?user_id=1&key={TOKEN}",
        f"grant_type=refresh_token&refresh_token={TOKEN}",
        f"user[password]={TOKEN}",
        f"Authorization: {TOKEN}",
        f"authorization: Bearer {TOKEN}",
        f"{{'Authorization': '{TOKEN}', 'Accept': '*/*'}}",
        f"[(b'Host', b'x'), (b'Authorization', b'{TOKEN}')]",
        f"Set-Cookie: sessionId={TOKEN}; path=/",
        f"the header was Basic {base64.b64encode(TOKEN.encode()).decode()}",
        f'{{"access_token": "{TOKEN}", "expires_in": 86400}}',
        f"{{'password': '{TOKEN}'}}",
        f"postgresql://energy:{TOKEN}@db.example/energy",
        f"token eyJhbGciOiJFUzI1NiJ9.{TOKEN}.{TOKEN}",
    ],
)
def test_what_looks_like_a_secret_goes_even_when_nobody_named_it(text: str) -> None:
    hidden = redact(text)
    assert TOKEN not in hidden
    assert base64.b64encode(TOKEN.encode()).decode() not in hidden
    assert HIDDEN in hidden
    assert redact(hidden) == hidden


def test_the_rest_of_a_text_stays_readable() -> None:
    install_log_redaction(["abc"])
    plain = "GET /api/v2/systems/67/stats: 409, abc key of site rooftop-1, meter_id=101 at 10:00"
    assert redact(plain) == plain
    url = "https://h/api/v2/systems/67/stats?key=abcdef&start_at=1&user_id=4d7a&end_at=2"
    assert (
        redact(url)
        == f"https://h/api/v2/systems/67/stats?key={HIDDEN}&start_at=1&user_id={HIDDEN}&end_at=2"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    secret=VISIBLE_SECRETS,
    name=st.sampled_from(["httpx", "httpcore.http11", "energy_pipeline.x", ""]),
)
def test_no_log_record_holds_a_known_secret(secret: str, name: str) -> None:
    assume(secret not in "message with as argument ValueError Traceback" + HIDDEN)
    install_log_redaction([secret])

    def write(logger: logging.Logger) -> None:
        logger.info("message with %s as argument", secret)
        logger.info("message with " + secret.replace("%", "%%"), *[])
        logger.warning("message with %(it)s", {"it": secret})
        logger.error("%s", ValueError(secret))

    logged = captured_log(name, write)
    assert logged.count("message with") == 3
    assert secret not in logged.replace(HIDDEN, "\0")


def test_a_logged_traceback_holds_no_secret_and_keeps_its_frames() -> None:
    install_log_redaction([SECRET])

    def write(logger: logging.Logger) -> None:
        try:
            try:
                raise ValueError(f"header {SECRET}")
            except ValueError as cause:
                raise RuntimeError("did not work") from cause
        except RuntimeError:
            logger.exception("fetch failed")

    logged = captured_log("energy_pipeline.x", write)
    assert SECRET not in logged
    assert "RuntimeError: did not work" in logged
    assert f"ValueError: header {HIDDEN}" in logged


def test_arguments_keep_their_number_for_formatters_that_read_them() -> None:
    install_log_redaction()
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger = logging.getLogger("positional.arguments.test")
    logger.addHandler(handler)
    logger.warning('%s - "%s %s" %d', "127.0.0.1", "GET", f"/x?key={TOKEN}", 200)
    logger.removeHandler(handler)
    assert records[0].args == ("127.0.0.1", "GET", f"/x?key={HIDDEN}", 200)


def test_installing_twice_wraps_once_and_keeps_what_was_known() -> None:
    install_log_redaction([SECRET])
    factory = logging.getLogRecordFactory()
    install_log_redaction()
    assert logging.getLogRecordFactory() is factory
    assert redact(SECRET) == HIDDEN


def test_importing_changes_nothing() -> None:
    code = (
        "import logging; before = logging.getLogRecordFactory()\n"
        "import energy_pipeline.http.redaction, energy_pipeline.http.client\n"
        "assert logging.getLogRecordFactory() is before\n"
        "assert logging.getLogger('httpx').level == logging.NOTSET"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_record_without_a_name_is_made_as_ever() -> None:
    install_log_redaction()

    assert logging.makeLogRecord({"msg": "key=abcdef"}).msg == "key=abcdef"
