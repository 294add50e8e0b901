"""To whom a token goes: a gateway that proves to be itself, over HTTPS with its own certificate."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from energy_pipeline.errors import NotTrusted
from energy_pipeline.simulators.envoy import EnvoySimulator, Faults, ServedGateway
from energy_pipeline.simulators.envoy.certificates import IssuedCertificate, issue_certificate
from energy_pipeline.sources.envoy.fleet import FailedGateway
from energy_pipeline.sources.envoy.pins import CertificatePins
from energy_pipeline.sources.envoy.poll import GatewayPoll, poll_gateways
from energy_pipeline.sources.envoy.tls import CertificateRule
from energy_pipeline_tests.simulators.envoy.conftest import NOON
from energy_pipeline_tests.sources.envoy.conftest import SERIAL, Bench, Serve

YEAR = timedelta(days=365)


def der(certificate: IssuedCertificate) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.files.certificate_file.read_text())


def rule(**changes) -> CertificateRule:
    return CertificateRule(SERIAL, **{"required": None, "pinned": None, "now": NOON, **changes})


@pytest.fixture
def issue(tmp_path: Path) -> Callable[..., IssuedCertificate]:
    return lambda *args, **members: issue_certificate(tmp_path, *args, **members)


def test_a_certificate_with_the_gateways_name_is_accepted_at_first_sight(issue):
    certificate, of = issue(SERIAL, NOON), rule()
    of.check(der(certificate))
    assert of.accepted == certificate.fingerprint


@pytest.mark.parametrize(
    ("serial", "begin", "words"),
    [
        ("122000000002", NOON, f"its name is envoy-122000000002; allowed: envoy-{SERIAL}"),
        (SERIAL, NOON - YEAR - timedelta(seconds=1), "valid from 2025-06-11 to 2026-06-11 only"),
        (SERIAL, NOON + timedelta(days=1, seconds=1), "valid from 2026-06-12"),
    ],
)
def test_another_name_or_another_time_is_refused(issue, serial: str, begin, words: str):
    of = rule()
    with pytest.raises(NotTrusted, match=words) as caught:
        of.check(der(issue(serial, begin)))
    assert of.accepted is None
    assert "put it into sites.yaml as tls_fingerprint" in str(caught.value)


def test_a_certificate_that_another_key_has_signed_is_refused(issue):
    """The signature is the last part; one bit of it makes it nobody's."""
    forged = bytearray(der(issue(SERIAL, NOON)))
    forged[-1] ^= 1
    with pytest.raises(NotTrusted, match="has not signed it itself"):
        rule().check(bytes(forged))


@pytest.mark.parametrize("junk", [b"", b"no certificate"])
def test_what_is_no_certificate_is_refused(junk: bytes):
    with pytest.raises(NotTrusted, match="no self-signed certificate"):
        rule().check(junk)


def test_the_pinned_one_stays_good_although_it_is_over(issue):
    old = issue(SERIAL, NOON - 2 * YEAR)
    rule(pinned=old.fingerprint).check(der(old))


def test_a_changed_one_is_judged_as_at_first_sight(issue):
    old, new, other = issue(SERIAL, NOON), issue(SERIAL, NOON), issue("122000000002", NOON)
    rule(pinned=old.fingerprint).check(der(new))
    with pytest.raises(NotTrusted):
        rule(pinned=old.fingerprint).check(der(other))


def test_a_required_fingerprint_is_the_only_one(issue):
    odd, good = issue("122000000002", NOON - 3 * YEAR), issue(SERIAL, NOON)
    rule(required=odd.fingerprint).check(der(odd))
    with pytest.raises(NotTrusted, match=f"tls_fingerprint allows {odd.fingerprint} only"):
        rule(required=odd.fingerprint, pinned=good.fingerprint).check(der(good))


def test_a_conversation_has_one_certificate(issue):
    first, second, of = issue(SERIAL, NOON), issue(SERIAL, NOON), rule()
    of.check(der(first))
    of.check(der(first))
    with pytest.raises(NotTrusted, match="another one than a moment ago"):
        of.check(der(second))


def poll(bench: Bench, gateway: ServedGateway, **access: str) -> GatewayPoll | FailedGateway:
    (outcome,) = asyncio.run(poll_gateways(bench.fleet(gateway, **access)))
    return outcome


def refused(outcome: GatewayPoll | FailedGateway) -> str:
    assert isinstance(outcome, FailedGateway)
    assert isinstance(outcome.error, NotTrusted)
    return str(outcome.error)


