"""Site files of the tests, and what is wrong with them."""

from pathlib import Path

import pytest

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import ConfigurationError, Problem

SETTINGS = Settings(enlighten_api="v2")
USER_ID = "4d7a45774e6a41320a"

VALID = f"""\
sites:
  - id: rooftop-1
    name: Rooftop 1
    timezone: Europe/Helsinki
    start: 2019-01-01
    enlighten:
      api: v2
      system_id: 67
      user_id: {USER_ID}
      production: micro
    envoy:
      host: 192.168.1.67
      serial: "122117051926"
      tls_fingerprint: null
    streams:
      production: enlighten
    uploads:
      - stream: production
        meter_id: 101
        facility_id: 11
        reading: consumption
        unit: kWh
        opening_reading: 0
      - stream: production
        meter_id: 102
        reading: cumulative
        unit: MWh
        opening_reading: 12.5
  - id: warehouse-2
    name: Warehouse 2
    timezone: Asia/Kolkata
    start: 2022-06-15
    enlighten:
      system_id: 68
      user_id: {USER_ID}
    uploads:
      - stream: production
        meter_id: 201
        reading: cumulative
        unit: Wh
"""


def changed(*changes: tuple[str, str]) -> str:
    """Return the valid file with the first occurrence of each text replaced."""
    text = VALID
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def problems(folder: Path, text: str, settings: Settings = SETTINGS) -> list[Problem]:
    """Return the mistakes of a file, which must have some."""
    path = folder / "sites.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_registry(path, settings)
    return list(caught.value.problems)


def located(folder: Path, text: str, settings: Settings = SETTINGS) -> list[tuple[int, str]]:
    """Return line and member of every mistake."""
    return [
        (int(problem.where.removeprefix(f"{folder / 'sites.yaml'}:")), problem.member)
        for problem in problems(folder, text, settings)
    ]
