"""Polls of many gateways over HTTPS into the store: what is added, left alone, and told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from energy_pipeline.calendar import DAY, HOUR, Days
from energy_pipeline.errors import NothingDone
from energy_pipeline.schema import ENVOY_INVERTERS, ENVOY_READINGS, HOURLY_ENERGY
from energy_pipeline.simulators.envoy import KINDS, ClockJump, Faults, Kind, Outage
from energy_pipeline.steps.gateway_silence import silent_gateways
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.steps.poll import PollReport, poll
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import open_bench
from energy_pipeline_tests.steps.gatewayside import Roofs, served_roofs

NOON = datetime(2026, 6, 11, 12, 0, 7, tzinfo=UTC)
TODAY = NOON.date()
RUNNING = Days(TODAY, TODAY)

Town = Callable[..., tuple[Workbench, Roofs]]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Serve gateways and open a workbench on their sites."""
    opened: list[Workbench] = []
    served = []

    def open_town(*kinds: Kind, now: datetime = NOON) -> tuple[Workbench, Roofs]:
        context = served_roofs(tmp_path, kinds or ("full_ct",), now)
        served.append(context)
        roofs = context.__enter__()
        opened.append(open_bench(tmp_path, roofs.sites, now))
        return opened[-1], roofs

    yield open_town
    for bench in opened:
        bench.state.close()
    for context in served:
        context.__exit__(None, None, None)


def asked(roofs: Roofs) -> int:
    return sum(len(simulator.requests) for simulator in roofs.simulators)


def rows(bench: Workbench, dataset=ENVOY_READINGS, days: Days | None = None) -> list[dict]:
    return bench.store.read(dataset, days).to_pylist()


def polled(bench: Workbench, roofs: Roofs, days: Days = RUNNING) -> PollReport:
    return poll(bench, days, environ=roofs.environ)


def test_twenty_gateways_of_which_one_fails(town: Town):
    bench, roofs = town(*(KINDS[n % len(KINDS)] for n in range(20)))
    bad = roofs.simulators[11]
    bad.faults = Faults(other_serial="122000000099")
    report = polled(bench, roofs)

    assert list(report.failures) == ["roof-11"]
    assert "answers gateway 122000000099; allowed: 122000000011" in report.failures["roof-11"]
    assert [each.site for each in report.gateways] == [f"roof-{n:02}" for n in range(20) if n != 11]
    assert {row["site"] for row in rows(bench)} == {each.site for each in report.gateways}
    assert report.added == {
        "envoy_readings": len(rows(bench)),
        "envoy_inverters": sum(s.hardware.inverters for s in roofs.simulators if s is not bad),
    }
    assert {simulator.most_at_once for simulator in roofs.simulators} == {1}
    assert [request.path for request in bad.requests] == ["/info"]
    assert not any(request.had_token or request.had_cookie for request in bad.requests)


def test_each_poll_adds_rows_and_changes_none(town: Town):
    bench, roofs = town("full_ct")
    polled(bench, roofs)
    first = rows(bench)
    roofs.move(bench, NOON + timedelta(minutes=5))
    report = polled(bench, roofs)
    both = rows(bench)

    assert len(both) == len(first) + report.added["envoy_readings"]
    assert [row for row in both if row["polled_at"] == NOON] == first
    [entry] = [
        entry
        for (site, stream), entry in bench.store.coverage(ENVOY_READINGS, RUNNING)[TODAY].items()
        if (site, stream) == ("roof-00", "grid_import")
    ]
    assert entry.asked_until == NOON + timedelta(minutes=5)
    assert entry.rows == sum(row["stream"] == "grid_import" for row in both)


def test_an_inverter_that_has_not_reported_again_adds_nothing(town: Town):
    bench, roofs = town("full_ct")  # each inverter reports every quarter of an hour
    polled(bench, roofs)
    roofs.move(bench, NOON + timedelta(seconds=20))
    report = polled(bench, roofs)
    again = [row["inverter"] for row in rows(bench, ENVOY_INVERTERS)]

    assert report.added["envoy_inverters"] < roofs.simulators[0].hardware.inverters / 3
    assert len(again) == roofs.simulators[0].hardware.inverters + report.added["envoy_inverters"]
    roofs.move(bench, NOON + timedelta(minutes=15))
    assert polled(bench, roofs).added["envoy_inverters"] == roofs.simulators[0].hardware.inverters