def had_secrets(simulator: EnvoySimulator) -> list[str]:
    return [r.path for r in simulator.requests if r.had_token or r.had_cookie]


def test_the_first_certificate_is_kept(bench: Bench, gateway: ServedGateway):
    outcome = poll(bench, gateway)
    assert isinstance(outcome, GatewayPoll)
    assert outcome.readings.num_rows
    assert CertificatePins(bench.state).pinned(SERIAL) == gateway.certificate.fingerprint
    first, second, *rest = gateway.simulator.requests
    assert (first.path, first.had_token, first.had_cookie) == ("/info", False, False)
    assert (second.path, second.had_token) == ("/auth/check_jwt", True)
    assert all(request.had_token and request.had_cookie for request in rest)


def test_a_renewed_certificate_is_accepted_and_reported_once(bench: Bench, gateway: ServedGateway):
    poll(bench, gateway)
    old, new = gateway.certificate.fingerprint, gateway.renew_certificate().fingerprint
    outcome = poll(bench, gateway)
    assert isinstance(outcome, GatewayPoll)
    (remark,) = outcome.remarks
    assert f"{SERIAL} has another certificate: {new}, before {old}" in remark
    assert CertificatePins(bench.state).pinned(SERIAL) == new
    again = poll(bench, gateway)
    assert isinstance(again, GatewayPoll)
    assert again.remarks == ()


@pytest.mark.parametrize("name", ["envoy-999999999999", "localhost"])
def test_a_renewed_certificate_with_another_name_gets_not_even_a_request(
    bench: Bench, gateway: ServedGateway, name: str
):
    poll(bench, gateway)
    asked = len(gateway.simulator.requests)
    pinned = gateway.certificate.fingerprint
    gateway.renew_certificate(name)
    assert f"its name is {name}" in refused(poll(bench, gateway))
    assert len(gateway.simulator.requests) == asked
    assert CertificatePins(bench.state).pinned(SERIAL) == pinned


def test_a_strict_pin_refuses_the_renewed_certificate(bench: Bench, gateway: ServedGateway):
    strict = {"tls_fingerprint": gateway.certificate.fingerprint}
    assert isinstance(poll(bench, gateway, **strict), GatewayPoll)
    asked = len(gateway.simulator.requests)
    gateway.renew_certificate()
    assert "tls_fingerprint allows" in refused(poll(bench, gateway, **strict))
    assert len(gateway.simulator.requests) == asked


def test_a_certificate_that_is_over_is_refused_at_first_sight(bench: Bench, gateway: ServedGateway):
    bench.clock.set(NOON + YEAR + timedelta(days=1))
    assert "it is valid from 2026-06-11 to 2027-06-11 only" in refused(poll(bench, gateway))
    assert gateway.simulator.requests == []


def test_another_gateway_behind_the_address_gets_no_token(
    bench: Bench, simulated: Callable[..., EnvoySimulator], serve: Serve
):
    """Its certificate carries the right name, as anybody's can; its /info tells the truth."""
    simulator = simulated()
    gateway = serve(simulator)
    simulator.faults = Faults(other_serial="122000000099")
    words = refused(poll(bench, gateway))
    assert f"answers gateway 122000000099; allowed: {SERIAL}. The token was not sent" in words
    assert [request.path for request in simulator.requests] == ["/info"]
    assert had_secrets(simulator) == []
    assert CertificatePins(bench.state).pinned(SERIAL) is None


def test_a_renewed_certificate_of_another_gateway_is_not_kept(bench: Bench, gateway: ServedGateway):
    poll(bench, gateway)
    pinned, known = gateway.certificate.fingerprint, len(had_secrets(gateway.simulator))
    gateway.renew_certificate()
    gateway.simulator.faults = Faults(other_serial="122000000099")
    refused(poll(bench, gateway))
    assert CertificatePins(bench.state).pinned(SERIAL) == pinned
    assert len(had_secrets(gateway.simulator)) == known


def test_a_certificate_that_changes_within_a_conversation_ends_it(
    bench: Bench, gateway: ServedGateway
):
    """The connection breaks after /info, and who answers the next one shows another certificate."""

    async def conversation() -> None:
        fleet = bench.fleet(gateway)
        async with fleet.conversation(fleet.gateways[0]) as session:
            gateway.renew_certificate()
            gateway.simulator.faults = Faults(next_failures=("drop",))
            known = len(had_secrets(gateway.simulator))
            with pytest.raises(NotTrusted, match="another one than a moment ago"):
                await session.identify()
            assert len(had_secrets(gateway.simulator)) == known

    asyncio.run(conversation())
