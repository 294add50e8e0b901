from datetime import UTC, date, datetime

import pytest

from energy_pipeline.simulators.enlighten.faults import Faults
from energy_pipeline_tests.simulators.enlighten.asking import ask, energy, house, simulator

SUNSET = datetime(2024, 6, 10, 20, 50, tzinfo=UTC)
ENDPOINT = {"micro": "stats", "meter": "rgm_stats"}


@pytest.mark.parametrize("measured_by", ["micro", "meter"])
def test_the_identities_between_endpoints_hold(measured_by):
    sim = simulator(house(measured_by=measured_by))
    summary = ask(sim, "/systems/67/summary").json()
    lifetime = ask(sim, "/systems/67/energy_lifetime").json()
    today = ask(sim, f"/systems/67/{ENDPOINT[measured_by]}")
    assert summary["energy_lifetime"] == sum(lifetime["production"])
    assert summary["energy_today"] == energy(today)
    assert summary["last_interval_end_at"] == today.json()["meta"]["last_energy_at"]
    newest = today.json()["intervals"][-1]
    assert summary["current_power"] == newest.get("powr", newest.get("wh_del", 0) * 4) > 0
    assert summary["source"] == {"micro": "microinverters", "meter": "meter"}[measured_by]
    assert (summary["modules"], summary["size_w"]) == (16, 5000)
    assert summary["summary_date"] == "2024-06-10"


def test_energy_and_power_of_micros_agree_to_the_rounding():
    answer = ask(simulator(), "/systems/67/stats", start_at=1717880400, end_at=1717966800).json()
    assert len(answer["intervals"]) > 100
    assert all(round(i["powr"] / 12) == i["enwh"] for i in answer["intervals"])
    assert any(i["powr"] % 12 for i in answer["intervals"])


def test_a_meters_sum_is_the_sum_of_its_channels():
    body = ask(simulator(), "/systems/67/rgm_stats").json()
    (meter,) = body["meter_intervals"]
    channels = [i["channel"] for i in meter["intervals"]]
    n = len(body["intervals"])
    assert channels == [1] * n + [2] * n + [3] * n
    for at, top in enumerate(body["intervals"]):
        rows = meter["intervals"][at::n]
        assert {row["end_at"] for row in rows} == {top["end_at"]}
        assert sum(row["wh_del"] or 0 for row in rows) == top["wh_del"]
        assert rows[2]["wh_del"] is rows[2]["curr_w"] is None
        assert all(isinstance(row["wh_del"], float) for row in rows[:2])
    night = [r["curr_w"] for r in meter["intervals"] if r["wh_del"] == 0]
    assert set(night) <= {0, -1, -2, -3}
    assert min(night) < 0


def test_the_newest_channels_can_be_missing_while_their_sum_is_known():
    sim = simulator(faults=Faults(late_share=0, null_newest_channels=True))
    body = ask(sim, "/systems/67/rgm_stats").json()
    newest = body["intervals"][-1]
    rows = [i for i in body["meter_intervals"][0]["intervals"] if i["end_at"] == newest["end_at"]]
    assert [row["wh_del"] for row in rows] == [None, None, None]
    assert newest["wh_del"] > 0
    old = ask(sim, "/systems/67/rgm_stats", end_at=newest["end_at"] - 900).json()
    assert old["meter_intervals"][0]["intervals"][len(old["intervals"]) - 1]["wh_del"] is not None


def test_a_historical_day_has_no_momentary_figures():
    sim = simulator(house(measured_by="micro"))
    body = ask(sim, "/systems/67/summary", summary_date="2024-06-04").json()
    days = ask(sim, "/systems/67/energy_lifetime").json()["production"]
    assert body["energy_today"] == days[3]
    assert body["energy_lifetime"] == sum(days[:3])
    assert (body["modules"], body["size_w"], body["current_power"]) == (0, 0, 0)


def test_no_power_after_production_has_ended():
    sim = simulator(house(measured_by="micro"), now=SUNSET)
    body = ask(sim, "/systems/67/summary").json()
    assert body["current_power"] == 0
    assert body["energy_today"] > 0
    assert body["last_report_at"] > body["last_interval_end_at"] + 3600


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("2024-06-11", "Requested date is in the future"),
        ("soon", "Failed to parse date soon"),
    ],
)
def test_a_day_that_cannot_be_summed_up_is_refused(day, reason):
    answer = ask(simulator(), "/systems/67/summary", summary_date=day)
    assert (answer.status_code, answer.json()) == (422, {"reason": reason})


def test_today_is_the_systems_day_not_utcs():
    sim = simulator(
        house(timezone="Australia/Sydney", latitude=-33.0),
        now=datetime(2024, 6, 9, 20, tzinfo=UTC),
    )
    assert ask(sim, "/systems/67/summary").json()["summary_date"] == "2024-06-10"


def test_instants_can_be_iso_with_the_systems_offset():
    sim = simulator(house(timezone="America/Denver", first=date(2024, 6, 1)))
    plain, iso = (
        ask(sim, "/systems/67/summary", datetime_format=f).json() for f in ("epoch", "iso8601")
    )
    for member in ("operational_at", "last_report_at", "last_interval_end_at"):
        assert iso[member].endswith("-06:00")
        assert datetime.fromisoformat(iso[member]).timestamp() == plain[member]
    assert iso["summary_date"] == "2024-06-10"
