"""One HTTP exchange that ends: bounded in time, and in what it reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from shared.adapters.dataverse.deadline import bind, deadline
from shared.domain.deadlines import at_most

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 5.0

# The largest reply we ask for, 5,000 rows of a listing, is about 10 MB.
_LONGEST_REPLY = 16 << 20

# What httpx, httpcore or h11 may trip over in a reply that no server should send, besides their own errors.
_TRIPPED = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, httpx.InvalidURL)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, as far as it came."""

    status: int
    headers: httpx.Headers
    body: bytes
    flaw: str | None = None
    """Why the body is not whole: `reply_cut_off` by the connection, the time or its length, or `reply_encoded`."""

    @property
    def complete(self) -> bool:
        """Whether the body came whole."""
        return self.flaw is None


def exchange(
    client: httpx.Client,
    request: httpx.Request,
    seconds: float,
    *,
    before_the_body: Callable[[httpx.Response], None] = lambda _: None,
    longest: int | None = None,
) -> Reply:
    """Send once, follow nothing, and read the reply: all of it for at most `seconds`, and the function's own time.

    Raises httpx.RequestError when not even the head of a reply came; a body is cut at the deadline, and after `longest`
    octets. It asks for a body as it is and reads no other: a few hundred compressed octets can hold gigabytes.
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
    """The body, and whether it is whole."""
    body = bytearray()
    try:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > longest or time.monotonic() > ends_at:
                return bytes(body[:longest]), False
    except (httpx.RequestError, *_TRIPPED):
        return bytes(body), False
    return bytes(body), True
