"""New entries: they read as what they were made of, and nothing that was there is changed."""

import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter

from energy_pipeline.configuration.members import SiteId
from energy_pipeline.configuration.site_entries import (
    Access,
    NewSite,
    entries_text,
    is_zone,
    unique_id,
)
from energy_pipeline.configuration.site_file import add_sites, known_sites
from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.errors import ConfigurationError
from energy_pipeline_tests.configuration.documents import SETTINGS, USER_ID, VALID

ACCESS = Access("v2", user_id=SecretStr(USER_ID))


def new_site(id: str = "larkspur-house", name: str = "Larkspur House", **members) -> NewSite:
    whole = {"timezone": "America/Denver", "start": date(2024, 6, 1), "system_id": 4127001}
    return NewSite(**{"id": id, "name": name, "access": ACCESS, **whole, **members})


def test_a_new_file_is_ready_and_for_its_owner_only(tmp_path: Path):
    path = tmp_path / "sites.yaml"
    assert add_sites(path, [new_site(), new_site("barn", "Barn", system_id=2)], SETTINGS) == path
    first, second = load_registry(path, SETTINGS).sites
    assert (first.id, first.name, first.timezone) == (
        "larkspur-house",
        "Larkspur House",
        "America/Denver",
    )
    assert first.start == date(2024, 6, 1)
    assert first.enlighten is not None
    assert first.enlighten.system_id == 4127001
    assert first.enlighten.user_id == SecretStr(USER_ID)
    assert second.id == "barn"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize(
    "old",
    [
        VALID,
        VALID.rstrip("\n"),
        f"# mine\n{VALID}\n# the end\n\n",
        VALID.replace("\n", "\r\n"),
        "sites:\n" + "".join(line[2:] + "\n" for line in VALID.splitlines()[1:]),
    ],
)
def test_entries_go_to_the_end_and_every_line_before_stays(tmp_path: Path, old: str):
    path = tmp_path / "sites.yaml"
    path.write_bytes(old.encode())
    path.chmod(0o640)
    assert add_sites(path, [new_site()], SETTINGS) == path
    assert path.read_bytes().startswith(old.encode())
    before = load_registry(_file(tmp_path, old), SETTINGS)
    assert load_registry(path, SETTINGS).sites[:-1] == before.sites
    assert load_registry(path, SETTINGS).sites[-1].id == "larkspur-house"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def _file(folder: Path, text: str) -> Path:
    path = folder / "before.yaml"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "old",
    [
        'sites: [{id: a, name: A, timezone: UTC, start: 2024-01-01, envoy: {host: h, serial: "1220'
        '00000001"}}]\n',
        VALID + "...\n",
    ],
)
def test_a_file_without_a_place_for_them_is_left_alone(tmp_path: Path, old: str):
    path = tmp_path / "sites.yaml"
    path.write_text(old)
    (tmp_path / "sites.new-1.yaml").write_text("mine")
    beside = add_sites(path, [new_site()], SETTINGS)
    assert beside == tmp_path / "sites.new-2.yaml"
    assert [site.id for site in load_registry(beside, SETTINGS).sites] == ["larkspur-house"]
    assert path.read_text() == old
    assert (tmp_path / "sites.new-1.yaml").read_text() == "mine"


def test_a_file_with_mistakes_is_not_touched(tmp_path: Path):
    path = tmp_path / "sites.yaml"
    path.write_text("sites: []\n")
    with pytest.raises(ConfigurationError, match="an empty list"):
        add_sites(path, [new_site()], SETTINGS)
    assert path.read_text() == "sites: []\n"


def test_a_link_stays_a_link(tmp_path: Path):
    real, path = tmp_path / "real.yaml", tmp_path / "sites.yaml"
    real.write_text(VALID)
    path.symlink_to(real)
    assert add_sites(path, [new_site()], SETTINGS) == path
    assert path.is_symlink()
    assert len(load_registry(real, SETTINGS).sites) == 3


def test_no_file_holds_no_sites(tmp_path: Path):
    assert known_sites(tmp_path / "sites.yaml", SETTINGS).sites == ()


def test_an_owner_is_named_where_there_is_one():
    text = entries_text([new_site(access=Access("v4", owner="true"))])
    assert '      owner: "true"\n' in text
    assert "user_id" not in text
    assert "owner" not in entries_text([new_site(access=Access("v4"))])


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Larkspur House", "larkspur-house"),
        ("Mökki, Järvenpää (2)", "mokki-jarvenpaa-2"),
        ("barn", "barn-3"),
        ("家", "system-7"),
        (None, "system-7"),
        ("  --  ", "system-7"),
    ],
)
def test_ids_are_made_of_names(name: str | None, id: str):
    assert unique_id(name, 7, {"barn", "barn-2"}) == id


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=6))
def test_every_name_gives_an_id_of_its_own_that_a_site_may_have(names: list[str | None]):
    ids: list[str] = []
    for number, name in enumerate(names):
        ids.append(unique_id(name, number, ids))
    assert len(set(ids)) == len(ids)
    assert [TypeAdapter(SiteId).validate_python(id) for id in ids] == ids


@given(name=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1))
def test_every_name_reads_as_it_was(tmp_path_factory: pytest.TempPathFactory, name: str):
    path = tmp_path_factory.mktemp("names") / "sites.yaml"
    id = unique_id(name, 7, ())
    assert add_sites(path, [new_site(id, name)], SETTINGS) == path
    assert [(site.id, site.name) for site in load_registry(path, SETTINGS).sites] == [(id, name)]


def test_zones():
    assert is_zone("US/Pacific")
    assert not is_zone("Pacific")
    assert not is_zone(None)
    assert not is_zone("")
