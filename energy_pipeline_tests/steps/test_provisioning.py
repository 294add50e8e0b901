"""Snapshots sent to a tenant that really deletes: guards, lost answers, deaths, EnerKey's words."""

import logging
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.errors import (
    AccessRefused,
    EnergyPipelineError,
    ImportFailed,
    NotFound,
    OutcomeUnknown,
    QuotaSpent,
    RequestRefused,
    ServiceUnavailable,
    StoreError,
)
from energy_pipeline.simulators.enerkey import SIMULATED_TENANT_KEY_A, Fault
from energy_pipeline.sinks.enerkey.provisioning.discretion import without_personal
from energy_pipeline.steps.provisioning import (
    Confirmed,
    PlanRefused,
    kept_runs,
    plan_snapshot,
    provision,
    read_file,
)
from energy_pipeline_tests.sinks.enerkey.conftest import ServerClock
from energy_pipeline_tests.sinks.enerkey.provisioning.files import customer, facility, meter
from energy_pipeline_tests.steps.provisioning_process import run_provision
from energy_pipeline_tests.steps.tenancy import FIVE, Tenancy, tenancy

SEND, ASK = "provisionCustomers", "getProvisioningStatus"
SENDS = frozenset({SEND})


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Tenancy]:
    """A tenant that has taken five customers."""
    with tenancy(tmp_path) as made:
        made.write()
        provision(made.bench, "customers")
        yield made


def there(made: Tenancy) -> list[str]:
    return list(made.simulator.customers)


def sent(made: Tenancy) -> list[int | None]:
    return [status for operation, status in made.operations() if operation == SEND]


def test_first_snapshot_is_followed_to_its_end(tmp_path: Path) -> None:
    with tenancy(tmp_path) as made:
        made.write()
        report = provision(made.bench, "customers")

        assert report.end is not None
        assert (report.end.status.word, report.end.was_known) == ("Completed", False)
        assert (report.end.status.created, len(report.plan.added)) == (5, 5)
        assert there(made) == ["C-1", "C-2", "C-3", "C-4", "C-5"]
        assert made.operations() == [(SEND, 202), (ASK, 200), (ASK, 200), (ASK, 200)]
        assert made.clock.slept_s == [5, 10, 20]
        assert report.requests_spent == 4


def test_the_same_again_is_208_and_one_question(ours: Tenancy) -> None:
    before = len(ours.operations())
    report = provision(ours.bench, "customers")

    assert report.end is not None
    assert report.end.was_known
    assert report.plan.is_empty
    assert ours.operations()[before:] == [(SEND, 208), (ASK, 200)]


def test_a_customer_left_out_is_refused_and_nothing_is_sent(ours: Tenancy) -> None:
    ours.write(FIVE[1:])
    before = len(ours.operations())

    with pytest.raises(PlanRefused, match=r'C-1 \(Customer C-1\).*confirm_delete: \["C-1"\]'):
        provision(ours.bench, "customers")

    assert ours.operations()[before:] == []
    assert len(there(ours)) == 5


def test_a_customer_that_is_named_is_deleted(ours: Tenancy) -> None:
    ours.write(FIVE[1:])
    provision(ours.bench, "customers", Confirmed(frozenset({"C-1"})))

    assert there(ours) == ["C-2", "C-3", "C-4", "C-5"]
    assert provision(ours.bench, "customers").plan.is_empty


def test_half_of_them_needs_the_plan(ours: Tenancy) -> None:
    ours.write(FIVE[3:])
    named = frozenset({"C-1", "C-2", "C-3"})
    report = plan_snapshot(ours.bench, "customers", read_file(ours.bench), Confirmed(named))

    with pytest.raises(PlanRefused, match="half or more"):
        provision(ours.bench, "customers", Confirmed(named))
    provision(ours.bench, "customers", Confirmed(named, report.plan.hash))

    assert there(ours) == ["C-4", "C-5"]


