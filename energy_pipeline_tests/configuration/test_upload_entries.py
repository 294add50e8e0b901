"""Uploads brought into a site file, every other character left as it is."""

from pathlib import Path

import pytest

from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.configuration.upload_entries import NewUpload, write_uploads
from energy_pipeline.errors import StoreError
from energy_pipeline_tests.configuration.documents import SETTINGS, VALID

PRODUCTION = NewUpload("rooftop-1", "production", 901, 91, "consumption", "kWh", before=101)
EXPORT = NewUpload("rooftop-1", "grid_export", 902, 91, "cumulative", "MWh")
BARE = """\
# my sites
sites:
- id: rooftop-1   # the first
  name: Rooftop 1
  timezone: UTC
  start: 2019-01-01
  enlighten: {system_id: 67, user_id: "4d7a"}  # a line

- id: other
  name: Other
  timezone: UTC
  start: 2019-01-01
  enlighten: {system_id: 68, user_id: "4d7a"}
# the end
"""


def written(folder: Path, text: str, *uploads: NewUpload) -> str:
    path = folder / "sites.yaml"
    path.write_text(text)
    write_uploads(path, uploads, SETTINGS)
    return path.read_text()


def test_the_id_of_a_meter_is_changed(tmp_path: Path) -> None:
    expected = VALID.replace("meter_id: 101", "meter_id: 901").replace("_id: 11", "_id: 91")

    assert written(tmp_path, VALID, PRODUCTION) == expected


def test_an_entry_is_added_behind_the_others(tmp_path: Path) -> None:
    text = written(tmp_path, VALID, EXPORT)
    lines = text.splitlines()
    at = lines.index("      - stream: grid_export")

    assert lines[at - 1] == "        opening_reading: 12.5"
    assert lines[at + 1 : at + 5] == [
        "        meter_id: 902",
        "        facility_id: 91",
        "        reading: cumulative",
        "        unit: MWh",
    ]
    assert lines[:at] + lines[at + 5 :] == VALID.splitlines()


def test_a_site_without_uploads_gets_them(tmp_path: Path) -> None:
    more = NewUpload("rooftop-1", "production", 901, 91, "consumption", "kWh")
    last = NewUpload("other", "consumption", 903, 92, "consumption", "Wh")
    text = written(tmp_path, BARE, EXPORT, more, last)
    registry = load_registry(tmp_path / "sites.yaml", SETTINGS)

    assert [[u.meter_id for u in site.uploads] for site in registry.sites] == [[902, 901], [903]]
    assert all(line in text.splitlines() for line in BARE.splitlines())
    assert text.endswith("# the end\n")


@pytest.mark.parametrize(
    "text",
    [
        "sites: [{id: rooftop-1, name: R, timezone: UTC, start: 2019-01-01, "
        'enlighten: {system_id: 1, user_id: "4d"}}]\n',
        BARE.replace("  name: Rooftop 1\n", "  name: Rooftop 1\n  uploads: []\n"),
    ],
)
def test_a_form_that_leaves_no_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(StoreError, match=r"by hand\nrooftop-1: \{stream: grid_export, "):
        written(tmp_path, text, EXPORT)
    assert (tmp_path / "sites.yaml").read_text() == text
    assert [each.name for each in tmp_path.iterdir()] == ["sites.yaml"]


def test_a_flow_entry_is_changed_in_its_place(tmp_path: Path) -> None:
    entry = "{stream: production, meter_id: 101, reading: consumption, unit: kWh}"
    text = BARE.replace("  # a line\n", f"\n  uploads:\n    - {entry}\n")

    assert written(tmp_path, text, PRODUCTION) == text.replace("101", "901")
