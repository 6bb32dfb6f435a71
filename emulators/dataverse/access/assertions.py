"""Client assertions: JWTs that prove who the application is, its own by certificate or another issuer's.

Sources: "Microsoft identity platform application authentication certificate credentials"; "Workload identity
federation"; "Important considerations and restrictions for federated identity credentials", by which issuer and subject
are compared letter by letter. Numbers and words of the refusals are captured replies unless choices.py has them.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import jwt
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from emulators.dataverse.access.refusals import EntraError
from emulators.dataverse.model import choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.x509 import Certificate

    from emulators.dataverse.access.tokens import TokenIssuer

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FEDERATED_ALGORITHMS = frozenset({"RS256"})
_OWN_ALGORITHMS = frozenset({"PS256", "RS256"})
_FETCH_SECONDS = 5.0
_LONGEST_DOCUMENT = 1 << 20
_SEE = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"


class _Assertion(NamedTuple):
    """A JWT whose signature is not checked yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def check_assertion(tokens: TokenIssuer, application_id: str, text: str, token_urls: frozenset[str]) -> None:
    """Raise EntraError unless the assertion proves this application. `token_urls`: what its own may be for."""
    assertion = _read(text)
    if str(assertion.claims.get("iss", "")).lower() == application_id.lower():
        _check_own(tokens, application_id, assertion, token_urls)
    else:
        _check_federated(tokens, application_id, assertion)
    _check_times(assertion.claims)


def _check_federated(tokens: TokenIssuer, application_id: str, assertion: _Assertion) -> None:
    issuer, subject = assertion.claims.get("iss"), assertion.claims.get("sub")
    audience = assertion.claims.get("aud")
    left = tokens.federated.get(application_id.lower(), [])
    found = {"issuer": issuer, "subject": subject, "audience": audience}
    numbers = {"issuer": 700211, "subject": 700213, "audience": 700212}
    for name in choices.FEDERATED_RECORD_ORDER:
        value = found[name]
        accepted = value if isinstance(value, list) else [value]
        left = [one for one in left if getattr(one, name) in accepted]
        if not left:
            raise EntraError(
                choices.NO_FEDERATED_RECORD_STATUS,
                "invalid_client",
                numbers[name],
                f"No matching federated identity record found for presented assertion {name} '{value}'. Check your"
                f" federated identity credential Subject, Audience and Issuer against the presented assertion. {_SEE}",
            )
    _check_algorithm(assertion, _FEDERATED_ALGORITHMS)
    _check_signature(assertion, _issuers_key(left[0].issuer, assertion.header))


def _check_own(tokens: TokenIssuer, application_id: str, assertion: _Assertion, token_urls: frozenset[str]) -> None:
    if str(assertion.claims.get("sub", "")).lower() != application_id.lower():
        raise EntraError(
            401,
            "invalid_client",
            choices.OWN_ASSERTION_SUBJECT_CODE,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        )
    if assertion.claims.get("aud") not in token_urls:
        raise EntraError(
            401,
            "invalid_client",
            choices.OWN_ASSERTION_AUDIENCE_CODE,
            "Client assertion audience claim does not match Realm issuer.",
        )
    _check_algorithm(assertion, _OWN_ALGORITHMS)
    named = str(assertion.header.get("x5t#S256") or assertion.header.get("x5t") or "")
    for pem in tokens.certificates.get(application_id.lower(), []):
        certificate = load_pem_x509_certificate(pem.encode())
        ended = choices.ENDED_CERTIFICATE_IS_NOT_FOUND and certificate.not_valid_after_utc <= datetime.now(UTC)
        if named in _thumbprints(certificate) and not ended:
            _check_signature(assertion, certificate.public_key())
            return
    raise _invalid_signature(f"[Reason - The key was not found., Thumbprint of key used by client: '{named}'")


