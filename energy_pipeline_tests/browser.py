"""A headless Chromium for tests of pages that people see, driven over its own protocol."""

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_S = 60.0
_STEP_S = 0.05


def chromium_or_skip() -> str:
    """Return the path of the browser; without one, skip the test."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(
        f"no Chromium is installed; looked for {', '.join(_NAMES)}. The same way is shown without "
        "a browser by without_a_browser in the same test"
    )


class Tab:
    """The one page of a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is there."""
        self._ask("Page.navigate", url=address)
        self.wait_for(f"document.readyState === 'complete' && location.href !== {'about:blank'!r}")

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        end = time.monotonic() + _PATIENCE_S
        while self.run(f"Boolean({condition})") is not True:
            assert time.monotonic() < end, f"{condition} never became true: {self.text()}"
            time.sleep(_STEP_S)

    def type(self, field: str, text: str) -> None:
        """Fill in the field of a form."""
        self.run(f"document.querySelector('[name={field}]').focus()")
        self._ask("Input.insertText", text=text)

    def press(self, button: str) -> None:
        """Press the button with that text."""
        find = f"[...document.querySelectorAll('button')].find(b => b.innerText === {button!r})"
        self.run(f"{find}.click()")

    def text(self) -> str:
        """What a person reads on the page."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(_PATIENCE_S))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]


@contextmanager
def opened_browser(folder: Path) -> Iterator[Tab]:
    """Start a browser with a profile of its own, and end it with the block."""
    command = [
        chromium_or_skip(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        "about:blank",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_page_of(process, folder)) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def _page_of(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    """Return the address at which the page is driven."""
    written = folder / "DevToolsActivePort"
    while not written.exists() or "\n" not in written.read_text():
        assert process.poll() is None, f"Chromium ended with {process.returncode}"
        time.sleep(_STEP_S)
    port = written.read_text().splitlines()[0]
    targets = httpx.get(f"http://127.0.0.1:{port}/json", timeout=_PATIENCE_S).json()
    return next(each["webSocketDebuggerUrl"] for each in targets if each["type"] == "page")
