"""The doorbell: whether what rang is to be heard. It is signed because its address is public; it carries no truth (I7).

Signature: HMAC-SHA-256 (RFC 2104) over timestamp, full stop and body as they were sent; certification.ring makes it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from shared.domain.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LARGEST_BODY = 64 * 1024
"""Octets; a hundred mentors are 7 thousand."""
LONGEST_AGE_SECONDS = 300
SHORTEST_KEY = 32
"""Characters. Below it, an empty key first of all, anybody could sign."""
_SCHEME = "sha256="
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class Refusal(StrEnum):
    """Why the doorbell was not heard."""

    METHOD_WRONG = "method_wrong"
    BODY_TOO_LARGE = "body_too_large"
    SIGNATURE_MISSING = "signature_missing"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    SIGNATURE_WRONG = "signature_wrong"
    TIMESTAMP_OLD = "timestamp_old"
    """Signed with our key, but more than five minutes ago or ahead: a clock that is wrong, or somebody's recording."""
    BODY_MALFORMED = "body_malformed"


UNSIGNED = frozenset(
    {Refusal.METHOD_WRONG, Refusal.BODY_TOO_LARGE, Refusal.SIGNATURE_MISSING, Refusal.TIMESTAMP_MALFORMED}
)
"""Refused before a key was looked at: anybody can send that."""


class DoorbellRefusedError(PermanentError):
    """When the doorbell is not to be heard. The message is for whoever rang; it says nothing of a key."""

    def __init__(self, refusal: Refusal, message: str = "") -> None:
        super().__init__(message)
        self.refusal = refusal


class DoorbellWithoutKeyError(TransientError):
    """When the secret holds no key that can be used, so that nobody can be heard."""


@dataclass(frozen=True, slots=True)
class Ring:
    """One request to the function URL. A header that was not sent is None."""

    method: str
    timestamp: str | None
    signature: str | None
    body: bytes


def check_form(ring: Ring) -> None:
    """Refuse what needs no key to be refused. Raises DoorbellRefusedError."""
    if ring.method != "POST":
        raise DoorbellRefusedError(Refusal.METHOD_WRONG, "only POST")
    if len(ring.body) > LARGEST_BODY:
        raise DoorbellRefusedError(Refusal.BODY_TOO_LARGE, f"at most {LARGEST_BODY} octets")
    if not ring.signature:
        raise DoorbellRefusedError(Refusal.SIGNATURE_MISSING)
    if not _TIMESTAMP.fullmatch(ring.timestamp or ""):
        raise DoorbellRefusedError(Refusal.TIMESTAMP_MALFORMED)


def is_signed(ring: Ring, keys: Sequence[str]) -> bool:
    """Whether any of the keys made the signature. All are tried, each in constant time."""
    given = (ring.signature or "").encode(errors="surrogatepass")
    fits = [hmac.compare_digest(given, signature(key, ring.timestamp or "", ring.body).encode()) for key in keys]
    return any(fits)


def check_age(ring: Ring, now: datetime) -> None:
    """Refuse a signed recording that is played later. Raises DoorbellRefusedError."""
    if abs(now.timestamp() - int(ring.timestamp or "0")) > LONGEST_AGE_SECONDS:
        raise DoorbellRefusedError(Refusal.TIMESTAMP_OLD)


def signature(key: str, timestamp: str, body: bytes) -> str:
    """The value of X-Certification-Signature."""
    message = timestamp.encode() + b"." + body
    return _SCHEME + hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def usable_keys(secret: object) -> tuple[str, ...]:
    """The keys of a secret {"current": …, "previous": …}, of which the second may be absent. None if there are none."""
    found = [secret.get(name) for name in ("current", "previous")] if isinstance(secret, dict) else []
    return tuple(key for key in found if isinstance(key, str) and len(key) >= SHORTEST_KEY)
