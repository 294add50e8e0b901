"""Many gateways side by side."""

import asyncio
from random import Random

from energy_pipeline.configuration.environment import Settings
from energy_pipeline.configuration.sites import EnlightenAccess, EnvoyAccess, Site
from energy_pipeline.errors import NothingDone
from energy_pipeline.sources.envoy.fleet import MOST_AT_ONCE, FailedGateway, Fleet, Gateway
from energy_pipeline_tests.sources.envoy.conftest import Bench


def fleet_of(bench: Bench, count: int) -> Fleet:
    def site(n: int, **members: object) -> Site:
        known = {"id": f"roof-{n}", "name": "Roof", "timezone": "UTC", "start": "2026-01-01"}
        return Site.model_validate(known | members)

    cloud = EnlightenAccess(api="v4", system_id=67)
    sites = [
        site(n, envoy=EnvoyAccess(host="envoy.local", serial=f"{122 * 10**9 + n}"))
        for n in range(count)
    ]
    sites.insert(1, site(count, enlighten=cloud))
    return Fleet(sites, {}, Settings(), bench.state, bench.locks, bench.clock, Random(7))


def test_sites_without_a_gateway_are_passed_over(bench: Bench):
    fleet = fleet_of(bench, 3)
    assert [gateway.site for gateway in fleet.gateways] == ["roof-0", "roof-1", "roof-2"]


def test_all_are_worked_at_together_up_to_a_limit(bench: Bench):
    """Nobody comes out before a full round is in; in smaller rounds this would never end."""
    fleet = fleet_of(bench, 2 * MOST_AT_ONCE)
    inside, most = 0, 0

    async def all_of_them() -> list[str | FailedGateway]:
        everybody = asyncio.Barrier(MOST_AT_ONCE)

        async def work(gateway: Gateway) -> str:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await everybody.wait()
            inside -= 1
            return gateway.site

        return await fleet.each(work)

    assert asyncio.run(all_of_them()) == [gateway.site for gateway in fleet.gateways]
    assert most == MOST_AT_ONCE


def test_a_failure_costs_its_own_gateway_alone(bench: Bench):
    async def work(gateway: Gateway) -> str:
        if gateway.site == "roof-1":
            raise NothingDone("broken")
        return "good"

    first, second, third = asyncio.run(fleet_of(bench, 3).each(work))
    assert (first, third) == ("good", "good")
    assert isinstance(second, FailedGateway)
    assert (second.site, second.serial, str(second.error)) == ("roof-1", "122000000001", "broken")
