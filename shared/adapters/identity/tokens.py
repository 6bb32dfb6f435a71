"""The check of a sign-in token (RFC 7519), in the order of what each step costs.

A forged token costs at most one verification of a signature: what can be refused without a key is refused before.
"""

from __future__ import annotations

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.domain.errors import NotSignedInError
from shared.domain.sign_in import SHARED_SECRET_ALGORITHM, SignInRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from shared.adapters.identity.kept_keys import KeptKeys

LEEWAY_SECONDS = 30
LARGEST_TOKEN = 8192
"""Octets; a token of Supabase has about a thousand."""
_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)
_TOKEN = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LATEST_TIME = 253402300799  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say, by the settings."""

    issuer: str
    audience: str
    algorithms: Collection[str]


class TokenSignIn:
    """shared.ports.SignIn: by the bearer token of the app. Nothing is logged of a token that is refused."""

    def __init__(
        self,
        expected: Expected,
        published: KeptKeys,
        secrets: KeptKeys | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the keys of the identity provider, and the secrets of HS256 where that is configured."""
        self._expected = expected
        self._published = published
        self._secrets = secrets
        self._clock = clock

    def subject(self, authorization: str | None) -> UUID:
        """Return who is signed in. Raises NotSignedInError; SettingsError for a shared secret that cannot be used."""
        signed, header, claims, signature = _parts(_token(authorization))
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in self._expected.algorithms:
            raise NotSignedInError(SignInRefusal.ALGORITHM)
        if "crit" in header or "b64" in header:
            raise NotSignedInError(SignInRefusal.CRITICAL_HEADER)
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise NotSignedInError(SignInRefusal.MALFORMED)
        subject = self._check_claims(claims)
        self._check_signature(algorithm, kid, signed, signature)
        return subject

    def _check_claims(self, claims: Mapping[str, Any]) -> UUID:
        if claims.get("iss") != self._expected.issuer:
            raise NotSignedInError(SignInRefusal.ISSUER)
        audience = claims.get("aud")
        if self._expected.audience not in (audience if isinstance(audience, list) else [audience]):
            raise NotSignedInError(SignInRefusal.AUDIENCE)
        now = self._clock()
        if now >= _moment(claims.get("exp")) + LEEWAY_SECONDS:
            raise NotSignedInError(SignInRefusal.EXPIRED)
        if any(name in claims and _moment(claims[name]) > now + LEEWAY_SECONDS for name in ("nbf", "iat")):
            raise NotSignedInError(SignInRefusal.NOT_YET_VALID)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not _UUID.fullmatch(subject):
            raise NotSignedInError(SignInRefusal.SUBJECT)
        return UUID(subject)

    def _check_signature(self, algorithm: str, kid: str | None, signed: bytes, signature: bytes) -> None:
        source = self._secrets if algorithm == SHARED_SECRET_ALGORITHM else self._published
        if source is None:
            raise NotSignedInError(SignInRefusal.ALGORITHM)
        keys = source.find(algorithm, kid)
        if any(key.has_signed(signed, signature) for key in keys):
            return
        # A key with a name is never replaced under that name. One without may be, as a shared secret is.
        if not keys or kid is None or keys[0].kid is None:
            source.renew()
            tried, keys = keys, source.find(algorithm, kid)
            if any(key.has_signed(signed, signature) for key in keys if key not in tried):
                return
        if keys:
            raise NotSignedInError(SignInRefusal.SIGNATURE)
        raise NotSignedInError(SignInRefusal.UNKNOWN_KEY if source.available else SignInRefusal.KEYS_UNAVAILABLE)


def _token(authorization: str | None) -> str:
    """Return the token of the header's one value. Several headers arrive as one value with commas."""
    if authorization is None:
        raise NotSignedInError(SignInRefusal.MISSING)
    if len(authorization) > LARGEST_TOKEN:
        raise NotSignedInError(SignInRefusal.TOO_LONG)
    found = _BEARER.fullmatch(authorization)
    if found is None:
        raise NotSignedInError(SignInRefusal.MISSING)
    return found[1]


def _parts(token: str) -> tuple[bytes, Mapping[str, Any], Mapping[str, Any], bytes]:
    """Return what is signed, the header, the claims and the signature."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise NotSignedInError(SignInRefusal.MALFORMED)
    header, claims, signature = found.groups()
    return f"{header}.{claims}".encode(), _json_object(header), _json_object(claims), _octets(signature)


def _octets(text: str) -> bytes:
    """Decode base64url without padding. Only the one canonical spelling of the octets is accepted."""
    try:
        octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise NotSignedInError(SignInRefusal.MALFORMED) from None
    if urlsafe_b64encode(octets).rstrip(b"=") != text.encode():
        raise NotSignedInError(SignInRefusal.MALFORMED)
    return octets


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(_octets(text).decode())
    except (ValueError, RecursionError):
        raise NotSignedInError(SignInRefusal.MALFORMED) from None
    if not isinstance(found, dict):
        raise NotSignedInError(SignInRefusal.MALFORMED)
    return found


def _moment(value: object) -> float:
    """Return a NumericDate (RFC 7519, 2)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST_TIME:
        raise NotSignedInError(SignInRefusal.MALFORMED)
    return value
