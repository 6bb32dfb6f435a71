"""The members of a token request that prove who asks, by the form of the credential.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow has one case for each form.
"""

from __future__ import annotations

import hashlib
import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING
from uuid import uuid4

from shared.domain.credential_forms import Certificate, ClientSecret, Federation
from shared.domain.errors import WebsiteAuthError
from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.domain.credential_forms import Credential
    from shared.ports import IdentityTokens

FEDERATION_AUDIENCE = "api://AzureADTokenExchange"
"""Whom a token of another identity provider has to be for. Microsoft Graph, federatedIdentityCredential."""

_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE_SECONDS = 300


class NoIdentityProvider:
    """shared.ports.IdentityTokens of a place that has none, such as a laptop."""

    def token(self, _audience: str, _seconds: float, /) -> str:
        """Refuse."""
        raise WebsiteAuthError("no_identity_provider", RefusedKind.IDENTITY_REFUSED)


NO_IDENTITY_PROVIDER = NoIdentityProvider()


def proof_of(credential: Credential, token_url: str, identity: IdentityTokens, seconds: float) -> Mapping[str, str]:
    """Return the members of the request's form. `seconds`: the longest that another identity provider may take.

    Raises WebsiteAuthError and WebsiteUnavailableError.
    """
    match credential:
        case ClientSecret():
            return {"client_secret": credential.client_secret}
        case Federation():
            return _assertion(identity.token(FEDERATION_AUDIENCE, seconds))
        case Certificate():
            return _assertion(_signed(credential, token_url))


def _assertion(token: str) -> Mapping[str, str]:
    return {"client_assertion_type": _BEARER, "client_assertion": token}


def _signed(credential: Certificate, token_url: str) -> str:
    """Return an assertion of the application itself.

    https://learn.microsoft.com/entra/identity-platform/certificate-credentials: PS256, and the certificate is named
    by its SHA-256 thumbprint.
    """
    # cryptography takes a tenth of a second to import, which no other form needs.
    import jwt  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

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
        der = load_pem_x509_certificate(credential.certificate.encode()).public_bytes(Encoding.DER)
        thumbprint = urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        return jwt.encode(claims, credential.private_key, "PS256", headers={"x5t#S256": thumbprint})
    except (ValueError, TypeError, jwt.PyJWTError):
        raise WebsiteAuthError("secret_certificate_unusable", RefusedKind.SECRET_MISSING) from None
