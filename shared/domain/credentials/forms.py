"""The forms of the application user's credential for Dataverse. The form of the secret chooses.

A secret has exactly one of the members `client_secret`, `federation` and `certificate`, beside `tenant_id` and
`client_id`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.domain.errors import SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
_PEM = re.compile(r"\s*-----BEGIN [A-Z ]+-----\s[\x0a\x0d\x20-\x7e]+-----END [A-Z ]+-----\s*")

AWS = "aws"
"""The identity provider that `federation` may name: AWS's outbound identity federation."""


class CredentialForm(StrEnum):
    """How the application signs in."""

    SECRET = "secret"  # noqa: S105 - a name
    FEDERATION = "federation"
    """Entra trusts tokens that AWS issues to our role. There is nothing that can end."""
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A password of the application, which ends."""

    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    form = CredentialForm.SECRET


@dataclass(frozen=True, slots=True)
class Federation:
    """The application trusts another identity provider, which signs a token for us."""

    tenant_id: str
    client_id: str
    form = CredentialForm.FEDERATION


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate of the application, which ends, and its private key, both as PEM."""

    tenant_id: str
    client_id: str
    certificate: str
    private_key: str = field(repr=False)
    form = CredentialForm.CERTIFICATE


type Credential = ClientSecret | Federation | Certificate

_MEMBERS = {
    "client_secret": CredentialForm.SECRET,
    "federation": CredentialForm.FEDERATION,
    "certificate": CredentialForm.CERTIFICATE,
}
SECRET_END = "client_secret_expires_on"  # noqa: S105 - a name
"""The member that states the last day of a client secret, which nothing else tells."""
CERTIFICATE_END = "certificate_expires_on"
"""The member that once stated the last day of a certificate, which the certificate says itself."""


def form_of(secret: Mapping[str, Any]) -> CredentialForm:
    """Return the form that the secret has; that of a client secret if it names none. Raises SecretMalformedError."""
    named = [form for member, form in _MEMBERS.items() if secret.get(member) is not None]
    if len(named) > 1:
        raise SecretMalformedError("secret_has_two_forms")
    return named[0] if named else CredentialForm.SECRET


def read_credential(secret: Mapping[str, Any]) -> Credential:
    """Return the credential that the secret holds. Raises SecretMalformedError with a code, and quotes nothing."""
    tenant_id, client_id = _text(secret, "tenant_id", _TENANT), _text(secret, "client_id", _PRINTABLE)
    match form_of(secret):
        case CredentialForm.FEDERATION:
            if secret["federation"] != AWS:
                raise SecretMalformedError("secret_federation_unknown")
            return Federation(tenant_id, client_id)
        case CredentialForm.CERTIFICATE:
            return Certificate(
                tenant_id, client_id, _text(secret, "certificate", _PEM), _text(secret, "private_key", _PEM)
            )
        case CredentialForm.SECRET:
            return ClientSecret(tenant_id, client_id, _text(secret, "client_secret", _PRINTABLE))


def _text(secret: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = secret.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise SecretMalformedError(f"secret_has_no_{name}")
    return value
