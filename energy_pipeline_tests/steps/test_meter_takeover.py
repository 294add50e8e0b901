"""From provisioned meters to uploads in the site file."""

from dataclasses import replace
from pathlib import Path

from energy_pipeline.configuration.sites import load_registry
from energy_pipeline.steps.meter_takeover import take_over
from energy_pipeline.steps.provisioning import provision
from energy_pipeline_tests.configuration.documents import SETTINGS, VALID
from energy_pipeline_tests.sinks.enerkey.provisioning.files import facility, meter
from energy_pipeline_tests.steps.tenancy import tenancy


def test_meters_of_streams_become_uploads(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(VALID)
    building = facility(
        "rooftop-1",
        meter("rooftop-1/production"),
        meter("rooftop-1/consumption", readingType="cumulative"),
        meter("rooftop-1/grid_import", quantityId=4),
        meter("nowhere/production"),
    )
    settings = {"ENERGY_SITES_FILE": str(path), "ENLIGHTEN_API": "v2"}
    with tenancy(tmp_path, settings=settings) as made:
        registry = load_registry(path, SETTINGS)
        bench = replace(made.bench, registry=registry)
        made.write(facilities=[building])
        provision(bench, "customers")
        provision(bench, "facilities")

        shown = take_over(bench, dry_run=True)
        assert path.read_text() == VALID
        takeover = take_over(bench, dry_run=False)
        again = take_over(replace(bench, registry=load_registry(path, SETTINGS)), dry_run=False)

    ids = {each.stream: (each.meter_id, each.before) for each in takeover.taken}
    consumption, production = ids["consumption"][0], ids["production"][0]
    assert ids == {"production": (production, 101), "consumption": (consumption, None)}
    assert {101, 102, 103}.isdisjoint({consumption, production})
    assert shown == takeover
    assert again.taken == ()
    assert takeover.not_taken == (
        "meter 106 of rooftop-1, grid_import: found unit m3, reading type consumption; "
        "allowed: Wh, kWh or MWh, and consumption or cumulative",
    )
    (site, _) = load_registry(path, SETTINGS).sites
    assert [(each.meter_id, each.reading, each.unit) for each in site.uploads] == [
        (production, "consumption", "kWh"),
        (102, "cumulative", "MWh"),
        (consumption, "cumulative", "kWh"),
    ]
