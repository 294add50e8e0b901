"""Two recorded years of a house, all the way: every hour in EnerKey is the true one.

The truth is read from the recordings by other code than the pipeline's, and from the sums per day
that were computed in exact decimals.
"""

from collections.abc import Generator
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from energy_pipeline.calendar import Days
from energy_pipeline.simulators.enlighten.replay import replayed_system
from energy_pipeline_tests.end_to_end.town import House, Town, town

YEARS = Days(date(2019, 1, 1), date(2020, 12, 31))
AFTER = datetime(2021, 1, 4, tzinfo=UTC)
ZONE = "Europe/London"
COLUMNS = {"production": "Energy Produced (Wh)", "consumption": "Energy Consumed (Wh)"}
QUANTITIES = {"production": "produced", "consumption": "consumed"}
HOURS = len(YEARS) * 24
MICRO, METER, V4 = "micro-house", "meter-house", "v4-house"

pytestmark = [pytest.mark.timeout(420), pytest.mark.xdist_group("recorded_years")]


@pytest.fixture(scope="module")
def files(recordings: Path) -> list[Path]:
    folder = recordings / "timeseries"
    return [folder / f"enphase_uk_15min_{year}.csv" for year in (2019, 2020)]


@pytest.fixture(scope="module")
def true_hours(files: list[Path]) -> pd.DataFrame:
    """Wh per UTC hour and stream, straight from the files."""
    rows = pd.concat(pd.read_csv(file) for file in files)
    hour = pd.to_datetime(rows["Date/Time"], utc=True).dt.floor("h")
    return (
        rows.groupby(hour)[list(COLUMNS.values())]
        .sum()
        .rename(columns={column: stream for stream, column in COLUMNS.items()})
    )


