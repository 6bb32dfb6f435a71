"""The HTTP side of STS: the query API, and below /issuer what another service reads to verify a token."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol, override
from urllib.parse import parse_qsl
from uuid import uuid4
from xml.sax.saxutils import escape

from emulators.sts.errors import StsError

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUER_PATH = "/issuer"
_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Sts(Protocol):
    """The service behind the server."""

    def call(self, form: Mapping[str, str], authorization: str) -> Mapping[str, object] | None:
        """Return the result of a call; None closes the connection without a reply. Raises StsError."""

    def metadata(self, path: str) -> Mapping[str, object] | None:
        """Return the document at a path below the issuer's address; None closes the connection. Raises StsError."""


class StsServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], sts: Sts) -> None:
        self.sts = sts
        super().__init__(address, _StsHandler)


class _StsHandler(BaseHTTPRequestHandler):
    # HTTP/1.0: a new connection per request, so refuse_connections() leaves no old one open.
    server: StsServer

    def do_POST(self) -> None:
        """Serve a call of the query API."""
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("content-length", 0))).decode()))
        action = form.get("Action", "")
        try:
            result = self.server.sts.call(form, self.headers.get("authorization", ""))
        except StsError as error:
            body = _element("Error", {"Type": "Sender", "Code": error.code, "Message": str(error)})
            self._send(error.status, _document("ErrorResponse", body + _element("RequestId", str(uuid4()))))
            return
        if result is None:
            self._hang_up()
            return
        body = _element(f"{action}Result", result) + _element("ResponseMetadata", {"RequestId": str(uuid4())})
        self._send(HTTPStatus.OK, _document(f"{action}Response", body))

    def do_GET(self) -> None:
        """Serve a document of the issuer."""
        if not self.path.startswith(ISSUER_PATH):
            self._send(HTTPStatus.NOT_FOUND, b"")
            return
        try:
            found = self.server.sts.metadata(self.path.removeprefix(ISSUER_PATH))
        except StsError as error:
            self._send(error.status, b"")
            return
        if found is None:
            self._hang_up()
        else:
            self._send(HTTPStatus.OK, json.dumps(found).encode(), "application/json")

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: bytes, content_type: str = "text/xml") -> None:
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the local stack has its own log."""


def _document(name: str, body: str) -> bytes:
    return f'<{name} xmlns="{_NAMESPACE}">{body}</{name}>'.encode()


def _element(name: str, value: object) -> str:
    inner = "".join(_element(*one) for one in value.items()) if isinstance(value, dict) else escape(str(value))
    return f"<{name}>{inner}</{name}>"
