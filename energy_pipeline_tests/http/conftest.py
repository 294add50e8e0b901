"""Each test starts with no known secret and leaves logging as it was."""

import logging
from collections.abc import Iterator

import pytest

from energy_pipeline.http import redaction


@pytest.fixture(autouse=True)
def fresh_redaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(redaction, "_known", redaction._KnownSecrets())
    factory = logging.getLogRecordFactory()
    loggers = [logging.getLogger(name) for name in ("httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    yield
    logging.setLogRecordFactory(factory)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