def test_an_empty_file_is_never_sent(ours: Tenancy) -> None:
    ours.write([])
    everybody = frozenset(each["externalCustomerId"] for each in FIVE)
    plan = plan_snapshot(ours.bench, "customers", read_file(ours.bench)).plan

    with pytest.raises(PlanRefused, match="cannot be confirmed"):
        provision(ours.bench, "customers", Confirmed(everybody, plan.hash))
    assert sent(ours) == [202]


@pytest.mark.parametrize("told", [{"complete": False}, {"existing_customers": 6}])
def test_first_snapshot_refused(tmp_path: Path, told: dict[str, Any]) -> None:
    with tenancy(tmp_path) as made:
        made.write(**told)
        with pytest.raises(PlanRefused):
            provision(made.bench, "customers")
        assert made.operations() == []


class Death(BaseException):
    """The process is gone."""


class MortalClock(ServerClock):
    """Dies at a wait."""

    async def sleep(self, seconds: float) -> None:
        raise Death(seconds)


def dies(made: Tenancy) -> None:
    mortal = MortalClock(made.simulator.clock)
    with pytest.raises(Death):
        provision(replace(made.bench, clock=mortal), "customers")


def test_a_restart_goes_on_asking(tmp_path: Path) -> None:
    with tenancy(tmp_path) as made:
        made.write()
        dies(made)
        assert made.operations() == [(SEND, 202)]
        report = provision(made.bench, "customers")

        assert sent(made) == [202]
        assert report.end is not None
        assert report.end.status.created == 5
        assert len(report.plan.added) == 5


def test_a_killed_process_leaves_the_id_of_its_run(tmp_path: Path) -> None:
    with tenancy(tmp_path) as made:
        made.write()
        settings = made.bench.settings
        environ = {
            "ENERKEY_BASE_URL": settings.enerkey_base_url,
            "ENERKEY_TENANT_KEY_A": SIMULATED_TENANT_KEY_A,
            "ENERGY_PROVISIONING_FILE": str(made.file),
        }
        process = multiprocessing.get_context("forkserver").Process(
            target=run_provision, args=(tmp_path, environ, made.bench.registry)
        )
        process.start()
        kept = kept_runs(made.bench, "customers")
        while not any(run.run_id for run in kept.all()):
            assert process.is_alive()
            process.join(0.02)
        process.kill()  # it waits for seconds before its first question
        process.join()
        assert made.operations() == [(SEND, 202)]
        report = provision(made.bench, "customers")

        assert sent(made) == [202]
        assert report.end is not None
        assert report.end.status.created == 5


def test_a_restart_with_another_file_asks_first_and_sends_then(tmp_path: Path) -> None:
    with tenancy(tmp_path) as made:
        made.write()
        dies(made)
        made.write([*FIVE, customer("C-6")])
        report = provision(made.bench, "customers")

        assert sent(made) == [202, 202]
        assert [thing.id for thing in report.plan.added] == ["C-6"]


@pytest.mark.parametrize("kind", ["close_after_commit", "error_500_after_commit"])
def test_a_lost_answer_is_asked_for_with_the_same_bytes(tmp_path: Path, kind: Any) -> None:
    with tenancy(tmp_path, faults=[Fault(kind=kind, operations=SENDS)]) as made:
        made.write()
        report = provision(made.bench, "customers")

        assert sent(made)[1:] == [208]
        assert report.end is not None
        assert report.end.status.created == 5


def test_two_lost_answers_end_the_run_and_the_next_one_finds_out(tmp_path: Path) -> None:
    lost = Fault(kind="close_after_commit", operations=SENDS, times=2)
    with tenancy(tmp_path, faults=[lost]) as made:
        made.write()
        with pytest.raises(OutcomeUnknown, match="run it again"):
            provision(made.bench, "customers")
        report = provision(made.bench, "customers")

        assert sent(made) == [None, None, 208]
        assert report.end is not None
        assert len(there(made)) == 5


