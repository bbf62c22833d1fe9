"""The certificates by which the parts of one server know each other.

Who holds none that this authority signed gets no answer. The authority's own key is never written:
it signs one certificate and is forgotten.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BEFORE = timedelta(days=1)  # a clock that is set back meanwhile does no harm
_AFTER = timedelta(days=3650)  # they are made anew at every start


@dataclass(frozen=True)
class Certificates:
    """An authority, one certificate for both ends of a connection, and its key; all in PEM."""

    authority: str
    certificate: str
    key: str = field(repr=False)


def make_certificates(name: str) -> Certificates:
    """Make a new authority and the only certificate that it ever signs, for this machine."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name(f"{name} authority")
    authority = _describe(issuer, issuer, authority_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    certificate = (
        _describe(_name(name), issuer, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USES, critical=False)
        .add_extension(_LOOPBACK, critical=False)
    )
    return Certificates(
        _pem(authority.sign(authority_key, hashes.SHA256())),
        _pem(certificate.sign(authority_key, hashes.SHA256())),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    )


_USES = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
_LOOPBACK = x509.SubjectAlternativeName(
    [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _describe(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _AFTER)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
