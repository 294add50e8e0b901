"""Day totals: the whole life in one hit, and a hit only when something is to be learned."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from energy_pipeline.errors import NothingDone
from energy_pipeline.schema import ENLIGHTEN_DAILY_ENERGY
from energy_pipeline.simulators.enlighten.dataset import DEMO_USER_ID, Fleet, Grant
from energy_pipeline.simulators.enlighten.faults import Faults, Revision
from energy_pipeline_tests.steps.cloudside import START, Place, days, entry, house, place

NOON = datetime(2024, 6, 10, 12, tzinfo=UTC)
WEEK = days(date(2024, 6, 4), 7)


def totals(here: Place, stream: str) -> pd.Series:
    held = here.bench.store.read_snapshot(ENLIGHTEN_DAILY_ENERGY).to_pandas()
    return held[held["stream"] == stream].set_index("day")["energy_wh"]


@pytest.mark.parametrize(
    ("production", "measured"), [("micro", "production_micro"), ("meter", "production_meter")]
)
def test_the_whole_life_in_one_hit_by_the_devices_that_measure(
    tmp_path: Path, production: str, measured: str
) -> None:
    system = house()
    with place(tmp_path, [entry(system, production)], [system], NOON) as here:
        report = here.fetch_totals()

        truth = here.truth_by_end(measured, days(date(2024, 4, 29), 60))
        local_day = (truth.index - pd.Timedelta(seconds=1)).tz_convert("Europe/Helsinki").date
        by_day = truth.groupby(local_day).sum()
        held = totals(here, "production")
        assert list(held.index) == [START + timedelta(n) for n in range(40)]
        pd.testing.assert_series_equal(held, by_day.loc[held.index], check_names=False)
        assert (report.hits_spent, report.asked, report.days) == (2, 2, 80)
        assert here.endpoints() == {"energy_lifetime": 1, "consumption_lifetime": 1}


def test_the_same_totals_are_not_asked_for_twice(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        assert here.fetch_everything(WEEK) > 0
        assert here.fetch_totals().asked == 0
        here.clock.advance(3600)
        assert here.fetch_totals().hits_spent == 0
        assert here.fetch_totals(force=True).hits_spent == 2


def test_a_new_day_is_asked_for_once_the_system_has_reported_after_it(tmp_path: Path) -> None:
    system = house()
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        here.fetch_everything(WEEK)
        here.clock.set(datetime(2024, 6, 10, 21, 30, tzinfo=UTC))  # 00:30 in Helsinki
        assert here.fetch_totals().asked == 0, "nobody knows of a report after midnight"
        here.fetch(WEEK)
        assert here.fetch_totals().asked == 1
        assert totals(here, "production").index[-1] == date(2024, 6, 10)


def test_yesterday_may_come_late_and_is_asked_for_a_few_times_a_day(tmp_path: Path) -> None:
    system = house()
    late = Faults(late_share=0, yesterday_appears_at_h=17)
    with place(tmp_path, [entry(system)], [system], NOON, faults=late) as here:
        here.fetch_everything(WEEK)
        here.clock.set(datetime(2024, 6, 11, 3, tzinfo=UTC))
        hits: list[int] = []
        for _ in range(24):
            here.clock.advance(3600)
            here.fetch(WEEK)
            hits.append(here.fetch_totals().hits_spent)

        assert totals(here, "production").index[-1] == date(2024, 6, 10)
        assert 1 <= sum(hits[:12]) <= 4


def test_a_silent_system_costs_no_hit(tmp_path: Path) -> None:
    system = house(last=date(2024, 6, 10))
    with place(tmp_path, [entry(system)], [system], NOON) as here:
        here.fetch_everything(WEEK)
        reported = here.bench.clock.now()
        here.cloud.faults = here.cloud.faults.changed_by(
            {
                "outages": [
                    {
                        "start": reported.isoformat(),
                        "end": (reported + timedelta(days=30)).isoformat(),
                    }
                ]
            }
        )
        for _ in range(3):
            here.clock.advance(86_400)
            here.fetch(WEEK)
            assert here.fetch_totals().hits_spent == 0


def test_intervals_that_say_something_else_later_ask_for_the_totals_again(tmp_path: Path) -> None:
    """An interval of a day long over comes late; the total of that day is old news then."""
    system = house()
    end_at = datetime(2024, 6, 5, 9, tzinfo=UTC)
    revision = Revision(67, "production_meter", end_at, NOON + timedelta(hours=1), before_wh=None)
    faults = Faults(late_share=0, revisions=(revision,))
    with place(tmp_path, [entry(system, "meter")], [system], NOON, faults=faults) as here:
        here.fetch_everything(WEEK)
        before = totals(here, "production")[date(2024, 6, 5)]
        here.clock.advance(2 * 3600)

        assert here.hits_of(WEEK) == 1
        assert here.fetch_totals().asked == 1
        assert totals(here, "production")[date(2024, 6, 5)] > before
        assert here.hits_of(WEEK) == 1  # today goes on
        assert here.fetch_totals().asked == 0


def test_a_stream_that_nobody_measures_costs_no_totals(tmp_path: Path) -> None:
    system = house(measured_by="micro")
    without = type(system)(
        **{
            **{name: getattr(system, name) for name in system.__dataclass_fields__},
            "series": {"production_micro": system.series["production_micro"]},
        }
    )
    with place(tmp_path, [entry(without)], [without], NOON) as here:
        here.fetch_everything(WEEK)
        assert here.endpoints()["consumption_lifetime"] == 0
        assert here.hits_of(days(date(2024, 6, 4), 6), "consumption") == 0, "settled: no device"


def test_a_refused_stream_is_told_and_the_other_is_kept(tmp_path: Path) -> None:
    system = house()
    fleet = Fleet({67: system}, {DEMO_USER_ID: Grant(consumption=False)})
    with place(tmp_path, [entry(system)], [system], NOON, fleet=fleet) as here:
        report = here.fetch_totals()

        assert (
            "consumption: GET /api/v2/systems/67/consumption_lifetime"
            in (report.failures["house-67"])
        )
        assert totals(here, "production").size == 40


def test_nothing_answered_is_an_error(tmp_path: Path) -> None:
    system = house()
    with (
        place(tmp_path, [entry(system)], [system], NOON, fleet=Fleet({}, {})) as here,
        pytest.raises(NothingDone, match="ENLIGHTEN_API_KEY"),
    ):
        here.fetch_totals()
