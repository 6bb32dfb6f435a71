"""Which sign-in tokens there can be, and why one is refused."""

from __future__ import annotations

from enum import StrEnum

PUBLISHED_KEY_ALGORITHMS = frozenset(
    {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}
)
"""Algorithms (RFC 7518, RFC 8037) whose keys an identity provider publishes."""
SHARED_SECRET_ALGORITHM = "HS256"  # noqa: S105 - a name
SHORTEST_SECRET = 32
"""Octets of a shared secret (RFC 7518, 3.2). A shorter one can be guessed."""


class SignInRefusal(StrEnum):
    """Why nobody is signed in. The value is a code for a metric; the caller is not told."""

    MISSING = "missing"
    """No header, or one that is not a single bearer token."""
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    """Not among those configured; `none` never is."""
    CRITICAL_HEADER = "critical_header"
    """An extension that must be understood (RFC 7515, 4.1.11); none is."""
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SUBJECT = "subject"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    KEYS_UNAVAILABLE = "keys_unavailable"
    """No key is known, because the identity provider or Secrets Manager cannot be reached."""
