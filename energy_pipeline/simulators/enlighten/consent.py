"""Pages that people see: the owner signs in and allows or refuses an application its data."""

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl

from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from energy_pipeline.simulators.enlighten.accounts import Application, Owner
from energy_pipeline.simulators.enlighten.dataset import Fleet

_STYLE = """\
body { font-family: sans-serif; max-width: 26rem; margin: 4rem auto; line-height: 1.5 }
label { display: block; margin-top: 1rem }
input { width: 100%; padding: .4rem; box-sizing: border-box }
button { margin: 1.5rem .5rem 0 0; padding: .5rem 1.5rem }
[role=alert] { color: #a00 }
code { font-size: 1.2rem; overflow-wrap: anywhere }
"""


def page(title: str, content: str, status: int = 200) -> HTMLResponse:
    """Return a web page; `content` is HTML and everything in it is escaped already."""
    document = (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{content}</body></html>"
    )
    return HTMLResponse(document, status)


def consent_page(
    application: Application, hidden: Mapping[str, str], mistake: str = ""
) -> HTMLResponse:
    """Return the form on which the owner signs in and decides.

    Args:
        application: who asks.
        hidden: members that come back with the decision.
        mistake: what was wrong with the last attempt.
    """
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    told = f'<p role="alert">{escape(mistake)}</p>' if mistake else ""
    content = (
        f"<p><strong>{escape(application.name)}</strong> asks to read the data of your systems."
        f'</p>{told}<form method="post">{kept}'
        '<label>Email<input name="username" type="email" autocomplete="username"></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password">'
        "</label>"
        '<button name="decision" value="approve">Approve</button>'
        '<button name="decision" value="reject" formnovalidate>Reject</button></form>'
    )
    return page("Enlighten (simulated)", content, 401 if mistake else 200)


def code_page(title: str, text: str, code: str) -> HTMLResponse:
    """Return a page that shows something to copy."""
    return page(title, f'<p>{escape(text)}</p><p><code id="code">{escape(code)}</code></p>')


def problem_page(text: str, status: int = 400) -> HTMLResponse:
    """Return a page that says why nothing can be asked."""
    return page("This request cannot be shown", f'<p role="alert">{escape(text)}</p>', status)


async def form_of(request: Request) -> dict[str, str]:
    """Return the members of a posted form."""
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def owner_of(form: Mapping[str, str], fleet: Fleet) -> Owner | None:
    """Return who signed in; None when nobody has that email and password."""
    given = (form.get("username", ""), form.get("password", ""))
    return next((each for each in fleet.owners if (each.email, each.password) == given), None)


def is_web_address(address: str) -> bool:
    """Tell whether a browser can be sent there."""
    url = URL(address)
    return url.scheme in ("http", "https") and bool(url.hostname)


def sent_back(address: str, **members: str | None) -> RedirectResponse:
    """Send the browser to the application, with the members that are not None in the query."""
    told = {name: value for name, value in members.items() if value is not None}
    return RedirectResponse(str(URL(address).include_query_params(**told)), 302)
