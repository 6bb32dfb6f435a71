"""TLS before the wheel's PostgreSQL, which is built without it: as RDS and Supabase have it, by an own authority."""

from __future__ import annotations

import asyncio
import contextlib
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
        self._server_port = port
        self._authority = trustme.CA()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("localhost").configure_cert(self._context)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls", daemon=True)
        self.port = 0

    def write_authority(self, path: Path) -> None:
        """Write the authority's certificate, which a client must trust."""
        self._authority.cert_pem.write_to_path(str(path))

    def __enter__(self) -> Self:
        self._thread.start()
        made = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._listener = made.result(10)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._listener.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(self, client: asyncio.StreamReader, reply: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            if await client.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST:
                reply.write(b"S")
                await reply.drain()
                await reply.start_tls(self._context)
                server, requests = await asyncio.open_connection("127.0.0.1", self._server_port)
                await asyncio.gather(_pass_on(client, requests), _pass_on(server, reply), return_exceptions=True)
        reply.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    finally:
        target.close()
