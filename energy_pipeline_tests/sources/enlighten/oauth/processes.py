"""What the child processes of the tests do; importable, so that they can be spawned."""

import asyncio
import os
import signal
from datetime import datetime
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from pydantic import SecretStr

from energy_pipeline.sources.enlighten.oauth.store import AuthorizationStore
from energy_pipeline.state.database import StateDatabase
from energy_pipeline_tests.clocks import ManualClock
from energy_pipeline_tests.sources.enlighten.oauth.applications import authorization


class StandingClock(ManualClock):
    """Shows one instant and waits in earnest, for another process."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 5)


def take_token(
    url: str,
    base_url: str,
    now: datetime,
    first: str,
    refused: str | None,
    start: Barrier,
    to: Queue,
) -> None:
    """Ask for a token at the same moment as the others."""
    state = StateDatabase(url)
    source = authorization(url, state, base_url, StandingClock(now), first)
    start.wait()
    asked = source.renewed(SecretStr(refused)) if refused else source.token()
    to.put(asyncio.run(asked).get_secret_value())
    state.close()


def die_before_storing(url: str, base_url: str, now: datetime, first: str) -> None:
    """Ask for a token, and be killed when its answer has come and is not stored."""

    def killed(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    AuthorizationStore.keep = killed  # type: ignore[method-assign]
    source = authorization(url, StateDatabase(url), base_url, ManualClock(now), first)
    asyncio.run(source.token())