def test_what_may_have_arrived_is_compared_too(ours: Tenancy) -> None:
    """C-6 may exist since its snapshot got lost: a file without it deletes it."""
    lost = Fault(kind="close_after_commit", operations=SENDS, times=2)
    ours.simulator.faults.replace([lost])
    ours.write([*FIVE, customer("C-6")])
    with pytest.raises(OutcomeUnknown):
        provision(ours.bench, "customers")
    ours.write()

    with pytest.raises(PlanRefused, match=r"customer C-6"):
        provision(ours.bench, "customers")
    assert "C-6" in there(ours)


def after_a_lost_answer(ours: Tenancy, *faults: Fault) -> None:
    """A snapshot with C-6 got lost on its way back; nothing that comes later tells of its fate."""
    ours.simulator.faults.replace(faults)
    ours.write([*FIVE, customer("C-6")])
    with pytest.raises(EnergyPipelineError):
        provision(ours.bench, "customers")


def is_remembered(ours: Tenancy) -> None:
    ours.write()
    with pytest.raises(PlanRefused, match=r"customer C-6"):
        provision(ours.bench, "customers")
    assert "C-6" in there(ours)


@pytest.mark.parametrize("status", [400, 403, 409, 413])
def test_a_no_to_the_same_bytes_does_not_make_a_lost_snapshot_forgotten(
    ours: Tenancy, status: int
) -> None:
    lost = Fault(kind="close_after_commit", operations=SENDS)
    refused = Fault(kind="gateway_error", status=status, operations=SENDS)
    after_a_lost_answer(ours, lost, refused)
    is_remembered(ours)


@pytest.mark.parametrize("status", [400, 403, 409])
def test_nor_does_one_in_a_later_run(ours: Tenancy, status: int) -> None:
    after_a_lost_answer(ours, Fault(kind="close_after_commit", operations=SENDS, times=2))
    after_a_lost_answer(ours, Fault(kind="gateway_error", status=status, operations=SENDS))
    is_remembered(ours)


def test_nor_do_the_requests_of_a_day_that_are_used_up(ours: Tenancy) -> None:
    after_a_lost_answer(ours, Fault(kind="close_after_commit", operations=SENDS, times=2))
    spent = ours.bench.settings.model_copy(update={"enerkey_requests_per_day": 1})
    with pytest.raises(QuotaSpent):
        provision(replace(ours.bench, settings=spent), "customers")
    is_remembered(ours)


def test_a_confirmed_plan_stays_the_same_after_a_lost_answer(ours: Tenancy) -> None:
    lost = Fault(kind="close_before_body", operations=SENDS, times=2)
    ours.simulator.faults.replace([lost])
    ours.write(FIVE[3:])
    plan = plan_snapshot(ours.bench, "customers", read_file(ours.bench)).plan
    confirmed = Confirmed(frozenset({"C-1", "C-2", "C-3"}), plan.hash)
    with pytest.raises(OutcomeUnknown):
        provision(ours.bench, "customers", confirmed)
    assert len(there(ours)) == 5

    provision(ours.bench, "customers", confirmed)
    assert there(ours) == ["C-4", "C-5"]


@pytest.mark.parametrize("kind", ["import_partial", "import_fails"])
def test_a_run_that_ends_badly_fails_in_enerkeys_words(tmp_path: Path, kind: Any) -> None:
    with tenancy(tmp_path, faults=[Fault(kind=kind, operations=SENDS)]) as made:
        made.write()
        words = "ended as (CompletedWithErrors|Failed): .*(could not be imported|import failed)"
        with pytest.raises(ImportFailed, match=words):
            provision(made.bench, "customers")
        assert kept_runs(made.bench, "customers").accepted() is None


def test_the_208_of_a_bad_run_is_no_success(tmp_path: Path) -> None:
    with tenancy(tmp_path, faults=[Fault(kind="import_partial", operations=SENDS)]) as made:
        made.write()
        for _ in range(2):
            with pytest.raises(ImportFailed):
                provision(made.bench, "customers")
        assert sent(made) == [202, 208]