def test_a_day_that_is_over_is_left_alone_and_nobody_is_asked(town: Town):
    bench, roofs = town("full_ct")
    polled(bench, roofs)
    [file] = (Path(str(bench.store._files.base_path)) / "envoy_readings").rglob("*.parquet")
    before, requests = (file.stat().st_ino, file.read_bytes()), asked(roofs)
    roofs.move(bench, NOON + DAY)

    assert polled(bench, roofs) == PollReport(RUNNING, is_polled=False)
    assert asked(roofs) == requests
    assert (file.stat().st_ino, file.read_bytes()) == before


def test_a_range_that_ends_today_polls_once(town: Town):
    bench, roofs = town("full_ct")
    report = polled(bench, roofs, Days(TODAY - 3 * DAY, TODAY))

    assert report.over == Days(TODAY - 3 * DAY, TODAY - DAY)
    assert report.is_polled
    assert {row["polled_at"] for row in rows(bench)} == {NOON}
    assert bench.store.held_days(ENVOY_READINGS) == [TODAY]


def test_a_row_is_kept_in_the_day_that_it_was_read(town: Town):
    bench, roofs = town("full_ct")
    midnight = datetime(2026, 6, 12, 0, 0, 2, tzinfo=UTC)
    roofs.move(bench, midnight)
    report = polled(bench, roofs, Days(TODAY + DAY, TODAY + DAY))

    boundary = {row["read_at"] for row in rows(bench, days=RUNNING)}
    now = {row["read_at"] for row in rows(bench, days=Days(TODAY + DAY, TODAY + DAY))}
    assert boundary == {midnight - timedelta(seconds=2)}  # 00:00 ends a day
    assert now == {midnight}
    assert report.added["envoy_readings"] == len(rows(bench))
    assert {row["reported_at"].date() for row in rows(bench, ENVOY_INVERTERS)} == {TODAY}


def test_a_clock_that_is_wrong_by_days_dates_nothing(town: Town):
    bench, roofs = town("full_ct", "full_ct")
    jump = ClockJump(NOON - timedelta(hours=1), -30 * 86_400)
    roofs.simulators[0].faults = Faults(clock_jumps=(jump,))
    report = polled(bench, roofs)

    assert {row["site"] for row in rows(bench)} == {"roof-01"}
    assert bench.store.held_days(ENVOY_READINGS) == [TODAY]
    assert report.undated > 0
    assert "the gateway's clock is 2592000 s behind" in report.gateways[0].remarks


def test_the_nightly_outage_costs_the_polls_in_it_alone(town: Town):
    night = datetime(2026, 6, 11, 20, 55, tzinfo=UTC)  # 22:55 at the gateways
    bench, roofs = town("full_ct", "full_ct", now=night)
    roofs.simulators[0].faults = Faults(nightly_outage_s=330, inactive_after_outage_s=300)
    failures = []
    for minutes in range(0, 25, 5):
        roofs.move(bench, night + timedelta(minutes=minutes))
        failures.append(list(polled(bench, roofs).failures))

    assert failures == [[], ["roof-00"], ["roof-00"], [], []]
    read = {row["polled_at"] for row in rows(bench) if row["site"] == "roof-00"}
    assert read == {night + timedelta(minutes=minutes) for minutes in (0, 15, 20)}


def test_a_night_without_meters_is_dark_and_not_silent(town: Town):
    """No inverter reports while it is dark; the gateways answer, and their counters stand still."""
    bench, roofs = town("non_metered", "no_ct", now=NOON)
    for hours in (6, 6.5, 7, 7.5, *range(8, 14), 14.5, 15, 15.5, 16, 16.5):
        roofs.move(bench, NOON + timedelta(hours=hours))
        today = bench.clock.now().date()
        polled(bench, roofs, Days(today, today))
        assert silent_gateways(bench, Days(today, today)) == [], hours
    night = Days(TODAY, TODAY + DAY)
    roofs.move(bench, NOON + 3 * DAY)
    compute_hourly(bench, night)
    dark = [row for row in rows(bench, HOURLY_ENERGY, night) if is_dark(row["hour"])]
    assert len(dark) == 2 * 6
    assert {(r["energy_wh"], r["source"], r["final"]) for r in dark} == {
        (0.0, "envoy-inverters", True)
    }


