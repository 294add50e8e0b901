"""Self-signed certificates as a gateway makes them for itself, year after year with a new key.

Subject and issuer are `envoy-<serial>`; no other name is in it, so no host name ever fits.
"""

from datetime import datetime, timedelta
from pathlib import Path
from ssl import TLSVersion
from typing import NamedTuple
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from energy_pipeline.simulators.server import Certificate

_VALID_FOR = timedelta(days=365)


class IssuedCertificate(NamedTuple):
    """A certificate with its key on disk.

    Attributes:
        files: what a server needs.
        name: the common name of subject and issuer.
        fingerprint: SHA-256 of the DER form, 64 lower-case hexadecimal digits.
    """

    files: Certificate
    name: str
    fingerprint: str


def issue_certificate(
    folder: Path, serial: str, at: datetime, *, name: str | None = None
) -> IssuedCertificate:
    """Make a key and a certificate that is valid for one year.

    Args:
        folder: where the two PEM files are written, under a new name each time.
        serial: of the gateway.
        at: begin of its validity (aware).
        name: a common name other than the gateway's own.
    """
    name = name or f"envoy-{serial}"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _self_signed(key, name, at)
    stem = folder / f"{name}-{uuid4().hex[:8]}"
    certificate_file, key_file = stem.with_suffix(".crt"), stem.with_suffix(".key")
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files = Certificate(certificate_file, key_file, TLSVersion.TLSv1_2)
    return IssuedCertificate(files, name, certificate.fingerprint(hashes.SHA256()).hex())


def _self_signed(key: rsa.RSAPrivateKey, name: str, at: datetime) -> x509.Certificate:
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + _VALID_FOR)
        .sign(key, hashes.SHA256())
    )
