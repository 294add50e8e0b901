"""An owner at the consent pages, as a browser would fill them in."""

from html.parser import HTMLParser

import httpx

from energy_pipeline.simulators.enlighten.accounts import DEMO_EMAIL, DEMO_PASSWORD
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline_tests.simulators.enlighten.asking import send

SIGN_IN = {"username": DEMO_EMAIL, "password": DEMO_PASSWORD}


class Form(HTMLParser):
    """The form of a page: its hidden members, fields and decisions."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.method = ""
        self.hidden: dict[str, str] = {}
        self.fields: set[str] = set()
        self.decisions: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag, attrs):
        members = dict(attrs)
        match tag, members.get("type"):
            case "form", _:
                self.method = members["method"]
            case "input", "hidden":
                self.hidden[members["name"]] = members["value"]
            case "input", _:
                self.fields.add(members["name"])
            case "button", _:
                self.decisions.append(members["value"])


def decide(sim: EnlightenSimulator, url: str, decision="approve", **typed) -> httpx.Response:
    """Open a consent page, fill it in and press a button."""
    form = Form(send(sim, "GET", url))
    assert form.method == "post"
    data = {**form.hidden, **SIGN_IN, **typed, "decision": decision}
    return send(sim, "POST", url, data=data)