def test_what_a_bad_run_may_have_made_is_not_lost_by_accident(tmp_path: Path) -> None:
    with tenancy(tmp_path, faults=[Fault(kind="import_partial", operations=SENDS)]) as made:
        made.write()
        with pytest.raises(ImportFailed):
            provision(made.bench, "customers")
        made.write(FIVE[1:])
        with pytest.raises(PlanRefused, match="customer C-1"):
            provision(made.bench, "customers")


def test_a_run_that_takes_too_long_is_left_and_found_again(tmp_path: Path) -> None:
    slow = Fault(kind="import_slow", seconds=3600, operations=SENDS)
    with tenancy(tmp_path, faults=[slow]) as made:
        made.write()
        with pytest.raises(ServiceUnavailable, match="still Processing after half an hour"):
            provision(made.bench, "customers")
        assert sum(made.clock.slept_s) == pytest.approx(1800, abs=60)
        made.clock.advance(1800)
        report = provision(made.bench, "customers")

        assert sent(made) == [202]
        assert report.end is not None


def test_another_run_at_enerkey_is_waited_for_elsewhere(ours: Tenancy) -> None:
    """Somebody else provisions: a conflict changes nothing here."""
    ours.simulator.faults.replace([Fault(kind="gateway_error", status=409, operations=SENDS)])
    ours.write([*FIVE, customer("C-6")])

    with pytest.raises(ServiceUnavailable):
        provision(ours.bench, "customers")
    assert kept_runs(ours.bench, "customers").all()[-1].state == "completed"


def test_what_enerkey_refuses_has_changed_nothing(ours: Tenancy) -> None:
    ours.simulator.faults.replace([Fault(kind="gateway_error", status=400, operations=SENDS)])
    ours.write([*FIVE, customer("C-6")])
    with pytest.raises(RequestRefused, match="nothing has changed"):
        provision(ours.bench, "customers")
    ours.write()

    assert provision(ours.bench, "customers").plan.is_empty


def test_a_wrong_key(tmp_path: Path) -> None:
    with tenancy(tmp_path, settings={"ENERKEY_TENANT_KEY_A": "wrong"}) as made:
        made.write()
        with pytest.raises(AccessRefused):
            provision(made.bench, "customers")
        assert kept_runs(made.bench, "customers").all() == []


def test_a_read_only_connection_sends_no_snapshot(ours: Tenancy) -> None:
    ours.write([*FIVE, customer("C-6")])
    settings = ours.bench.settings.model_copy(update={"enerkey_read_only": True})
    before = sent(ours)
    with pytest.raises(AccessRefused, match="ENERKEY_READ_ONLY is true; nothing was sent"):
        provision(replace(ours.bench, settings=settings), "customers")

    assert sent(ours) == before
    assert [run.state for run in kept_runs(ours.bench, "customers").all()] == ["completed"]


def test_no_tenant_key(tmp_path: Path) -> None:
    with tenancy(tmp_path, settings={"ENERKEY_TENANT_KEY_A": ""}) as made:
        made.write()
        with pytest.raises(AccessRefused, match="set ENERKEY_TENANT_KEY_A"):
            provision(made.bench, "customers")
        assert made.operations() == []


def test_a_run_that_enerkey_does_not_know(tmp_path: Path) -> None:
    with tenancy(tmp_path, status_parameter="query_provisioningId") as made:
        made.write()
        with pytest.raises((NotFound, RequestRefused)):
            provision(made.bench, "customers")


