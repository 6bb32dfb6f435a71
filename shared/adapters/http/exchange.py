"""One HTTP exchange, bounded in time and in the size of the reply."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from shared.adapters.http.deadline import bind, deadline
from shared.domain.deadlines import at_most

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 5.0

# The largest reply that we request, 5,000 rows of a listing table, is about 10 MB.
_LONGEST_REPLY = 16 << 20

# What httpx, httpcore or h11 raise besides their own errors, for a reply that no server should send.
_TRIPPED = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, as far as it was received."""

    status: int
    headers: httpx.Headers
    body: bytes
    flaw: str | None = None
    """Why the body is incomplete: `reply_cut_off` (by the connection, the time or its length) or `reply_encoded`."""

    @property
    def complete(self) -> bool:
        """Return whether the whole body was received."""
        return self.flaw is None


def exchange(
    client: httpx.Client,
    request: httpx.Request,
    seconds: float,
    *,
    before_the_body: Callable[[httpx.Response], None] = lambda _: None,
    longest: int | None = None,
) -> Reply:
    """Send the request once, follow no redirect, and return the reply. All of it takes at most `seconds`.

    It also ends within the function's own time. A body is cut off at the deadline and after `longest` octets. Only an
    unencoded body is requested and read, because a few hundred compressed octets can hold gigabytes.
    Raises httpx.RequestError when not even the head of a reply was received.
    """
    seconds = at_most(seconds)
    ends_at = time.monotonic() + seconds
    bind(client)
    request.headers["accept-encoding"] = "identity"
    request.extensions["timeout"] = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)).as_dict()
    with deadline(seconds):
        try:
            response = client.send(request, stream=True)
        except _TRIPPED as error:
            raise httpx.RemoteProtocolError(type(error).__name__, request=request) from None
        try:
            before_the_body(response)
            if response.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
                return Reply(response.status_code, response.headers, b"", "reply_encoded")
            body, complete = _read(response, ends_at, _LONGEST_REPLY if longest is None else longest)
            return Reply(response.status_code, response.headers, body, None if complete else "reply_cut_off")
        finally:
            response.close()


def _read(response: httpx.Response, ends_at: float, longest: int) -> tuple[bytes, bool]:
    """Return the body, and whether it is complete."""
    body = bytearray()
    try:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > longest or time.monotonic() > ends_at:
                return bytes(body[:longest]), False
    except (httpx.RequestError, *_TRIPPED):
        return bytes(body), False
    return bytes(body), True
