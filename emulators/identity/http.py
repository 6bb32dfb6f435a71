"""The HTTP side of the identity provider: its keys, and its sign-in page."""

from __future__ import annotations

import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol, override
from urllib.parse import parse_qs, urlsplit

SIGN_IN_PATH = "/auth/v1/sign-in"
KEYS_PATH = "/auth/v1/.well-known/jwks.json"
_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


class Reply:
    """A reply: status, body and headers. Without a status the connection is closed without a reply."""

    def __init__(self, status: int | None, body: bytes = b"", **headers: str) -> None:
        """Headers are named with underscores."""
        self.status = status
        self.body = body
        self.headers = headers


class Identity(Protocol):
    """The service behind the server."""

    def published_keys(self) -> Reply:
        """Return the reply to a request for the keys."""

    def sign_in(self, return_to: str, user: str | None) -> Reply:
        """Return the sign-in page, or with a user the redirect back."""


class IdentityServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], identity: Identity) -> None:
        self.identity = identity
        super().__init__(address, _IdentityHandler)


class _IdentityHandler(BaseHTTPRequestHandler):
    # HTTP/1.0: a new connection per request, so refuse_connections() leaves no old one open.
    server: IdentityServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path == KEYS_PATH:
            self._send(self.server.identity.published_keys())
        elif url.path == SIGN_IN_PATH and self._is_addressed_here():
            return_to, user = query.get("return_to", [""])[0], query.get("user", [None])[0]
            self._send(self.server.identity.sign_in(return_to, user))
        else:
            self._send(Reply(HTTPStatus.NOT_FOUND))

    def _is_addressed_here(self) -> bool:
        """Return whether the browser used an address of this machine. A foreign name that leads here reads no names."""
        return urlsplit(f"//{self.headers.get('Host', '')}").hostname in _THIS_MACHINE

    def _send(self, reply: Reply) -> None:
        if reply.status is None:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        # The client may have stopped waiting: that is the purpose of hang().
        with suppress(ConnectionError):
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            if "content_length" not in reply.headers:
                self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the local stack has its own log, and the address of a redirect holds a token."""