@pytest.mark.parametrize(
    "switches",
    [
        {"accepted_body": "json_string"},
        {"accepted_body": "location_header"},
        {"provisioning_id": "integer"},
        {"status_values": "lower_case"},
        {"same_snapshot_test": "bytes"},
        {"same_snapshot_test": "normalized_hash"},
        {"overlapping_runs": "queued"},
        {"rate_headers": "single_only"},
        {"empty_customers_snapshot": "refuse_400"},
        {"error_body": "empty"},
        {"json_naming": "PascalCase"},
    ],
    ids=str,
)
def test_other_readings_of_the_contract(tmp_path: Path, switches: dict[str, Any]) -> None:
    with tenancy(tmp_path, **switches) as made:
        made.write()
        provision(made.bench, "customers")
        provision(made.bench, "customers")

        assert sent(made) == [202, 208]
        assert len(there(made)) == 5


def test_words_that_are_not_known_are_not_final(tmp_path: Path) -> None:
    with tenancy(tmp_path, status_values="numeric") as made:
        made.write()
        with pytest.raises(ServiceUnavailable, match="still 2"):
            provision(made.bench, "customers")


def test_one_at_a_time(ours: Tenancy) -> None:
    name = f"provisioning/{ours.bench.settings.enerkey_base_url}"
    with ours.bench.locks.hold(name), pytest.raises(StoreError, match="another process"):
        provision(ours.bench, "customers")


BUILDING = facility("F-1", meter("M-1"))


def test_facilities_are_made(ours: Tenancy) -> None:
    ours.write(facilities=[BUILDING])
    report = provision(ours.bench, "facilities")

    assert [thing.id for thing in report.plan.added] == ["F-1", "M-1"]
    assert provision(ours.bench, "facilities").plan.is_empty
    (mine,) = [each for each in ours.simulator.profiles if each.customer == "C-1"]
    assert [each.external_id for each in mine.meters][-1] == "M-1"


def test_facilities_of_a_customer_that_enerkey_has_not_taken(ours: Tenancy) -> None:
    ours.write([*FIVE, customer("C-6")], facilities=[facility("F-1", of="C-6")])

    with pytest.raises(PlanRefused, match="not taken these customers of facilities yet: C-6"):
        provision(ours.bench, "facilities")


def test_a_facility_left_out_is_refused(ours: Tenancy) -> None:
    ours.write(facilities=[BUILDING, facility("F-2"), facility("F-3")])
    provision(ours.bench, "facilities")
    ours.write(facilities=[BUILDING, facility("F-2")])

    with pytest.raises(PlanRefused, match=r"facility F-3"):
        provision(ours.bench, "facilities")


def test_no_facilities_are_nothing_to_send(ours: Tenancy) -> None:
    before = len(ours.operations())

    assert provision(ours.bench, "facilities").end is None
    assert ours.operations()[before:] == []


def test_enerkeys_words_may_quote_a_person() -> None:
    values = {"owner@example.com", "Jyväskylä", "FI"}
    said = "[2].email C-3: 'OWNER@example.com' in Jyväskylä is no FINE address"

    assert without_personal(said, values) == "[2].email C-3: '***' in *** is no FINE address"
    assert without_personal(said, {"FI"}) == said


def test_personal_data_is_in_no_message_and_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    person = customer(
        "C-9",
        "Somebody",
        "1000",
        streetAddress="Esimerkkikatu 17",
        city="Jyväskylä",
        email="owner@example.com",
        phoneNumber="+358401234567",
    )
    hidden = ("Esimerkkikatu", "Jyväskylä", "owner@example.com", "358401234567")
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    fault = Fault(kind="import_partial", operations=SENDS)
    with caplog.at_level(logging.DEBUG), tenancy(tmp_path, faults=[fault]) as made:
        made.write([*FIVE, person])
        with pytest.raises(ImportFailed) as failed:
            provision(made.bench, "customers")
        made.write([*FIVE[1:], {**person, "city": "Oulu"}])
        with pytest.raises(PlanRefused) as refused:
            provision(made.bench, "customers")
        shown = str(failed.value) + str(refused.value) + caplog.text
        shown += str(refused.value.report.plan.rows()) + repr(refused.value.report)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for value in hidden:
        assert value not in shown
    assert b"owner@example.com" in (tmp_path / "state.db").read_bytes()
