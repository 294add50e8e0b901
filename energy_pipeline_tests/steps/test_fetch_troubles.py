"""When things go wrong: quotas, faults, refusals, a service that is down; and nothing is told."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from energy_pipeline.errors import (
    ConfigurationError,
    EnergyPipelineError,
    NothingDone,
    ServiceUnavailable,
    StoreError,
)
from energy_pipeline.schema import ENLIGHTEN_PRODUCTION
from energy_pipeline.simulators.enlighten.dataset import (
    DEMO_API_KEY,
    DEMO_USER_ID,
    Fleet,
    Grant,
)
from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline.simulators.enlighten.switches import Switches
from energy_pipeline.steps.fetch import fetch_intervals
from energy_pipeline.steps.fetch_report import FetchReport
from energy_pipeline.workbench import open_workbench
from energy_pipeline_tests.steps.cloudside import Place, days, entry, house, place

LATER = datetime(2024, 7, 1, 12, tzinfo=UTC)
JUNE = days(date(2024, 6, 1), 14)
METER = "production_meter"


def is_whole(here: Place, stream: str, measured: str, system_id: int = 67) -> bool:
    found = here.energy_by_end(stream, f"house-{system_id}")
    truth = here.truth_by_end(measured, JUNE, system_id)
    return list(found.index) == list(truth.index) and (found.to_numpy() == truth.to_numpy()).all()


def test_a_spent_month_keeps_what_was_fetched_and_says_when_it_goes_on(tmp_path: Path) -> None:
    system = house()
    switches = Switches(history_days=None, requests_per_month=5)
    with place(tmp_path, [entry(system)], [system], LATER, switches=switches) as here:
        report = here.fetch(JUNE)

        assert here.cloud.hits == 5
        assert len(here.bench.store.held_days(ENLIGHTEN_PRODUCTION)) == 5
        assert report.goes_on_at == datetime(2024, 8, 1, tzinfo=UTC) + timedelta(seconds=1)
        assert report.missing == (("house-67", days(date(2024, 6, 6), 9)),)
        (site,) = report.of("incomplete")
        assert site.reason.startswith(
            "2024-06-06...2024-06-14 not asked: Enlighten: the 5 requests"
        )
        assert (site.days_settled, site.days_open) == (5, 9)

        assert here.hits_of(JUNE) == 0, "the quota is known to be spent"
        here.clock.set(datetime(2024, 8, 1, 0, 1, tzinfo=UTC))
        here.cloud.switches = Switches(history_days=None)
        assert here.hits_of(JUNE) == 9
        assert is_whole(here, "production", "production_micro")


def test_our_own_count_of_the_month_stops_before_the_vendor_does(tmp_path: Path) -> None:
    system = house()
    with place(
        tmp_path, [entry(system)], [system], LATER, ENLIGHTEN_REQUESTS_PER_MONTH="3"
    ) as here:
        report = here.fetch(JUNE, spend_kept=True)

        assert (here.cloud.hits, report.hits_spent) == (3, 3)
        assert report.hits_left["month"] == 0
        assert report.goes_on_at == datetime(2024, 8, 1, tzinfo=UTC)


def test_a_spent_month_before_the_first_request_is_no_error(tmp_path: Path) -> None:
    system = house()
    with place(
        tmp_path, [entry(system)], [system], LATER, ENLIGHTEN_REQUESTS_PER_MONTH="1"
    ) as here:
        here.fetch(days(date(2024, 5, 20), 1), spend_kept=True)
        report = here.fetch(JUNE, spend_kept=True)

        assert (report.hits_spent, report.missing) == (0, (("house-67", JUNE),))


def test_a_full_minute_is_waited_for_and_nothing_is_lost(tmp_path: Path) -> None:
    system = house()
    switches = Switches(history_days=None, requests_per_minute=4)
    with place(tmp_path, [entry(system)], [system], LATER, switches=switches) as here:
        here.fetch(JUNE)

        assert is_whole(here, "production", "production_micro")
        assert here.cloud.hits == 14
        refused = [request for request in here.cloud.requests if request.status == 409]
        waits = [wait for wait in here.clock.slept_s if wait > 0]
        assert 3 <= len(refused) <= 3 * 16, "not one request before the minute is over"
        assert min(waits) >= 1
        assert here.clock.now() - LATER >= timedelta(minutes=3)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_third_of_the_requests_fail_and_the_rows_are_the_true_ones(
    tmp_path: Path, seed: int
) -> None:
    system = house()
    faults = Faults(seed=seed, late_share=0, error_share=0.1, unavailable_share=0.1, drop_share=0.1)
    with place(tmp_path, [entry(system)], [system], LATER, faults=faults) as here:
        for _ in range(4):
            if not here.fetch(JUNE).of("failed"):
                break

        assert is_whole(here, "production", "production_micro")
        assert len(here.cloud.requests) > 14
        assert min(here.clock.slept_s) >= 0.25, "never at once"


@pytest.mark.parametrize("failure", ["500", "503", "503_html", "drop", "cut"])
def test_a_failure_that_passes_is_asked_again(tmp_path: Path, failure: str) -> None:
    system = house()
    faults = Faults(late_share=0, next_failures=(failure,) * 3)  # type: ignore[arg-type]
    with place(tmp_path, [entry(system)], [system], LATER, faults=faults) as here:
        report = here.fetch(days(JUNE.first, 1))

        assert len(report.of("complete")) == 1
        assert (report.hits_spent, here.cloud.hits) == (4, 4)


def test_too_many_at_once_is_no_harm(tmp_path: Path) -> None:
    system = house()
    switches = Switches(history_days=None, parallel_requests=3)
    faults = Faults(late_share=0, latency_s=0.005)
    with place(
        tmp_path, [entry(system)], [system], LATER, switches=switches, faults=faults
    ) as here:
        for _ in range(6):
            if not here.fetch(JUNE).of("failed"):
                break
        assert is_whole(here, "production", "production_micro")


def test_a_site_that_is_refused_does_not_keep_the_others(tmp_path: Path) -> None:
    systems = [house(number) for number in (67, 68, 69)]
    entries = [entry(system, "meter") for system in systems]
    entries[1]["enlighten"]["user_id"] = "4d6a4d3d0a"
    entries[2]["enlighten"]["system_id"] = 4711
    with place(tmp_path, entries, systems[:1], LATER) as here:
        report = here.fetch(JUNE)

        assert [site.site for site in report.of("complete")] == ["house-67"]
        refused, unknown = report.of("failed")
        assert "user_id" in refused.reason
        assert "system_id" in unknown.reason
        assert refused.not_answered == (JUNE,)
        assert is_whole(here, "production", METER)
        assert report.hits_spent == 2 + 2 + 2, "windows under way together, none after them"


def test_one_refusal_is_enough(tmp_path: Path) -> None:
    """60 windows of a site that is refused: no more than those that are under way."""
    system = house()
    entries = [entry(system), entry(house(68), "meter")]
    entries[0]["enlighten"]["user_id"] = "4d6a4d3d0a"
    with place(tmp_path, entries, [house(68)], LATER) as here:
        report = here.fetch(days(date(2024, 5, 1), 60))

        assert len(report.of("failed")) == 1
        assert report.hits_spent <= 16 + 9


def test_every_site_refused_is_an_error(tmp_path: Path) -> None:
    system = house()
    with (
        place(tmp_path, [entry(system)], [system], LATER, fleet=Fleet({}, {})) as here,
        pytest.raises(NothingDone, match=r"house-67: GET /api/v2/systems/67/stats: .*401"),
    ):
        here.fetch(JUNE)


def test_a_grant_without_consumption_stops_nothing_unless_it_is_uploaded(tmp_path: Path) -> None:
    system = house()
    fleet = Fleet({67: system}, {DEMO_USER_ID: Grant(consumption=False)})
    upload = {
        "stream": "consumption",
        "meter_id": 1,
        "reading": "consumption",
        "unit": "kWh",
    }
    with place(tmp_path, [entry(system)], [system], LATER, fleet=fleet) as here:
        report = here.fetch(JUNE, "consumption")
        assert "consumption, at" in report.of("failed")[0].reason
    with (
        place(tmp_path, [entry(system, uploads=[upload])], [system], LATER, fleet=fleet) as here,
        pytest.raises(NothingDone),
    ):
        here.fetch(JUNE, "consumption")


def test_a_service_that_is_down_costs_few_hits_and_may_be_tried_later(tmp_path: Path) -> None:
    systems = [house(number) for number in range(100, 160)]
    faults = Faults(late_share=0, unavailable_share=1.0)
    entries = [entry(system, "meter") for system in systems]
    with place(tmp_path, entries, systems[:1], LATER, faults=faults) as here:
        with pytest.raises(ServiceUnavailable, match="temporarily unavailable") as raised:
            here.fetch(JUNE)

        assert raised.value.is_transient
        assert here.cloud.hits <= (8 + 16) * 5


def test_a_bad_answer_fails_its_site_alone(tmp_path: Path) -> None:
    """Two sites name one system; one of them says that it is another."""
    system = house()
    liar = entry(house(68), "meter")
    with place(tmp_path, [entry(system, "meter"), liar], [system], LATER) as here:
        object.__setattr__(here.cloud.fleet, "systems", {67: system, 68: system})
        report = here.fetch(JUNE)

        assert [site.site for site in report.of("complete")] == ["house-67"]
        (bad,) = report.of("failed")
        assert "system_id: found 67; allowed: 68" in bad.reason
        assert bad.not_answered == (JUNE,)
        assert is_whole(here, "production", METER)


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], LATER) as here:
        here.fetch(days(JUNE.first, 1))
        (file,) = (tmp_path / "data" / "enlighten_production" / "date=2024-06-01").iterdir()
        file.write_bytes(b"no Parquet")

        with pytest.raises(StoreError, match="enlighten_production"):
            here.fetch(JUNE)


def test_without_a_key_nothing_is_asked(tmp_path: Path) -> None:
    system = house()
    with (
        place(tmp_path, [entry(system)], [system], LATER, ENLIGHTEN_API_KEY="") as here,
        pytest.raises(ConfigurationError, match="ENLIGHTEN_API_KEY"),
    ):
        here.fetch(JUNE)


def test_a_stream_that_enlighten_does_not_feed_is_not_asked_for(tmp_path: Path) -> None:
    system = house()
    gateway = {"host": "192.168.1.67", "serial": "122117051926"}
    fed_otherwise = entry(system, envoy=gateway, streams={"production": "envoy"})
    with place(tmp_path, [fed_otherwise], [system], LATER) as here:
        report = here.fetch(JUNE)
        assert (report.sites, report.hits_spent) == ((), 0)


def test_two_runs_side_by_side_lose_nothing(tmp_path: Path) -> None:
    """Two workbenches fetch two sites of the same days at the same time."""
    systems = [house(67), house(68)]
    with place(tmp_path, [entry(s) for s in systems], systems, LATER) as here:

        def run(site: str) -> FetchReport:
            with open_workbench([site], environ=here.environ, clock=here.clock) as bench:
                return fetch_intervals(bench, "production", JUNE)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(run, ["house-67", "house-68"]))

        assert is_whole(here, "production", "production_micro", 67)
        assert is_whole(here, "production", "production_micro", 68)
        assert here.cloud.hits == 28


def test_progress_is_told_request_by_request(tmp_path: Path) -> None:
    system = house()
    told: list[tuple[str, int, int]] = []
    with (
        place(tmp_path, [entry(system)], [system], LATER) as here,
        open_workbench(
            environ=here.environ, clock=here.clock, progress=lambda *step: told.append(step)
        ) as bench,
    ):
        Place(bench, here.cloud, here.clock, tmp_path, here.environ).fetch(JUNE)

    assert told[0] == ("enlighten production", 0, 14)
    assert told[-1] == ("enlighten production", 14, 14)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(late_share=0),
        Faults(late_share=0, next_failures=("500", "503_html", "drop", "cut")),
        Faults(late_share=0, unavailable_share=1.0),
    ],
)
def test_no_key_and_no_user_is_in_any_log_line_error_or_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, faults: Faults
) -> None:
    for logger in ("", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger)
    system = house()
    entries = [entry(system), entry(house(68))]
    told = ""
    with place(tmp_path, entries, [system], LATER, faults=faults) as here:
        try:
            told = repr(here.fetch(days(JUNE.first, 2)))
        except EnergyPipelineError as error:
            told = f"{error} {error!r}"
            logging.getLogger("energy_pipeline").exception("failed")

    assert "/api/v2/systems/67/stats" in caplog.text
    for secret in (DEMO_API_KEY, DEMO_USER_ID):
        assert secret not in caplog.text + told
        written = [file for file in (tmp_path / "data").rglob("*") if file.is_file()]
        assert all(secret.encode() not in file.read_bytes() for file in written)
