"""One HTTP exchange that ends: bounded in time, and in what it reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 5.0

# The largest reply we ask for, 5,000 rows of a listing, is about 10 MB.
_LONGEST_REPLY = 16 << 20


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, as far as it came."""

    status: int
    headers: httpx.Headers
    body: bytes
    complete: bool
    """False: cut off by the connection, by the time or by its length."""


def exchange(
    client: httpx.Client,
    request: httpx.Request,
    seconds: float,
    *,
    before_the_body: Callable[[httpx.Response], None] = lambda _: None,
) -> Reply:
    """Send once, follow nothing, and read the reply for at most `seconds`.

    Raises httpx.RequestError when not even the head of a reply came. A body that trickles is cut at `seconds`; one that
    falls silent just before takes what the head had left of them once more. Only a head that trickles byte by byte
    would take longer: httpcore bounds each of its pieces, and its length.
    """
    began = time.monotonic()
    # A dictionary that httpcore reads anew for the body.
    timeout = request.extensions["timeout"] = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)).as_dict()
    response = client.send(request, stream=True)
    try:
        before_the_body(response)
        body = bytearray()
        complete = True
        try:
            timeout["read"] = max(seconds - (time.monotonic() - began), 0.001)
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _LONGEST_REPLY or time.monotonic() - began > seconds:
                    complete = False
                    break
        except httpx.RequestError:
            complete = False
        return Reply(response.status_code, response.headers, bytes(body[:_LONGEST_REPLY]), complete)
    finally:
        response.close()
