"""One answer of a gateway, and how it goes over the wire.

Behind the web server each path belongs to another process, with other headers and another way to
write JSON; `Process` names them.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from energy_pipeline.simulators.server import drop_connection

Process = Literal["static", "ui", "api", "ivp", "web"]
"""`/info`; slow pages, chunked; `/api/v1`; `/ivp`, without Content-Type; the web server itself."""

_INDENT: dict[Process, int | None] = {"api": 2, "ivp": 4}
_SERVER = (b"server", b"openresty/1.17.8.1")
_NO_CACHE = ((b"pragma", b"no-cache"), (b"expires", b"1"), (b"cache-control", b"no-cache"))
_SECURITY = (
    (b"strict-transport-security", b"max-age=63072000; includeSubdomains"),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True)
class Answer:
    """What a path says.

    Attributes:
        body: as sent.
        process: decides headers.
        status: HTTP status.
        content_type: None sends none.
        is_cut: only half of the body arrives, then the connection breaks.
        headers: further ones.
    """

    body: bytes
    process: Process
    status: int = 200
    content_type: str | None = None
    is_cut: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_answer(process: Process, document: object) -> Answer:
    """Return a document written in the manner of its process."""
    indent = _INDENT.get(process)
    separators = None if indent else (",", ":")
    text = json.dumps(document, indent=indent, separators=separators)
    content_type = None if process == "ivp" else "application/json"
    end = "\n" if indent else ""
    return Answer((text + end).encode(), process, content_type=content_type)


def page(status: int, title: str, body: str = "<hr><center>openresty/1.17.8.1</center>") -> Answer:
    """Return a page of the web server."""
    head = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
    text = f"{head}<center><h1>{title}</h1></center>\r\n{body}\r\n</body>\r\n</html>\r\n"
    return Answer(text.encode(), "web", status, "text/html")


def unauthorized(login_page: str) -> Answer:
    """Return the page that sends a browser to the login, with status 401 and no such header."""
    link = (
        "<hr><center>Redirecting to <a id='link' href=''></a></center>\r\n<script>\r\n"
        "const target = window.location.protocol + '//' + window.location.host"
        f" + '{login_page}';\r\ndocument.getElementById('link').href = target;\r\n</script>"
    )
    return page(401, "401 Authorization Required", link)


class WireAnswer(Response):
    """An answer on its way to the client.

    Args:
        answer: what is said.
        at: the gateway's own time (aware, UTC).
        cookie: a session that the client is to keep; None sends none.
    """

    def __init__(self, answer: Answer, at: datetime, cookie: str | None = None) -> None:
        super().__init__(answer.body, answer.status)
        self._is_cut = answer.is_cut
        self._is_chunked = answer.process == "ui"
        self.raw_headers = _headers(answer, at, cookie)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send head and body, or as much of them as is to arrive."""
        head = {"type": "http.response.start", "status": self.status_code}
        await send({**head, "headers": self.raw_headers})
        half = len(self.body) // 2 if self._is_cut or self._is_chunked else len(self.body)
        begin, end = bytes(self.body[:half]), bytes(self.body[half:])
        if end:
            await send({"type": "http.response.body", "body": begin, "more_body": True})
            if self._is_cut:
                await drop_connection(scope, receive)
                return
        await send({"type": "http.response.body", "body": end or begin})


def _headers(answer: Answer, at: datetime, cookie: str | None) -> list[tuple[bytes, bytes]]:
    headers = [_SERVER, (b"date", format_datetime(at, usegmt=True).encode())]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode()))
    if answer.process != "ui":
        headers.append((b"content-length", str(len(answer.body)).encode()))
    headers.append((b"connection", b"keep-alive"))
    if cookie:
        headers.append((b"set-cookie", f"sessionId={cookie}; Secure; HttpOnly; path=/".encode()))
    if answer.process == "ui" or (answer.process == "static" and answer.content_type):
        headers.extend(_NO_CACHE)
    if answer.process != "web":
        headers.extend(_SECURITY)
    return [*headers, *answer.headers]
