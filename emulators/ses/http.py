"""The HTTP side of the local SES: `POST /v2/email/outbound-emails` as boto3 sends it, and the state of the account."""

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


class Ses(Protocol):
    """The service behind the server."""

    def accept(self, body: bytes, *, signed: bool) -> str:
        """Return the id of the accepted message. Raises RefusalError."""

    def account(self) -> dict[str, object]:
        """Return the account as GetAccount does."""

    def identity(self, name: str) -> dict[str, object] | None:
        """Return an identity as GetEmailIdentity does; None if it is unknown."""

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
        identities = "/v2/email/identities/"
        if self.path == "/v2/email/account":
            self._reply(HTTPStatus.OK, self.server.ses.account())
        elif self.path.startswith(identities):
            found = self.server.ses.identity(unquote(self.path.removeprefix(identities)))
            if found is None:
                self._reply(HTTPStatus.NOT_FOUND, {"message": "unknown identity"}, error="NotFoundException")
            else:
                self._reply(HTTPStatus.OK, found)
        else:
            self._reply(HTTPStatus.NOT_FOUND, {"message": "unknown"}, error="UnknownOperationException")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/v2/email/outbound-emails":
            self._reply(HTTPStatus.NOT_FOUND, {"message": "unknown"}, error="UnknownOperationException")
            return
        signed = self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 ")
        try:
            message_id = self.server.ses.accept(body, signed=signed)
        except RefusalError as refusal:
            self._reply(refusal.status, {"message": refusal.message}, error=refusal.code)
            return
        if self.server.ses.reply_allowed():
            self._reply(HTTPStatus.OK, {"MessageId": message_id})
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

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
