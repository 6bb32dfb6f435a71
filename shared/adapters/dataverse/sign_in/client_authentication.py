"""The members of a token request that prove who asks, by the form of the credential.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow has one case for each form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.credentials.forms import Certificate, ClientSecret, Federation
from shared.domain.errors import WebsiteAuthError
from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.domain.credentials.forms import Credential
    from shared.ports import IdentityTokens

type Sign = Callable[[Certificate, str], str]

FEDERATION_AUDIENCE = "api://AzureADTokenExchange"
"""Whom a token of another identity provider has to be for. Microsoft Graph, federatedIdentityCredential."""

_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class NoIdentityProvider:
    """shared.ports.IdentityTokens of a place that has none, such as a laptop."""

    def token(self, _audience: str, _seconds: float, /) -> str:
        """Refuse."""
        raise WebsiteAuthError("no_identity_provider", RefusedKind.IDENTITY_REFUSED)


NO_IDENTITY_PROVIDER = NoIdentityProvider()


def cannot_sign(_credential: Certificate, _token_url: str, /) -> str:
    """Refuse to sign by a certificate, where the library for it is not installed."""
    raise WebsiteAuthError("secret_certificate_unusable", RefusedKind.SECRET_MISSING)


def proof_of(
    credential: Credential, token_url: str, seconds: float, *, identity: IdentityTokens, sign: Sign
) -> Mapping[str, str]:
    """Return the members of the request's form. `seconds`: the longest that another identity provider may take.

    `sign` returns the assertion of an application with a certificate, for this address (certificate.py).

    Raises WebsiteAuthError and WebsiteUnavailableError.
    """
    match credential:
        case ClientSecret():
            return {"client_secret": credential.client_secret}
        case Federation():
            return _assertion(identity.token(FEDERATION_AUDIENCE, seconds))
        case Certificate():
            return _assertion(sign(credential, token_url))


def _assertion(token: str) -> Mapping[str, str]:
    return {"client_assertion_type": _BEARER, "client_assertion": token}
