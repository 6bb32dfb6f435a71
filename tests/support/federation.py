"""Assertions by which an application signs in without a client secret, and a certificate of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from emulators.sts.server import LocalSts
    from emulators.sts.signing import SigningKey

ROLE = "arn:aws:iam::000000000000:role/website"
AUDIENCE = "api://AzureADTokenExchange"


def assertion(sts: LocalSts, *, key: SigningKey | None = None, **changed: object) -> str:
    """A token of the issuer as STS signs it, with other claims where they are named; None leaves one out."""
    now = int(time.time())
    claims: dict[str, Any] = {"iss": sts.issuer, "sub": ROLE, "aud": AUDIENCE, "iat": now, "exp": now + 300} | changed
    present = {name: value for name, value in claims.items() if value is not None}
    return sts.account.issuer.sign(present, key)


@dataclass(frozen=True)
class OwnCertificate:
    """A self-signed certificate and its key, as PEM."""

    certificate: str
    private_key: str

    @classmethod
    def new(cls, days: int = 30) -> Self:
        """One that ends in some days, or has ended."""
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "certification")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=60))
            .not_valid_after(now + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(made.public_bytes(Encoding.PEM).decode(), private.decode())
