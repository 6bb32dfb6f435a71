"""The certificate of an application: the assertion that it signs for itself, and its last day."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert
from typing import TYPE_CHECKING
from uuid import uuid4

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from shared.domain.errors import WebsiteAuthError
from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from datetime import date

    from shared.domain.credentials.forms import Certificate

_LIFE_SECONDS = 300


def signed_assertion(credential: Certificate, token_url: str) -> str:
    """Return an assertion of the application itself (RFC 7519).

    https://learn.microsoft.com/entra/identity-platform/certificate-credentials: PS256, and the certificate is named
    by its SHA-256 thumbprint.
    """
    now = int(time.time())
    claims = {
        "aud": token_url,
        "iss": credential.client_id,
        "sub": credential.client_id,
        "jti": str(uuid4()),
        "iat": now,
        "nbf": now,
        "exp": now + _LIFE_SECONDS,
    }
    try:
        thumbprint = sha256(PEM_cert_to_DER_cert(credential.certificate.strip())).digest()
        key = load_pem_private_key(credential.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise WebsiteAuthError("secret_certificate_unusable", RefusedKind.SECRET_MISSING)
    header = {"alg": "PS256", "typ": "JWT", "x5t#S256": _base64url(thumbprint)}
    signed = f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(claims).encode())}"
    signature = key.sign(signed.encode(), PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH), SHA256())
    return f"{signed}.{_base64url(signature)}"


def last_day(certificate: str) -> date:
    """Return the day on which the certificate ends, in UTC: it is over before that day is over in Norway.

    Raises ValueError for what is no certificate.
    """
    return load_pem_x509_certificate(certificate.strip().encode()).not_valid_after_utc.date()


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
