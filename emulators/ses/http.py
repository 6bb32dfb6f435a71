"""The HTTP side of the local SES: the part of the API of SES v2 that is served, and `/_emulator/` for faults."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Protocol, override
from urllib.parse import unquote

from emulators.ses.request_checks import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

_V2 = "/v2/email/"
_CONTROL = "/_emulator/"


class Ses(Protocol):
    """The service behind the server."""

    def accept(self, body: bytes, *, signed: bool) -> str:
        """Return the id of the accepted message. Raises RefusalError."""

    def read(self, resource: str, name: str, part: str) -> dict[str, object]:
        """Return what a GET of /v2/email/RESOURCE/NAME/PART returns. Raises RefusalError."""

    def forget_suppressed(self, address: str) -> None:
        """Take an address from the suppression list. Raises RefusalError."""

    def control(self, method: str, name: str, body: bytes) -> dict[str, object]:
        """Carry out a request to /_emulator/NAME. Raises RefusalError."""

    def reply_allowed(self) -> bool:
        """Return whether the reply to an accepted request may be sent; wait first if it is to be held."""


class SesServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], ses: Ses) -> None:
        self.ses = ses
        super().__init__(address, _SesHandler)


class _SesHandler(BaseHTTPRequestHandler):
    # HTTP/1.0: a new connection per message, so refuse_connections() leaves no old one open.
    server: SesServer

    def do_GET(self) -> None:
        self._respond("GET")

    def do_POST(self) -> None:
        self._respond("POST")

    def do_DELETE(self) -> None:
        self._respond("DELETE")

    def _respond(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if (method, self.path) == ("POST", f"{_V2}outbound-emails"):
                self._send_email(body)
            elif self.path.startswith(_CONTROL):
                self._reply(HTTPStatus.OK, self.server.ses.control(method, self.path.removeprefix(_CONTROL), body))
            else:
                self._reply(HTTPStatus.OK, self._call(method, self.path.removeprefix(_V2)))
        except RefusalError as refusal:
            self._reply(refusal.status, {"message": refusal.message}, error=refusal.code)

    def _send_email(self, body: bytes) -> None:
        signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 ")
        message_id = self.server.ses.accept(body, signed=signed)
        if self.server.ses.reply_allowed():
            self._reply(HTTPStatus.OK, {"MessageId": message_id})
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def _call(self, method: str, path: str) -> Mapping[str, object]:
        resource, _, rest = path.partition("/")
        if resource == "suppression":
            address = unquote(rest.removeprefix("addresses/"))
            if method == "DELETE":
                self.server.ses.forget_suppressed(address)
                return {}
            rest = address
        name, _, part = rest.partition("/")
        if method != "GET":
            raise RefusalError("UnknownOperationException", HTTPStatus.NOT_FOUND, "unknown")
        return self.server.ses.read(resource, unquote(name), part)

    def _reply(self, status: int, body: Mapping[str, object], *, error: str | None = None) -> None:
        content = json.dumps(body).encode()
        # The client may have stopped waiting: that is the purpose of hold_reply_next.
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.end_headers()
            self.wfile.write(content)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the local stack has its own log, and addresses of people belong in no log."""