def test_inverters_under_snow_do_not_silence_their_gateway(town: Town):
    """Nothing flows from the third day on; the last reports are soon older than any row can be."""
    bench, roofs = town("non_metered")
    polled(bench, roofs)
    for day in (TODAY + 5 * DAY, TODAY + 6 * DAY):
        roofs.move(bench, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
        report = polled(bench, roofs, Days(day, day))
        assert report.added["envoy_readings"] == 0
        assert silent_gateways(bench, Days(day, day)) == []
    assert silent_gateways(bench, Days(TODAY + 5 * DAY, TODAY + 6 * DAY)) == []
    assert rows(bench, days=Days(TODAY + 5 * DAY, TODAY + 6 * DAY)) == []
    roofs.move(bench, bench.clock.now() + timedelta(minutes=21))
    assert len(silent_gateways(bench, Days(day, day))) == 1


def test_a_gateway_whose_clock_is_wrong_by_days_is_silent(town: Town):
    bench, roofs = town("full_ct")
    roofs.simulators[0].faults = Faults(clock_jumps=(ClockJump(NOON - HOUR, -30 * 86_400),))
    polled(bench, roofs)
    assert len(silent_gateways(bench, RUNNING)) == 1


def is_dark(hour: datetime) -> bool:
    """Whether it is night from an hour before this one to an hour after it."""
    return datetime(2026, 6, 11, 20, tzinfo=UTC) <= hour <= datetime(2026, 6, 12, 1, tzinfo=UTC)


def test_a_gateway_that_boots_is_asked_by_the_next_poll(town: Town):
    bench, roofs = town("full_ct", "production_only")
    boot = Outage(NOON, NOON + timedelta(minutes=4), "boot")
    roofs.simulators[1].faults = Faults(outages=(boot,))
    first = polled(bench, roofs)
    roofs.move(bench, NOON + timedelta(minutes=5))

    assert "503" in first.failures["roof-01"]
    assert polled(bench, roofs).failures == {}


def test_a_token_that_is_not_set_costs_its_own_site_alone(town: Town):
    bench, roofs = town("full_ct", "full_ct")
    environ = roofs.environ
    del environ["ROOF_TOKEN_0"]
    report = poll(bench, RUNNING, environ=environ)

    assert list(report.failures) == ["roof-00"]
    assert "ROOF_TOKEN_0: found nothing; allowed: the token" in report.failures["roof-00"]
    assert [each.site for each in report.gateways] == ["roof-01"]
    assert roofs.simulators[0].requests == []


def test_when_no_gateway_answers_nothing_was_done(town: Town):
    bench, roofs = town("full_ct", "full_ct")
    for simulator in roofs.simulators:
        simulator.faults = Faults(rejects_tokens=True)
    with pytest.raises(
        NothingDone, match=r"(?s)no gateway answered:\nroof-00: .*\nroof-01: "
    ) as no:
        polled(bench, roofs)
    for token in roofs.environ.values():
        assert token not in str(no.value)


def test_sites_without_a_gateway_or_before_their_start_are_passed_over(town: Town, tmp_path: Path):
    bench, roofs = town("full_ct")
    later = roofs.site(0, start=TODAY + DAY)
    report = polled(open_bench(tmp_path, [later], NOON), roofs)

    assert report == PollReport(
        None, is_polled=True, added={"envoy_readings": 0, "envoy_inverters": 0}
    )
    assert roofs.simulators[0].requests == []
    assert rows(bench) == []


def test_only_what_is_asked_for_is_kept(town: Town):
    bench, roofs = town("full_ct")
    report = poll(bench, RUNNING, [ENVOY_INVERTERS], roofs.environ)

    assert set(report.added) == {"envoy_inverters"}
    assert rows(bench) == []
    assert rows(bench, ENVOY_INVERTERS)


def test_two_pollers_at_once_lose_nothing(town: Town, tmp_path: Path):
    """Each gateway is talked with by one of them after the other, and both keep what they saw."""
    bench, roofs = town(*["full_ct"] * 4)
    other = open_bench(tmp_path, roofs.sites, NOON + timedelta(seconds=1))
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda each: polled(each, roofs), (bench, other)))
    other.state.close()

    assert [report.failures for report in reports] == [{}, {}]
    counters = [row for row in rows(bench) if "meters" in row["counter"]]
    assert len(counters) == 2 * 4 * 3
    assert len(rows(bench)) == sum(report.added["envoy_readings"] for report in reports)
    assert len(rows(bench, ENVOY_INVERTERS)) == 4 * 12
    assert {simulator.most_at_once for simulator in roofs.simulators} == {1}


def test_a_day_that_is_still_to_come_is_not_polled(town: Town):
    bench, roofs = town("full_ct")
    tomorrow = date(2026, 6, 12)
    assert polled(bench, roofs, Days(tomorrow, tomorrow)) == PollReport(None, is_polled=False)
    assert asked(roofs) == 0
