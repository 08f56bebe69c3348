"""Certificates of an installation: its own authority, its servers, and one for each device.

A device's certificate has its serial number as common name, which the broker takes as user name.
"""

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.runtime import topics
from core.runtime.credentials import CredentialsError

AUTHORITY_LIFE: Final = timedelta(days=3650)
SERVER_LIFE: Final = timedelta(days=825)
DEVICE_LIFE: Final = timedelta(days=3650)
SKEW: Final = timedelta(days=1)
"""How much a device's clock may be behind."""


@frozen
class Issued:
    """A certificate and its private key, as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)

    def save(self, certificate: Path, key: Path) -> None:
        """Write both files; only their owner can read the key."""
        certificate.write_bytes(self.certificate)
        key.unlink(missing_ok=True)
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self.key)


@frozen
class Authority:
    """Signs the certificates of one installation."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, now: datetime | None = None) -> Self:
        """A new authority, good for ten years."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _named("thingwright authority")
        builder = _builder(name, key.public_key(), now or datetime.now(UTC), AUTHORITY_LIFE)
        builder = builder.issuer_name(name).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def load(cls, certificate: Path, key: Path) -> Self:
        """What `issued().save` wrote; raises CredentialsError."""
        try:
            found = x509.load_pem_x509_certificate(certificate.read_bytes())
            private = load_pem_private_key(key.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{certificate.parent}: no authority here ({error})") from error
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise CredentialsError(f"{key}: is not a key of an elliptic curve")
        return cls(found, private)

    def issued(self) -> Issued:
        return Issued(self.certificate.public_bytes(Encoding.PEM), _pem(self.key))

    def server(self, hosts: Sequence[str], now: datetime | None = None) -> Issued:
        """A certificate of a server that is reached by these names or addresses."""
        names = x509.SubjectAlternativeName([_general(host) for host in hosts])
        return self._issue(hosts[0], SERVER_LIFE, names, now)

    def device(self, sn: str, now: datetime | None = None) -> Issued:
        """A device's certificate; raises CredentialsError where that is no serial number."""
        if not topics.is_serial_number(sn):
            raise CredentialsError(f"{sn!r} is not a serial number: 8 to 24 of A-Z and 0-9")
        return self._issue(sn, DEVICE_LIFE, None, now)

    def _issue(
        self,
        name: str,
        life: timedelta,
        names: x509.SubjectAlternativeName | None,
        now: datetime | None,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), key.public_key(), now or datetime.now(UTC), life)
        builder = builder.issuer_name(self.certificate.subject).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        usage = ExtendedKeyUsageOID.SERVER_AUTH if names else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(names, critical=False)
        signed = builder.sign(self.key, hashes.SHA256())
        return Issued(signed.public_bytes(Encoding.PEM), _pem(key))


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
