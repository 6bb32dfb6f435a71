"""One POST of emulators/pg_net/worker.py over a connection that is kept, and the record of its outcome."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

# A server may close a connection that was kept just when it is used again; libcurl then sends it on a fresh one.
_CLOSED_MEANWHILE = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


@dataclass(frozen=True, slots=True)
class Post:
    """A row of net.http_request_queue."""

    id: int
    url: str
    headers: Mapping[str, str] | None
    body: bytes | None
    timeout_milliseconds: int


class Poster:
    """Sends posts, from any thread; each thread keeps a connection to each server."""

    def __init__(self) -> None:
        self._kept = threading.local()
        self._all: list[http.client.HTTPConnection] = []

    def send(self, post: Post) -> dict[str, Any]:
        """Send the post and return the columns of net._http_response, without the id. Raises nothing."""
        if post.timeout_milliseconds <= 0:
            return _failed("timeout_milliseconds must be positive")
        try:
            return self._send(post)
        except TimeoutError:
            return _failed(f"Timeout of {post.timeout_milliseconds} ms reached", timed_out=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return _failed(f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close every connection."""
        for connection in self._all:
            connection.close()

    def _send(self, post: Post) -> dict[str, Any]:
        address = urlsplit(post.url)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection, kept = self._connection(address.scheme, address.netloc)
        headers = {"User-Agent": "pg_net/local", "Accept": "*/*", **(post.headers or {})}
        for attempt in range(2):
            _set_timeout(connection, post.timeout_milliseconds / 1000)
            try:
                connection.request("POST", path, body=post.body or b"", headers=headers)
                reply = connection.getresponse()
                content = reply.read()
            except _CLOSED_MEANWHILE:
                connection.close()
                if attempt or not kept:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                return {
                    "status_code": reply.status,
                    "content_type": reply.headers.get("content-type"),
                    "headers": dict(reply.headers.items()),
                    "content": content.decode(errors="replace").replace("\0", "") or None,
                    "timed_out": False,
                }
        raise AssertionError("the second attempt returns or raises")

    def _connection(self, scheme: str, server: str) -> tuple[http.client.HTTPConnection, bool]:
        """Return a connection to the server, and whether it was used before."""
        kept: dict[tuple[str, str], http.client.HTTPConnection] = self._kept.__dict__.setdefault("connections", {})
        found = kept.get((scheme, server))
        if found is not None:
            return found, found.sock is not None
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if scheme not in kinds or not server:
            raise ValueError("only http and https")
        made = kept[scheme, server] = kinds[scheme](server)
        self._all.append(made)
        return made, False


def _set_timeout(connection: http.client.HTTPConnection, seconds: float) -> None:
    connection.timeout = seconds
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _failed(message: str, *, timed_out: bool = False) -> dict[str, Any]:
    return {"timed_out": timed_out, "error_msg": message}
