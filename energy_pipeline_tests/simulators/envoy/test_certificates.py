"""The gateway's own certificate: its name, its year, and the next one."""

import hashlib
import socket
import ssl
from datetime import timedelta

import httpx
import pytest
from cryptography import x509

from energy_pipeline.simulators.envoy import ServedGateway
from energy_pipeline_tests.simulators.envoy.conftest import NOON, plain_client, unverified


def presented(gateway: ServedGateway) -> bytes:
    """The certificate that a new connection sees, in DER."""
    port = int(gateway.host.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as connection,
        unverified().wrap_socket(connection) as secured,
    ):
        assert secured.version() == "TLSv1.2"
        assert secured.selected_alpn_protocol() is None
        certificate = secured.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def test_it_is_self_signed_for_a_year_and_named_after_the_serial(gateway):
    certificate = x509.load_der_x509_certificate(presented(gateway))
    assert certificate.subject.rfc4514_string() == "CN=envoy-122000000001"
    assert certificate.issuer == certificate.subject
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_before_utc == NOON
    assert certificate.not_valid_after_utc == NOON + timedelta(days=365)
    assert list(certificate.extensions) == []


def test_fingerprint_is_that_of_the_presented_certificate(gateway):
    assert gateway.certificate.fingerprint == hashlib.sha256(presented(gateway)).hexdigest()
    assert gateway.certificate.files.key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", [None, "envoy-999999999999"])
def test_the_next_certificate_is_seen_by_new_connections(name, gateway):
    old = x509.load_der_x509_certificate(presented(gateway))
    with plain_client(gateway) as kept:
        assert kept.get("/info").status_code == 200
        renewed = gateway.renew_certificate(name)
        new = x509.load_der_x509_certificate(presented(gateway))
        assert kept.get("/info").status_code == 200
    assert new.public_key() != old.public_key()
    assert new.subject.rfc4514_string() == f"CN={name or 'envoy-122000000001'}"
    assert renewed.fingerprint == hashlib.sha256(presented(gateway)).hexdigest()


def test_a_certificate_whose_year_is_over(gateway):
    gateway.renew_certificate(at=NOON - timedelta(days=400))
    certificate = x509.load_der_x509_certificate(presented(gateway))
    assert certificate.not_valid_after_utc == NOON - timedelta(days=35)


def test_no_client_that_verifies_takes_it(gateway):
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{gateway.base_url}/info")
    context = ssl.create_default_context(cafile=gateway.certificate.files.certificate_file)
    with pytest.raises(httpx.ConnectError, match=r"IP address mismatch|Hostname mismatch"):
        httpx.get(f"{gateway.base_url}/info", verify=context)
