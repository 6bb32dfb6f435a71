"""TLS before the wheel's PostgreSQL, which is built without it: as RDS and Supabase have it, by an own authority."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from typing import TYPE_CHECKING, Final, Self

import trustme

if TYPE_CHECKING:
    from pathlib import Path

_SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
_CHUNK: Final = 65536


class TlsProxy:
    """Listens on 127.0.0.1, demands TLS as PostgreSQL does, and passes everything on to the server's port."""

    def __init__(self, port: int) -> None:
        """Make the authority and the certificate of `localhost`."""
        self._authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost").configure_cert(context)
        handler = type("Handler", (_Session,), {"server_port": port, "context": context})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, name="tls", daemon=True)

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        return int(self._server.server_address[1])

    def write_authority(self, path: Path) -> None:
        """Write the authority's certificate, which a client must trust."""
        self._authority.cert_pem.write_to_path(str(path))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Session(socketserver.BaseRequestHandler):
    request: socket.socket
    server_port: int
    context: ssl.SSLContext

    def handle(self) -> None:
        # A client that does not trust the authority hangs up, and one that is killed as well.
        with contextlib.suppress(OSError):
            if self.request.recv(len(_SSL_REQUEST), socket.MSG_WAITALL) != _SSL_REQUEST:
                return
            self.request.sendall(b"S")
            with (
                self.context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection(("127.0.0.1", self.server_port)) as server,
            ):
                _pass_on(client, server)


def _pass_on(client: ssl.SSLSocket, server: socket.socket) -> None:
    while True:
        # What TLS has decrypted already is no longer in the socket.
        ready = [client] if client.pending() else select.select([client, server], [], [])[0]
        for source in ready:
            data = source.recv(_CHUNK)
            if not data:
                return
            (server if source is client else client).sendall(data)
