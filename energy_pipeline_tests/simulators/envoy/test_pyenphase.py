"""A client that others wrote reads the true values from the simulated gateway."""

import asyncio
import gc
import warnings
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from pyenphase import Envoy
from pyenphase.auth import EnvoyTokenAuth
from pyenphase.exceptions import EnvoyAuthenticationError
from pyenphase.models.envoy import EnvoyData

from energy_pipeline.simulators.clock import VirtualClock
from energy_pipeline.simulators.envoy import (
    Account,
    CaptureBackend,
    EnvoySimulator,
    Faults,
    Glitch,
    Kind,
    LoginSimulator,
    LoginSwitches,
    ServedGateway,
    TokenAuthority,
)
from energy_pipeline.simulators.server import serve as serve_app
from energy_pipeline_tests.simulators.envoy.conftest import NOON, START, Serve, usual_site

PASSWORD = "correct horse"


def read(gateway: ServedGateway, token: str | None = None, **login: str) -> tuple[Envoy, EnvoyData]:
    """Authenticate and update once."""

    async def go() -> tuple[Envoy, EnvoyData]:
        envoy = Envoy(gateway.host)
        try:
            await envoy.setup()
            await envoy.authenticate(token=token, **login)
            return envoy, await envoy.update()
        finally:
            await envoy.close()

    try:
        return asyncio.run(go())
    finally:
        with warnings.catch_warnings():  # the client leaves refused replies half read
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def read_kind(
    kind: Kind, clock: VirtualClock, serve: Serve
) -> tuple[EnvoySimulator, Envoy, EnvoyData]:
    simulator = EnvoySimulator(usual_site(kind), clock)
    envoy, data = read(serve(simulator), simulator.token())
    assert envoy.serial_number == simulator.hardware.serial
    return simulator, envoy, data


def since_start(simulator: EnvoySimulator, stream) -> float:
    return simulator.truth_wh(stream, START, NOON)


def test_non_metered_site_reads_the_inverters(clock, serve):
    simulator, envoy, data = read_kind("non_metered", clock, serve)
    assert not envoy.is_metered
    assert envoy.ct_meter_count == 0
    assert len(data.inverters) == 24
    assert data.system_consumption is None
    opening_wh = sum(820_000 + 1000 * number for number in range(24))
    produced_wh = data.system_production.watt_hours_lifetime - opening_wh
    # The newest report of an inverter is up to five minutes old.
    assert since_start(simulator, "production") - produced_wh == pytest.approx(0, abs=120)
    assert produced_wh > 10_000


def test_production_only_site_has_no_consumption(clock, serve):
    simulator, envoy, data = read_kind("production_only", clock, serve)
    assert envoy.ct_meter_list == ["production"]
    assert data.system_consumption is None
    assert data.system_net_consumption is None
    meter = data.ctmeters["production"]
    produced_wh = since_start(simulator, "production")
    assert meter.energy_delivered == pytest.approx(2_500_000 + produced_wh, abs=1)
    assert data.system_production.watt_hours_lifetime == meter.energy_delivered
    assert {len(data.inverters), envoy.phase_count} == {12, 1}


@pytest.mark.parametrize(("kind", "phases"), [("full_ct", 1), ("three_phase", 3), ("battery", 2)])
def test_metered_sites_read_every_stream(kind, phases, clock, serve):
    simulator, envoy, data = read_kind(kind, clock, serve)
    assert envoy.phase_count == phases
    produced, net = data.ctmeters["production"], data.ctmeters["net-consumption"]
    expected = {
        "production": produced.energy_delivered - 2_500_000,
        "grid_import": net.energy_delivered - 2_500_000,
        "grid_export": net.energy_received - 1_500,
    }
    for stream, energy_wh in expected.items():
        assert energy_wh == pytest.approx(since_start(simulator, stream), abs=1), stream
    total = data.system_consumption
    assert total.watts_now == pytest.approx(
        data.system_production.watts_now + data.system_net_consumption.watts_now, abs=1
    )
    if phases > 1:
        by_phase = data.ctmeters_phases["net-consumption"].values()
        assert len(by_phase) == phases
        assert sum(each.energy_delivered for each in by_phase) == pytest.approx(
            net.energy_delivered, abs=2
        )


def test_battery_site_reads_charge_and_discharge(clock, serve):
    simulator, envoy, data = read_kind("battery", clock, serve)
    assert envoy.storage_meter_type == "storage"
    storage = data.ctmeters["storage"]
    assert storage.energy_delivered - 2_500_000 == pytest.approx(
        since_start(simulator, "battery_discharge"), abs=1
    )
    assert storage.energy_received - 1_500 == pytest.approx(
        since_start(simulator, "battery_charge"), abs=1
    )
    told_w = sum(each.real_power_mw for each in data.encharge_power.values()) / 1000
    assert told_w == pytest.approx(storage.active_power, abs=1)
    assert data.encharge_aggregate.max_available_capacity == 10_000
    assert len(data.encharge_inventory) == 2


