"""The rules by which a webhook is accepted. It is signed because its address is public; it carries no truth (I7).

Signature: HMAC-SHA-256 (RFC 2104) over timestamp, full stop and body as they were sent; certification.notify_webhook
makes it.
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
"""Characters. Anybody could sign with a shorter key, above all with an empty one."""
_SCHEME = "sha256="
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class Refusal(StrEnum):
    """Why a webhook was refused."""

    METHOD_WRONG = "method_wrong"
    BODY_TOO_LARGE = "body_too_large"
    SIGNATURE_MISSING = "signature_missing"
    TIMESTAMP_MALFORMED = "timestamp_malformed"
    SIGNATURE_WRONG = "signature_wrong"
    TIMESTAMP_OLD = "timestamp_old"
    """Signed with our key, but more than five minutes ago or ahead: a wrong clock, or a recording."""
    BODY_MALFORMED = "body_malformed"


UNSIGNED = frozenset(
    {Refusal.METHOD_WRONG, Refusal.BODY_TOO_LARGE, Refusal.SIGNATURE_MISSING, Refusal.TIMESTAMP_MALFORMED}
)
"""Refused before a key is used, because anybody can send it."""


class WebhookRefusedError(PermanentError):
    """A webhook is refused. The message is for its sender and says nothing about a key."""

    def __init__(self, refusal: Refusal, message: str = "") -> None:
        super().__init__(message)
        self.refusal = refusal


class WebhookWithoutKeyError(TransientError):
    """The secret holds no usable key, so no webhook can be accepted."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One request to the function URL. A header that was not sent is None."""

    method: str
    timestamp: str | None
    signature: str | None
    body: bytes


def check_form(request: WebhookRequest) -> None:
    """Refuse what can be refused without a key. Raises WebhookRefusedError."""
    if request.method != "POST":
        raise WebhookRefusedError(Refusal.METHOD_WRONG, "only POST")
    if len(request.body) > LARGEST_BODY:
        raise WebhookRefusedError(Refusal.BODY_TOO_LARGE, f"at most {LARGEST_BODY} octets")
    if not request.signature:
        raise WebhookRefusedError(Refusal.SIGNATURE_MISSING)
    if not _TIMESTAMP.fullmatch(request.timestamp or ""):
        raise WebhookRefusedError(Refusal.TIMESTAMP_MALFORMED)


def is_signed(request: WebhookRequest, keys: Sequence[str]) -> bool:
    """Return whether one of the keys made the signature. All are tried, each in constant time."""
    given = (request.signature or "").encode(errors="surrogatepass")
    fits = [hmac.compare_digest(given, signature(key, request.timestamp or "", request.body).encode()) for key in keys]
    return any(fits)


def check_age(request: WebhookRequest, now: datetime) -> None:
    """Refuse a signed recording that is played later. Raises WebhookRefusedError."""
    if abs(now.timestamp() - int(request.timestamp or "0")) > LONGEST_AGE_SECONDS:
        raise WebhookRefusedError(Refusal.TIMESTAMP_OLD)


def signature(key: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Certification-Signature."""
    message = timestamp.encode() + b"." + body
    return _SCHEME + hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def usable_keys(secret: object) -> tuple[str, ...]:
    """Return the keys of a secret {"current": …, "previous": …}, or none. The second may be absent."""
    found = [secret.get(name) for name in ("current", "previous")] if isinstance(secret, dict) else []
    return tuple(key for key in found if isinstance(key, str) and len(key) >= SHORTEST_KEY)
