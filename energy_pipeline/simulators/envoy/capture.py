"""A folder of captured replies as a gateway's backend: the same bytes, whatever the clock shows.

File names are the paths with `/ ? = &` turned into `_`; `<name>_log.json` holds headers and status.
"""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from energy_pipeline.simulators.envoy.answer import Answer, Process
from energy_pipeline.simulators.envoy.backend import Asked
from energy_pipeline.simulators.envoy.hardware import Hardware

_KEPT_HEADERS = frozenset({"www-authenticate"})


class _Log(NamedTuple):
    """How a captured reply came."""

    status: int
    headers: dict[str, str]


class CaptureBackend:
    """Replays a capture folder.

    Args:
        folder: of one gateway.

    Raises:
        ValueError: the folder has no `info` that names a gateway.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hardware = _hardware(folder / "info")

    @property
    def hardware(self) -> Hardware:
        """The identity that the captured `/info` shows."""
        return self._hardware

    def answer(self, asked: Asked) -> Answer | None:
        """Return the captured reply, None when there is none."""
        for name in _names(asked.path, asked.query):
            path = self._folder / name
            if path.is_file():
                return self._replayed(path, asked)
        return None

    def _replayed(self, path: Path, asked: Asked) -> Answer:
        body, log = path.read_bytes(), _log(path)
        if path.name == "info" and asked.faults.other_serial:
            other = asked.faults.other_serial.encode()
            body = body.replace(self._hardware.serial.encode(), other)
        return Answer(
            body,
            _process(path.name, log),
            log.status,
            log.headers.get("content-type"),
            headers=tuple(
                (name.encode(), value.encode())
                for name, value in log.headers.items()
                if name in _KEPT_HEADERS and value.isascii()
            ),
        )


def _names(path: str, query: str) -> list[str]:
    """Return the file names that may hold a reply, the best first."""
    name = re.sub(r"[/?=&]", "_", path.lstrip("/"))
    if query:
        return [re.sub(r"[/?=&]", "_", f"{name}?{query}"), name]
    return [name, name.removesuffix(".json"), name.removesuffix(".xml")]


def _log(path: Path) -> _Log:
    """Return how the reply came; captures of old have no logs, and a usual reply is assumed."""
    log_file = path.with_name(f"{path.name}_log.json")
    if not log_file.is_file():
        return _Log(200, _usual_headers(path.name))
    log: dict[str, Any] = json.loads(log_file.read_bytes())
    headers = {name.lower(): str(value) for name, value in log["headers"].items()}
    return _Log(int(log["code"]), headers)


def _usual_headers(name: str) -> dict[str, str]:
    if name == "info":
        return {"content-type": "text/xml"}
    return {} if name.startswith("ivp_") else {"content-type": "application/json"}


def _process(name: str, log: _Log) -> Process:
    if log.status != 200:
        return "web"
    if log.headers.get("transfer-encoding") == "chunked":
        return "ui"
    if name == "info":
        return "static"
    return "ivp" if name.startswith("ivp_") else "api"


def _hardware(info_file: Path) -> Hardware:
    if not info_file.is_file():
        raise ValueError(f"{info_file.parent}: found no file info; allowed: a capture folder")
    members = dict(re.findall(r"<(\w+)>([^<]*)</\1>", info_file.read_text()))
    if not {"sn", "pn", "software"} <= set(members):
        raise ValueError(f"{info_file}: found no serial, part number and software")
    return replace(
        Hardware(cts=()),
        serial=members["sn"],
        part_number=members["pn"],
        software=members["software"],
        is_metered=members.get("imeter") == "true",
    )