def test_load_only_site_is_repaired_by_the_client(clock, serve):
    simulator, _, data = read_kind("load_only", clock, serve)
    load = data.ctmeters["total-consumption"]
    assert load.energy_delivered - 2_500_000 == pytest.approx(
        since_start(simulator, "consumption"), abs=1
    )
    # This firmware shows net for total; the client adds production again.
    assert data.system_consumption.watts_now == pytest.approx(load.active_power, abs=2)


def test_gateway_without_transformers_is_read_by_its_inverters(clock, serve):
    simulator, envoy, data = read_kind("no_ct", clock, serve)
    assert envoy.is_metered
    assert data.system_production.watt_hours_lifetime == pytest.approx(
        12 * 820_000 + 66_000 + since_start(simulator, "production"), abs=400
    )


def test_inactive_meter_is_no_production(clock, serve):
    glitch = Glitch(NOON - timedelta(minutes=1), NOON + timedelta(minutes=1))
    simulator = EnvoySimulator(usual_site("full_ct"), clock, faults=Faults(glitches=(glitch,)))
    _, data = read(serve(simulator), simulator.token())
    assert data.system_production is None


def test_every_request_but_the_identity_shows_the_token(clock, serve):
    simulator, _, _ = read_kind("full_ct", clock, serve)
    without = {request.path for request in simulator.requests if not request.had_token}
    assert without == {"/info"}
    assert simulator.most_at_once == 1


@pytest.fixture
def cloud(clock: VirtualClock, authority: TokenAuthority, monkeypatch) -> Iterator[LoginSimulator]:
    """The login services at the addresses that the client asks."""
    serials = frozenset({"122000000001"})
    accounts = [
        Account(email="owner@example.com", password=PASSWORD, serials=serials),
        Account(email="mfa@example.com", password=PASSWORD, serials=serials, has_mfa=True),
    ]
    login = LoginSimulator(authority, clock, accounts)
    with serve_app(login.app) as server:
        login_url = f"{server.base_url}/login/login.json?"
        monkeypatch.setattr(EnvoyTokenAuth, "JSON_LOGIN_URL", login_url)
        monkeypatch.setattr(EnvoyTokenAuth, "TOKEN_URL", f"{server.base_url}/tokens")
        yield login


def test_logs_in_at_the_cloud_and_opens_the_gateway(cloud, gateway):
    envoy, data = read(gateway, username="owner@example.com", password=PASSWORD)
    assert envoy.auth.token_type == "owner"
    assert envoy.auth.expire_timestamp == int((NOON + timedelta(days=365)).timestamp())
    assert data.system_production.watts_now > 0
    assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"]


@pytest.mark.parametrize(
    ("email", "password", "message"),
    [
        ("mfa@example.com", PASSWORD, "Multi Factor"),
        ("owner@example.com", "wrong", "Unable to login"),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_accounts_that_cannot_log_in(gateway, email, password, message):
    with pytest.raises(EnvoyAuthenticationError, match=message):
        read(gateway, username=email, password=password)


def test_token_for_another_gateway_is_refused(cloud, gateway):
    cloud.switches = LoginSwitches(issues_for="122000000999")
    with pytest.raises(EnvoyAuthenticationError, match="verify token"):
        read(gateway, username="owner@example.com", password=PASSWORD)


def test_expired_token_is_refused(simulator, gateway):
    token = simulator.token(life=timedelta(seconds=-1))
    with pytest.raises(EnvoyAuthenticationError, match="verify token"):
        read(gateway, token)


@pytest.mark.parametrize(
    "name", ["8.2.4345_with_device_data", "8.3.5289_modGone", "7.6.175_standard"]
)
def test_replayed_captures_are_read_too(name, recordings, clock, serve):
    simulator = EnvoySimulator(CaptureBackend(recordings / "envoy" / name), clock)
    gateway = serve(simulator)
    _, data = read(gateway, simulator.token())
    with httpx.Client(verify=False) as client:
        authorization = {"Authorization": f"Bearer {simulator.token()}"}
        v1 = client.get(f"{gateway.base_url}/api/v1/production", headers=authorization).json()
    assert data.system_production.watt_hours_lifetime == pytest.approx(
        v1["wattHoursLifetime"], rel=0.001
    )