@pytest.fixture(scope="module")
def ended(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    """The houses after one run over two years: micros (nights absent) and a revenue meter.

    A third house is the first one through dialect v4.
    """
    houses = [
        House(
            id,
            replayed_system(files, ZONE, system_id=number, measured_by="both"),
            YEARS.first,
            production=measured,
            uploads=(
                ("production", "consumption"),
                ("consumption", "consumption"),
                ("production", "cumulative"),
            ),
        )
        for number, (id, measured) in enumerate([(MICRO, "micro"), (METER, "meter")], start=67)
    ]
    same_house = replayed_system(files, ZONE, system_id=69, measured_by="both")
    houses.append(House(V4, same_house, YEARS.first, api="v4"))
    with town(tmp_path_factory.mktemp("years"), houses, AFTER) as place:
        assert place.run_daily_energy(YEARS).success
        yield place


@pytest.mark.parametrize("site", [MICRO, METER])
@pytest.mark.parametrize("stream", COLUMNS)
def test_every_hour_is_the_true_one_and_final(
    ended: Town, true_hours: pd.DataFrame, site: str, stream: str
) -> None:
    hours = ended.read("hourly_energy")
    found = hours[(hours["site"] == site) & (hours["stream"] == stream)].set_index("hour")

    assert len(found) == HOURS
    assert found["final"].all()
    assert (found["covered_s"] == 3600).all()
    np.testing.assert_allclose(
        found["energy_wh"], true_hours[stream].loc[found.index], rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("site", [MICRO, METER])
@pytest.mark.parametrize("stream", COLUMNS)
def test_every_local_day_is_the_true_one(
    ended: Town, recordings: Path, site: str, stream: str
) -> None:
    hours = ended.read("hourly_energy")
    found = hours[(hours["site"] == site) & (hours["stream"] == stream)]
    local_date = found["hour"].dt.tz_convert(ZONE).dt.strftime("%Y-%m-%d")
    kwh = found.groupby(local_date)["energy_wh"].sum() / 1000

    truth = pd.read_csv(recordings / "timeseries" / "truth_daily.csv")
    truth = truth[truth["file"].str.startswith("enphase_uk_15min_")]
    truth = truth[truth["quantity"] == QUANTITIES[stream]].set_index("local_date")["kwh"]
    assert len(truth) == len(YEARS)
    np.testing.assert_allclose(kwh.loc[truth.index], truth, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("first_meter", "site"), [(670, MICRO), (680, METER)])
def test_enerkey_ends_with_exactly_the_true_hours(
    ended: Town, true_hours: pd.DataFrame, first_meter: int, site: str
) -> None:
    stored = {n: pd.Series(ended.enerkey.stored_hours(first_meter + n)) for n in range(3)}

    for meter, stream in ((0, "production"), (1, "consumption"), (2, "production")):
        assert len(stored[meter]) == HOURS, (site, meter)
        truth = true_hours[stream].loc[stored[meter].index] / 1000
        np.testing.assert_allclose(stored[meter], truth, rtol=0, atol=1e-6)
        assert set(ended.enerkey.pushes_per_hour(first_meter + meter).values()) == {1}


@pytest.mark.parametrize(("number", "stream"), [(0, "production"), (1, "consumption")])
def test_dialect_v4_ends_exactly_as_v2(ended: Town, number: int, stream: str) -> None:
    through_v2 = ended.enerkey.stored_hours(670 + number)
    through_v4 = ended.enerkey.stored_hours(690 + number)

    assert len(through_v4) == HOURS
    assert through_v4 == {hour: through_v2[hour] for hour in through_v4}
    assert set(ended.enerkey.pushes_per_hour(690 + number).values()) == {1}

    hours = ended.read("hourly_energy").set_index("site")
    hours = hours[hours["stream"] == stream]
    of_v2, of_v4 = (hours.loc[site].set_index("hour") for site in (MICRO, V4))
    pd.testing.assert_frame_equal(of_v4, of_v2)


def test_the_register_ends_at_the_opening_reading_plus_all_energy(
    ended: Town, true_hours: pd.DataFrame
) -> None:
    readings = ended.enerkey.stored_readings(672)

    assert len(readings) == HOURS + 1
    assert readings[datetime(2019, 1, 1, tzinfo=UTC)] == 1000.0
    total_kwh = true_hours["production"].sum() / 1000
    assert readings[datetime(2021, 1, 1, tzinfo=UTC)] == pytest.approx(1000 + total_kwh, abs=1e-6)


def test_two_years_of_a_meter_are_three_messages(ended: Town) -> None:
    """731 days are two full messages and one day; the opening reading is in the first."""
    pushed = [record for record in ended.enerkey.requests if "Push" in record.path]

    assert len(pushed) == 8 * 3
    assert max(record.rows for record in pushed) <= 8760


def test_hits_are_the_fewest(ended: Town) -> None:
    """Micros: a day each. Meter: 7 days each. Consumption: 31 days each. Totals: one each.

    In dialect v4, 7 days each of any series.
    """
    by_kind = pd.Series([r.path.rsplit("/", 1)[-1] for r in ended.cloud.requests]).value_counts()

    assert by_kind["stats"] == 731
    assert by_kind["rgm_stats"] == 105
    assert by_kind["consumption_stats"] == 2 * 24
    assert by_kind["production_micro"] == 105
    assert by_kind["consumption_meter"] == 105
    assert by_kind["energy_lifetime"] == 3
    assert by_kind["consumption_lifetime"] == 3


@pytest.mark.parametrize(
    "days",
    [
        YEARS,
        Days(date(2019, 10, 20), date(2019, 11, 3)),
        Days(date(2020, 3, 29), date(2020, 3, 29)),
    ],
)
def test_again_costs_nothing_and_changes_nothing(ended: Town, days: Days) -> None:
    hits, pushes = ended.cloud.hits, ended.pushes
    before = {meter: ended.enerkey.stored_hours(meter) for meter in (670, 671, 672, 680, 690)}

    assert ended.run_daily_energy(days).success

    assert ended.cloud.hits == hits
    assert ended.pushes == pushes
    assert {meter: ended.enerkey.stored_hours(meter) for meter in before} == before