def _check_signature(assertion: _Assertion, key: Any) -> None:  # noqa: ANN401 - a public key of any kind
    only_the_signature = {"verify_signature": True, "verify_aud": False, "verify_exp": False}
    only_the_signature |= {"verify_iat": False, "verify_nbf": False, "verify_sub": False, "verify_jti": False}
    try:
        jwt.decode(assertion.text, key, algorithms=[str(assertion.header["alg"])], options=only_the_signature)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        raise _invalid_signature(
            "[Reason - Key was found, but use of the key to verify the signature failed."
        ) from None


def _check_algorithm(assertion: _Assertion, allowed: frozenset[str]) -> None:
    algorithm = assertion.header.get("alg")
    if algorithm not in allowed:
        raise EntraError(
            choices.MALFORMED_ASSERTION_STATUS,
            "invalid_client",
            choices.OTHER_ALGORITHM_CODE,
            f"Invalid JWT token. The signing algorithm '{algorithm}' is not supported.",
        )


def _check_times(claims: Mapping[str, Any]) -> None:
    now, skew = time.time(), choices.ASSERTION_SKEW_SECONDS
    begins, ends = _number(claims.get("nbf", claims.get("iat", 0))), _number(claims.get("exp", 0))
    if not begins - skew <= now < ends + skew:
        raise EntraError(
            401,
            "invalid_client",
            700024,
            f"Client assertion is not within its valid time range. Current time: {_moment(now)}, assertion valid from"
            f" {_moment(begins)}, expiry time of assertion {_moment(ends)}. Review the documentation at"
            " https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
        )


def _issuers_key(issuer: str, header: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a public key of any kind
    try:
        metadata = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        keys_url = str(metadata["jwks_uri"]) if metadata.get("issuer") == issuer else ""
        keys = [key for key in _document(keys_url)["keys"] if key.get("kid") == header.get("kid")]
        if keys:
            return jwt.PyJWK(keys[0], "RS256").key
    except (URLError, OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
        raise EntraError(
            choices.ISSUER_UNREACHABLE_STATUS,
            choices.ISSUER_UNREACHABLE_ERROR,
            501661,
            "Request to External OIDC endpoint failed.",
        ) from None
    raise EntraError(
        401,
        "invalid_client",
        7000272,
        f"The certificate with identifier {header.get('kid')} used to sign the federated credential could not be found"
        f" in the metadata of identity provider {issuer}. Please validate that your Identity Provider's metadata"
        " exposes the key used to sign the incoming token.",
    )


def _document(address: str) -> dict[str, Any]:
    """Read a document of an issuer that an administrator has entered; it is never one that an assertion names."""
    if not address.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError(address)
    with urlopen(address, timeout=_FETCH_SECONDS) as reply:  # noqa: S310 - see above
        found: dict[str, Any] = json.loads(reply.read(_LONGEST_DOCUMENT))
    return found


def _thumbprints(certificate: Certificate) -> set[str]:
    der = certificate.public_bytes(Encoding.DER)
    digests = (hashlib.sha256(der).digest(), hashlib.sha1(der, usedforsecurity=False).digest())
    return {urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests}


def _read(text: str) -> _Assertion:
    parts = text.split(".")
    try:
        header, claims = (json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except ValueError:
        header = claims = None
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(claims, dict):  # noqa: PLR2004 - a JWT's
        raise EntraError(
            choices.MALFORMED_ASSERTION_STATUS,
            "invalid_client",
            choices.MALFORMED_ASSERTION_CODE,
            "JWT token is invalid or malformed.",
        )
    return _Assertion(text, header, claims)


def _invalid_signature(why: str) -> EntraError:
    return EntraError(
        401,
        "invalid_client",
        choices.FEDERATED_SIGNATURE_CODE,
        f"Client assertion contains an invalid signature. {why}]",
    )


def _number(value: object) -> float:
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    return number if math.isfinite(number) else math.nan


def _moment(seconds: float) -> str:
    bounded = min(max(seconds, 0.0), 253402300799.0)
    return datetime.fromtimestamp(bounded, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")
