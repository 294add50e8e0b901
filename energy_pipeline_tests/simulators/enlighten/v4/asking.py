"""Requests to the v4 face, with a good key and a fresh token."""

from collections.abc import Iterable, Iterator
from itertools import chain

import httpx

from energy_pipeline.simulators.enlighten.accounts import DEMO_API_KEY, DEMO_APPLICATION
from energy_pipeline.simulators.enlighten.app import EnlightenSimulator
from energy_pipeline.simulators.enlighten.battery import Battery
from energy_pipeline.simulators.enlighten.dataset import System
from energy_pipeline_tests.simulators.enlighten.asking import house, send

DAY_S = 86_400
TELEMETRY = {
    "telemetry/production_micro": ("production_micro", "enwh"),
    "telemetry/production_meter": ("production_meter", "wh_del"),
    "telemetry/consumption_meter": ("consumption", "enwh"),
    "energy_import_telemetry": ("grid_import", "wh_imported"),
    "energy_export_telemetry": ("grid_export", "wh_exported"),
    "telemetry/battery": ("battery_charge", "charge"),
}
"""Path, stream and member of the energy of every telemetry endpoint of a system."""
QUARTERLY = [path for path in TELEMETRY if not path.endswith("micro")]


def battery_house(**members) -> System:
    return house(**{"battery": Battery(capacity_wh=5000, power_w=2500)} | members)


def bearer(sim: EnlightenSimulator, application=DEMO_APPLICATION, **owner) -> dict[str, str]:
    return {"Authorization": f"Bearer {sim.new_tokens(application, **owner)['access_token']}"}


def ask(
    sim: EnlightenSimulator, path: str, method="GET", *, body: object = None, **params: object
) -> httpx.Response:
    """Send one request; a parameter that is None is left out."""
    query = {"key": DEMO_API_KEY} | params
    query = {name: value for name, value in query.items() if value is not None}
    content = {} if body is None else {"json": body}
    headers = bearer(sim)
    return send(sim, method, f"/api/v4{path}", params=query, headers=headers, **content)


def rows(answer: httpx.Response) -> list[dict]:
    """Return the intervals of an answer; lists in the list are opened."""
    assert answer.status_code == 200, answer.text
    return list(chain.from_iterable(_opened(answer.json()["intervals"])))


def _opened(intervals: Iterable) -> Iterator[list[dict]]:
    for each in intervals:
        yield each if isinstance(each, list) else [each]


def ends(answer: httpx.Response) -> list[int]:
    return [row["end_at"] for row in rows(answer)]


def refused(answer: httpx.Response) -> tuple[int, str]:
    """Return status and details of a refusal, whose code repeats the status."""
    body = answer.json()
    assert set(body) == {"message", "details", "code"}
    assert body["code"] == answer.status_code
    return answer.status_code, body["details"]
