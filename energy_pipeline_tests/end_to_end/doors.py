"""Doors before the two services: they count what a run asks, and kill it at the request aimed at.

The kill happens in the service's own thread, while the run waits for its answer: where a run dies
is a matter of counting, never of how fast a machine is.
"""

import asyncio
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energy_pipeline.simulators.server import drop_connection
from energy_pipeline_tests.end_to_end.town import PROJECT

Service = Literal["enlighten", "enerkey"]
Stage = Literal["fetch", "survey", "push"]
STAGES: tuple[Stage, ...] = ("fetch", "survey", "push")
"""A request to Enlighten; one to EnerKey before the run's first push; that push and all after."""

Moment = Literal["arrived", "handled", "answered"]


@dataclass(frozen=True)
class Aim:
    """The request at which a run is killed.

    Args:
        stage: which requests are counted.
        number: of the request among those of its stage, from 1; where a run makes fewer, it dies
            at its first request of a later stage.
        moment: when it has come whole, but nothing is done yet; when it is done, but not answered;
            or when it is answered.
        delay_s: after the answer, real seconds.
    """

    stage: Stage
    number: int
    moment: Moment
    delay_s: float = 0.0


class Doors:
    """The doors of one town.

    Attributes:
        asked: requests of the present run, or of the last one, by stage.
    """

    def __init__(self) -> None:
        self.asked: Counter[Stage] = Counter()
        self._lock = threading.Lock()
        self._aim: Aim | None = None
        self._run: subprocess.Popen[bytes] | None = None

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, aim: Aim | None
    ) -> "subprocess.Popen[bytes]":
        """Start a run in a process group of its own, which dies as a whole.

        Args:
            command: words of the command line.
            environment: of the process.
            log: what it writes goes here.
            aim: where it dies; None lets it end.
        """
        with self._lock, log.open("wb") as stream:
            self.asked, self._aim = Counter(), aim
            self._run = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            return self._run

    def before(self, app: ASGIApp, service: Service) -> ASGIApp:
        """Return the application with a door before it."""

        async def door(scope: Scope, receive: Receive, send: Send) -> None:
            aim = self._count(scope["path"], service) if scope["type"] == "http" else None
            run = self._run
            if aim is None or run is None:
                await app(scope, receive, send)
            elif aim.moment == "answered":
                await app(scope, receive, send)
                asyncio.get_running_loop().call_later(aim.delay_s, _kill, run)
            else:
                await _unanswered(app, scope, receive, run, aim)

        return door

    def _count(self, path: str, service: Service) -> Aim | None:
        """Count a request; return the aim when it is met."""
        with self._lock:
            stage = self._stage(path, service)
            self.asked[stage] += 1
            aim = self._aim
            if aim is None or STAGES.index(stage) < STAGES.index(aim.stage):
                return None
            if stage == aim.stage and self.asked[stage] < aim.number:
                return None
            self._aim = None
            return aim

    def _stage(self, path: str, service: Service) -> Stage:
        if service == "enlighten":
            return "fetch"
        return "push" if "Push" in path or self.asked["push"] else "survey"


async def _unanswered(
    app: ASGIApp, scope: Scope, receive: Receive, run: "subprocess.Popen[bytes]", aim: Aim
) -> None:
    """Do what is asked, and kill who asked before or after it."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    if aim.moment == "arrived":
        _kill(run)
    await app(scope, again, _nobody)
    _kill(run)
    await drop_connection(scope, receive)


def _kill(run: "subprocess.Popen[bytes]") -> None:
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)


async def _nobody(_: Message) -> None:
    """Take an answer that nobody waits for."""
