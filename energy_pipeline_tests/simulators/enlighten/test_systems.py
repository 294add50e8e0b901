from dataclasses import replace

import pytest

from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Grant
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline_tests.simulators.enlighten.asking import ask, house, simulator


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [system["system_id"] for system in answer.json()["systems"]]


def fleet(count, **members):
    one = house()
    return simulator(
        *(replace(one, system_id=n, name=f"House {n}") for n in range(1, count + 1)), **members
    )


def test_pages_follow_their_cursor_until_it_is_absent():
    sim, pages, cursor = fleet(7), [], None
    while True:
        answer = ask(sim, "/systems", limit=3, next=cursor)
        pages.append(ids(answer))
        cursor = answer.json().get("next")
        if cursor is None:
            break
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_page_has_a_hundred_systems_and_a_last_full_page_no_cursor():
    sim = fleet(100)
    answer = ask(sim, "/systems")
    assert len(ids(answer)) == 100
    assert "next" not in answer.json()
    assert len(ids(ask(fleet(101), "/systems"))) == 100


def test_the_cursor_is_written_like_a_user_id():
    cursor = ask(fleet(3), "/systems", limit=2).json()["next"]
    assert bytes.fromhex(cursor) == b"Mg==\n"


@pytest.mark.parametrize("params", [{"next": "zz"}, {"limit": "0"}, {"limit": "many"}])
def test_a_page_that_cannot_be_meant_is_refused(params):
    assert ask(fleet(1), "/systems", **params).status_code == 422


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"system_id": 2}, [2]),
        ({"system_id[]": [1, 3]}, [1, 3]),
        ({"system_name": "house 3"}, [3]),
        ({"status": "power"}, [2]),
        ({"status[]": ["power", "normal"]}, [1, 2, 3]),
        ({"connection_type": "cellular"}, [3]),
        ({"reference": "R-1"}, [1]),
        ({"installer": "nobody"}, []),
        ({"system_id": 2, "status": "normal"}, []),
    ],
)
def test_filters_take_one_value_or_several(params, expected):
    one = house()
    sim = simulator(
        replace(one, system_id=1, name="House 1", reference="R-1"),
        replace(one, system_id=2, name="House 2"),
        replace(one, system_id=3, name="House 3", connection_type="cellular"),
        faults=Faults(status={2: "power"}),
    )
    assert ids(ask(sim, "/systems", **params)) == expected


def test_only_granted_systems_are_seen():
    sim = fleet(4, grants={DEMO_USER_ID: Grant(frozenset({2, 4}))})
    assert ids(ask(sim, "/systems")) == [2, 4]


def test_a_listed_system_tells_zone_and_state():
    (listed,) = ask(simulator(), "/systems").json()["systems"]
    meta = ask(simulator(), "/systems/67/stats").json()["meta"]
    assert listed["timezone"] == "Europe/Helsinki"
    assert listed["meta"] == meta
    assert set(meta) == {"status", "last_report_at", "last_energy_at", "operational_at"}
    assert "reference" not in listed
