"""The form of each secret, so that a wrong one is found before the function that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.domain.credentials.credential import end_that_differs, ends_on
from shared.domain.credentials.examination import looks_like_an_id
from shared.domain.credentials.forms import CERTIFICATE_END, read_credential
from shared.domain.errors import SecretMalformedError
from shared.domain.integration.findings import Finding, broken, holds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.domain.credentials.credential import CertificateEnd

_LOGIN: Final = ("host", "dbname", "username", "password")
_SHORTEST_KEY: Final = 32

DATAVERSE: Final = "dataverse"
WEBHOOK: Final = "webhook"


def point_of(name: str) -> str:
    """Return the point of a secret, by its function or what it is for."""
    return f"dependencies.secrets.{name}"


def expected_of(name: str) -> str:
    """Return what is expected of a secret."""
    match name:
        case "dataverse":
            return "the secret of Dataverse names a tenant, an application and how it signs in"
        case "webhook":
            return f"the secret of the webhook holds a key of at least {_SHORTEST_KEY} characters"
        case _:
            return f"the secret of {name} holds a database login"


def secret_finding(name: str, secret: Mapping[str, Any], certificate_end: CertificateEnd) -> Finding:
    """Return the finding of one secret. No value is quoted, except a day."""
    match name:
        case "dataverse":
            problem = _of_dataverse(secret, certificate_end)
        case "webhook":
            problem = _of_webhook(secret)
        case _:
            problem = _of_login(secret)
    if problem is None:
        return holds(point_of(name), expected_of(name))
    advice = "store it again (docs/operations/deploy.md, Logins and secrets)"
    if name == DATAVERSE:
        advice = "change it as docs/operations/credential-rotation.md says"
    return broken(point_of(name), expected_of(name), problem, advice)


def _of_login(secret: Mapping[str, Any]) -> str | None:
    missing = [name for name in _LOGIN if not isinstance(secret.get(name), str) or not secret[name].strip()]
    return f"it has no {', '.join(missing)}" if missing else None


def _of_dataverse(secret: Mapping[str, Any], certificate_end: CertificateEnd) -> str | None:
    missing = [name for name in ("tenant_id", "client_id") if not isinstance(secret.get(name), str)]
    if missing:
        return f"it has no {', '.join(missing)}"
    if looks_like_an_id(secret.get("client_secret")):
        return "its client_secret looks like the secret's id: Entra shows the value once, beside the id"
    try:
        read_credential(secret)
    except SecretMalformedError as error:
        return f"it has none of the three forms ({error}): a client secret, federation, or a certificate with its key"
    if (typed := end_that_differs(secret, certificate_end)) is not None:
        own = ends_on(secret, certificate_end)
        return f"its {CERTIFICATE_END} says {typed}, and the certificate itself ends on {own}: that day counts"
    return None


def _of_webhook(secret: Mapping[str, Any]) -> str | None:
    current = secret.get("current")
    if not isinstance(current, str):
        return "it has no key under `current`"
    return None if len(current) >= _SHORTEST_KEY else f"its key has {len(current)} characters"
