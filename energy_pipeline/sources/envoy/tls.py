"""Whom a token may be sent to: the rule about a gateway's certificate, applied in every handshake.

A gateway signs its certificate itself and renews it about once a year with a new key, so no public
authority can vouch for it. The one that was seen first is kept; another one is taken only if it
carries the gateway's name, and counts as the gateway's only once `/info` has shown the serial. That
is weaker than a fixed pin, since anybody can make such a certificate: `tls_fingerprint` in the site
file accepts one certificate and no other. What was seen is kept in `pins.py`.
"""

import hashlib
import ssl
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from energy_pipeline.errors import NotTrusted
from energy_pipeline.sources.envoy.wire import CERTIFICATE_NAME

_REQUEST = "TLS handshake"
# A gateway makes its certificate by its own clock, which may run ahead.
_CLOCKS_DIFFER = timedelta(days=1)


class CertificateRule:
    """Decides about every certificate that a gateway presents, before anything is sent to it.

    One conversation has one rule: all of its connections must present the same certificate.

    Args:
        serial: of the gateway.
        required: fingerprint that alone is accepted; None where the user set none.
        pinned: fingerprint that was accepted before; None at the first contact.
        now: the present instant, aware.
    """

    def __init__(
        self, serial: str, *, required: str | None, pinned: str | None, now: datetime
    ) -> None:
        self._name = CERTIFICATE_NAME.format(serial=serial)
        self._required = required
        self._pinned = pinned
        self._now = now
        self._accepted: str | None = None

    @property
    def accepted(self) -> str | None:
        """Fingerprint of the certificate of this conversation; None before the first handshake."""
        return self._accepted

    def check(self, certificate: bytes) -> None:
        """Accept a certificate in DER form.

        Raises:
            NotTrusted: it is not the gateway's, or another one than a moment ago.
        """
        fingerprint = hashlib.sha256(certificate).hexdigest()
        if self._accepted is None:
            self._check_first(certificate, fingerprint)
        elif fingerprint != self._accepted:
            raise self._refused(fingerprint, "another one than a moment ago")
        self._accepted = fingerprint

    def _check_first(self, certificate: bytes, fingerprint: str) -> None:
        if self._required is not None:
            if fingerprint != self._required:
                raise self._refused(fingerprint, f"tls_fingerprint allows {self._required} only")
        elif fingerprint != self._pinned and (fault := self._fault(certificate)):
            raise self._refused(fingerprint, fault)

    def _fault(self, certificate: bytes) -> str | None:
        """Return what is wrong with a certificate that was not seen before."""
        try:
            parsed = x509.load_der_x509_certificate(certificate)
            parsed.verify_directly_issued_by(parsed)
        except InvalidSignature:
            return "the gateway has not signed it itself"
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return "it is no self-signed certificate that can be read"
        names = [str(a.value) for a in parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        if names != [self._name]:
            return f"its name is {', '.join(names) or 'empty'}; allowed: {self._name}"
        begins, ends = parsed.not_valid_before_utc, parsed.not_valid_after_utc
        if not begins - _CLOCKS_DIFFER <= self._now <= ends:
            return f"it is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only"
        return None

    def _refused(self, fingerprint: str, fault: str) -> NotTrusted:
        message = (
            f"the certificate {fingerprint} is not accepted as that of {self._name}: {fault}; "
            "the token was not sent. If it is right, put it into sites.yaml as tls_fingerprint"
        )
        return NotTrusted(message, request=_REQUEST)


def gateway_context(rule: CertificateRule) -> ssl.SSLContext:
    """Return a TLS context in which `rule` decides about every handshake.

    A refusal comes out of the handshake as the rule's own error, before a byte of the request.
    """

    class Checked(ssl.SSLObject):
        """A connection that is not usable before the rule has accepted its certificate."""

        def do_handshake(self) -> None:
            super().do_handshake()
            rule.check(self.getpeercert(binary_form=True) or b"")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the rule knows the name; a host is an address here
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = Checked
    return context
