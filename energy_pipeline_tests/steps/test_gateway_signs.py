"""Hours that no house has are told, others are not."""

from pathlib import Path

from energy_pipeline.steps.gateway_signs import strange_hours
from energy_pipeline.steps.hourly import compute_hourly
from energy_pipeline.workbench import Workbench
from energy_pipeline_tests.steps.benches import START, after, days_from, instant, open_bench
from energy_pipeline_tests.steps.polls import a_gateway_site, every, polled, polls_of

WHOLE = days_from(0)
MINUTES = every(5, -1, 25)


def computed(folder: Path, **powers_w: float) -> Workbench:
    bench = open_bench(folder, [a_gateway_site()], instant(after(30)))
    for stream, power_w in powers_w.items():
        polled(bench, polls_of(MINUTES, power_w, stream))
    compute_hourly(bench, WHOLE)
    return bench


def test_a_net_meter_that_points_the_other_way_makes_a_load_below_zero(tmp_path: Path) -> None:
    bench = computed(tmp_path, production=15, grid_import=0, grid_export=500)
    found = strange_hours(bench, WHOLE)
    assert {(each["stream"], each["what"]) for each in found} == {
        ("consumption", "the load is below zero")
    }
    assert len(found) == 24
    assert found[0]["kWh"] == -0.485


def test_sun_at_night_is_told_by_the_sites_own_clock(tmp_path: Path) -> None:
    bench = computed(tmp_path, production=900, grid_import=300, grid_export=0)
    [found] = strange_hours(bench, WHOLE)
    site = bench.registry.sites[0]
    local = instant(START, 0).replace(hour=int(found["hour"][11:13])).astimezone(site.zone)
    assert (found["stream"], found["what"]) == ("production", "the sun shines at night")
    assert local.hour == 1


def test_the_standby_of_inverters_is_no_sun(tmp_path: Path) -> None:
    bench = computed(tmp_path, production=19, grid_import=300, grid_export=0)
    assert strange_hours(bench, WHOLE) == []
