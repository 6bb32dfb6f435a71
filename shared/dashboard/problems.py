"""The problems that force_sync responds with, as RFC 9457 describes them. docs/dashboard.md lists them all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTENT_TYPE = "application/problem+json"
_TYPES = "tag:hlf.no,2026:certification:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. Its name, the end of `type`, never changes."""

    name: str
    status: int
    title: str
    detail: str

    @property
    def type(self) -> str:
        """Return the stable identifier of the kind."""
        return _TYPES + self.name


NOT_SIGNED_IN = Kind("not-signed-in", 401, "Not signed in", "Sign in to the app, and send its token.")
NOT_A_COORDINATOR = Kind(
    "not-a-coordinator", 403, "Not a coordinator", "The person who is signed in is no coordinator in the app."
)
NO_SUCH_MENTOR = Kind("no-such-mentor", 404, "No such mentor", "The coordinator's organisation has no such mentor.")
NO_SUCH_PATH = Kind("no-such-path", 404, "No such path", "There is nothing at this address.")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "Method not allowed", "This address takes another method.")
BODY_TOO_LARGE = Kind("body-too-large", 413, "Body too large", "A request has at most 4096 bytes.")
NOT_JSON = Kind("not-json", 415, "Not JSON", "The body must be JSON: Content-Type: application/json.")
INVALID_REQUEST = Kind("invalid-request", 422, "Invalid request", "A part of the request is not as described.")
RATE_LIMITED = Kind(
    "rate-limited", 429, "Too many forced syncs", "This mentor or this coordinator has had those of a minute."
)
INTERNAL_ERROR = Kind("internal-error", 500, "Internal error", "The fault is ours, and operations is told.")
DATABASE_UNAVAILABLE = Kind(
    "database-unavailable", 503, "Not available now", "The database cannot be used now. Nothing was lost; try again."
)

KINDS = (
    NOT_SIGNED_IN,
    NOT_A_COORDINATOR,
    NO_SUCH_MENTOR,
    NO_SUCH_PATH,
    METHOD_NOT_ALLOWED,
    BODY_TOO_LARGE,
    NOT_JSON,
    INVALID_REQUEST,
    RATE_LIMITED,
    INTERNAL_ERROR,
    DATABASE_UNAVAILABLE,
)


def problem(
    kind: Kind, *, errors: Sequence[tuple[str, str]] = (), retry_after: float | None = None, allow: str | None = None
) -> dict[str, Any]:
    """Return the response of a function URL. `errors`: what is wrong with each field; `retry_after` in seconds."""
    content: dict[str, Any] = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": kind.detail}
    headers = {"content-type": CONTENT_TYPE, "cache-control": "no-store"}
    if kind is NOT_SIGNED_IN:
        headers["www-authenticate"] = "Bearer"
    if errors:
        content["errors"] = [{"field": field, "message": message} for field, message in errors]
    if retry_after is not None:
        seconds = max(ceil(retry_after), 1)
        content["retry_after"] = seconds
        headers["retry-after"] = str(seconds)
    if allow is not None:
        headers["allow"] = allow
    return {"statusCode": kind.status, "headers": headers, "body": json.dumps(content)}
