"""Bodies that do not change by themselves, plans field by field, and the guards."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.sinks.enerkey.provisioning.guards import Terms, refusals
from energy_pipeline.sinks.enerkey.provisioning.plan import Plan, personal_values, plan_of
from energy_pipeline.sinks.enerkey.provisioning.snapshot import Snapshot
from energy_pipeline_tests.sinks.enerkey.provisioning.files import (
    customer,
    customers,
    facilities,
    facility,
    meter,
)

FIVE = [customer(f"C-{n}") for n in range(1, 6)]
COMPLETE = Terms(is_complete=True)


def why(plan: Plan, **terms: object) -> str:
    return "; ".join(refusals(plan, Terms(**{"is_complete": True, **terms})))


def test_body_is_sorted_and_holds_what_is_there_alone() -> None:
    snapshot = customers(customer("C-2", email="b@example.com"), customer("C-1", city=None))

    assert orjson.loads(snapshot.body) == [customer("C-1"), customer("C-2", email="b@example.com")]
    assert (
        snapshot.body
        == customers(*reversed([customer("C-1"), customer("C-2", email="b@example.com")])).body
    )
    assert b" " not in snapshot.body.replace(b"Customer ", b"")


def test_facilities_are_sorted_all_the_way_down() -> None:
    rows = [
        facility("F-2"),
        facility("F-1", meter("M-2"), meter("M-1", meter("M-4"), meter("M-3"))),
    ]
    properties = [{"name": "volume", "value": 2}, {"name": "area", "value": 1, "unit": "m2"}]
    snapshot = facilities(*rows, facility("F-3", properties=properties))
    first, _, third = orjson.loads(snapshot.body)["facilities"]

    assert [each["externalMeterId"] for each in first["meters"]] == ["M-1", "M-2"]
    assert [each["externalMeterId"] for each in first["meters"][0]["subMeters"]] == ["M-3", "M-4"]
    assert "meters" not in third
    assert third["properties"] == [{"name": "area", "value": 1, "unit": "m2"}, properties[0]]


def test_plan_field_by_field() -> None:
    old = customers(
        customer("C-1", "Old name", email="a@example.com", city="Oulu"),
        customer("C-2"),
        customer("C-3", companyOvt="0037"),
    )
    new = customers(
        customer("C-1", "New name", "1001", email="b@example.com", phoneNumber="1"),
        customer("C-3", companyOvt="0037"),
        customer("C-4"),
    )
    rows = [tuple(row.values()) for row in plan_of(new, [old]).rows()]

    assert rows == [
        ("deleted", "customer", "C-2", "Customer C-2", "", "", ""),
        ("renamed", "customer", "C-1", "New name", "name", "Old name", "New name"),
        ("changed", "customer", "C-1", "New name", "productCode", "1000", "1001"),
        ("changed", "customer", "C-1", "New name", "email", "(not shown)", "(not shown)"),
        ("changed", "customer", "C-1", "New name", "phoneNumber", "nothing", "(not shown)"),
        ("changed", "customer", "C-1", "New name", "city", "(not shown)", "nothing"),
        ("added", "customer", "C-4", "Customer C-4", "", "", ""),
    ]
    assert plan_of(new, [old]).renamed["C-1"].after == "New name"


def test_plan_of_facilities() -> None:
    old = facilities(facility("F-1", meter("M-1", meter("M-2")), meter("M-3")))
    area = [{"name": "area", "value": 100.0, "unit": "m2"}]
    new = facilities(
        facility("F-1", meter("M-1", readingType="cumulative"), meter("M-2"), properties=area)
    )
    rows = [tuple(row.values()) for row in plan_of(new, [old]).rows()]

    assert rows == [
        ("deleted", "meter", "M-3", "Meter M-3", "", "", ""),
        ("changed", "facility", "F-1", "Facility F-1", "property area", "nothing", "100.0 m2"),
        ("changed", "meter", "M-1", "Meter M-1", "readingType", "consumption", "cumulative"),
        ("changed", "meter", "M-2", "Meter M-2", "part of", "M-1", "nothing"),
    ]


def test_nothing_changes() -> None:
    plan = plan_of(customers(*FIVE), [customers(*reversed(FIVE))])

    assert plan.is_empty
    assert (plan.before, plan.after, plan.rows()) == (5, 5, [])
    assert refusals(plan, COMPLETE) == []


@pytest.mark.parametrize(
    ("moved", "is_seen"),
    [
        (customer("C-9", "Customer C-1"), True),
        (customer("C-9", "Other", companyOvt="0037"), True),
        (customer("C-9", "Other", companyOvt="0038"), False),
    ],
)
def test_changed_id_is_delete_and_create(moved: dict, is_seen: bool) -> None:
    old = customers(customer("C-1", companyOvt="0037"), *FIVE[1:])
    plan = plan_of(customers(moved, *FIVE[1:]), [old])

    assert [thing.id for thing in plan.deleted] == ["C-1"]
    assert plan.moved == ({"C-1": "C-9"} if is_seen else {})
    assert ("whose id became C-9: delete and create" in why(plan)) == is_seen


def test_first_snapshot_needs_the_number_of_customers() -> None:
    plan = plan_of(customers(*FIVE), [])

    assert "set `existing_customers`" in why(plan)
    assert "at least 2 would be deleted" in why(plan, existing_customers=7)
    assert "at least 1 would be deleted" in why(plan, existing_customers=6)
    assert why(plan, existing_customers=5) == ""


def test_later_snapshots_do_not_ask_for_it() -> None:
    assert why(plan_of(customers(*FIVE), [customers(*FIVE)]), existing_customers=99) == ""


def test_incomplete_file() -> None:
    plan = plan_of(customers(*FIVE), [customers(*FIVE)])

    assert "`complete: true` is missing" in why(plan, is_complete=False)


def test_deletion_needs_its_id() -> None:
    plan = plan_of(customers(*FIVE[2:]), [customers(*FIVE)])

    assert 'confirm_delete: ["C-1", "C-2"]' in why(plan)
    assert "customer C-1 (Customer C-1), customer C-2 (Customer C-2)" in why(plan)
    assert 'confirm_delete: ["C-2"]' in why(plan, confirm_delete=frozenset({"C-1"}))
    assert why(plan, confirm_delete=frozenset({"C-1", "C-2", "C-99"})) == ""


def test_half_needs_the_plan_too() -> None:
    plan = plan_of(customers(*FIVE[:2]), [customers(*FIVE)])
    named = frozenset({"C-3", "C-4", "C-5"})

    assert f'confirm_plan: "{plan.hash}"' in why(plan, confirm_delete=named)
    assert "(found other)" in why(plan, confirm_delete=named, confirm_plan="other")
    assert why(plan, confirm_delete=named, confirm_plan=plan.hash) == ""
    assert "confirm_delete" in why(plan, confirm_plan=plan.hash)


def test_exactly_half_is_half() -> None:
    four, named = FIVE[:4], frozenset({"C-3", "C-4"})
    half, less = plan_of(customers(*FIVE[:2]), [customers(*four)]), [customers(*FIVE)]

    assert "2 of 4 would be deleted, half or more" in why(half, confirm_delete=named)
    assert why(plan_of(customers(*FIVE[:2], FIVE[4]), less), confirm_delete=named) == ""


def test_half_of_any_earlier_snapshot() -> None:
    """What was only tried does not make a loss look small."""
    many = customers(*FIVE, *(customer(f"D-{n}") for n in range(20)))
    plan = plan_of(
        customers(*FIVE[:2], *(customer(f"D-{n}") for n in range(20))), [customers(*FIVE), many]
    )

    assert "half or more" in why(plan, confirm_delete=frozenset({"C-3", "C-4", "C-5"}))


def test_another_plan_has_another_hash() -> None:
    bases = [customers(*FIVE)]
    hashes = {
        plan_of(customers(*FIVE[:2]), bases).hash,
        plan_of(customers(*FIVE[:3]), bases).hash,
        plan_of(customers(*FIVE[:2]), [customers(*FIVE[:4])]).hash,
        plan_of(Snapshot("facilities", b'{"facilities":[]}'), []).hash,
    }

    assert len(hashes) == 4


def test_empty_is_never_sent() -> None:
    everybody = frozenset(each["externalCustomerId"] for each in FIVE)
    plan = plan_of(customers(), [customers(*FIVE)])
    first = plan_of(customers(), [])

    assert "cannot be confirmed" in why(plan, confirm_delete=everybody, confirm_plan=plan.hash)
    assert "cannot be confirmed" in why(first, existing_customers=0)


def test_facilities_have_the_same_guards() -> None:
    old = facilities(facility("F-1", meter("M-1")), facility("F-2", meter("M-2"), meter("M-3")))
    lost = plan_of(facilities(facility("F-1", meter("M-1")), facility("F-2", meter("M-2"))), [old])

    assert 'confirm_delete: ["M-3"]' in why(lost)
    assert why(plan_of(facilities(facility("F-1")), [])) == ""
    assert why(plan_of(facilities(), [])) == ""
    assert "empty" in why(plan_of(facilities(), [old]))


def test_personal_values() -> None:
    snapshot = customers(customer("C-1", email="a@example.com", country="FI"))

    assert personal_values(snapshot) == {"a@example.com", "FI"}
    assert "a@example.com" not in repr(snapshot)


IDS = st.sampled_from([f"C-{n}" for n in range(8)])
SNAPSHOTS = st.sets(IDS, max_size=8).map(lambda ids: customers(*map(customer, sorted(ids))))


def ids_of(snapshot: Snapshot) -> set[str]:
    return {each["externalCustomerId"] for each in snapshot.objects()}


@st.composite
def compared(draw: st.DrawFn) -> tuple[Snapshot, list[Snapshot], frozenset[str]]:
    """A snapshot, what it is compared with, and ids that are named: mostly nearly enough."""
    bases = draw(st.lists(SNAPSHOTS, max_size=3))
    there = {id for base in bases for id in ids_of(base)}
    lost = {id for id in there if draw(st.booleans())}
    new = customers(*map(customer, sorted(there - lost | draw(st.sets(IDS, max_size=2)))))
    forgotten = draw(st.frozensets(IDS, max_size=1))
    return new, bases, frozenset(there - ids_of(new)) - forgotten


@given(
    pair=compared(),
    knows_the_plan=st.booleans(),
    is_complete=st.booleans(),
    existing=st.none() | st.integers(0, 9),
)
def test_no_customer_is_lost_that_nobody_named(
    pair: tuple[Snapshot, list[Snapshot], frozenset[str]],
    knows_the_plan: bool,
    is_complete: bool,
    existing: int | None,
) -> None:
    new, bases, confirmed = pair
    plan = plan_of(new, bases)
    confirm_plan = plan.hash if knows_the_plan else None
    terms = Terms(is_complete, existing, confirmed, confirm_plan)
    if refusals(plan, terms):
        return
    for base in bases:
        lost = ids_of(base) - ids_of(new)
        assert lost <= confirmed
        assert knows_the_plan or 2 * len(lost) < len(ids_of(base)) or not lost
    assert is_complete
    assert ids_of(new)
    assert bases or (existing is not None and existing <= len(ids_of(new)))
