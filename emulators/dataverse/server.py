"""The emulator behind an HTTP server, until a signal stops it."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import uvicorn

from emulators.dataverse import certificates
from emulators.dataverse.app import Emulator
from emulators.dataverse.connection import Protocol
from emulators.dataverse.control import rows_file
from emulators.dataverse.environment import Environment
from emulators.dataverse.model import defaults
from emulators.dataverse.model.schema import SchemaError
from emulators.dataverse.model.schema_file import load
from emulators.dataverse.website import definition

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from emulators.dataverse.access.protection import Limits
    from emulators.dataverse.process import Tls


class _EmulatorServer(uvicorn.Server):
    """Keeps the rows when it ends. uvicorn dies of the signal that ended it, so no later statement is reached."""

    def __init__(self, config: uvicorn.Config, keep: Callable[[], None]) -> None:
        super().__init__(config)
        self._keep = keep

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._keep()


def serve(
    port: int,
    schema: Path = defaults.SCHEMA,
    limits: Limits | None = None,
    certificate: Path | None = None,
    rows: Path | None = None,
) -> None:
    """Listen on 127.0.0.1 until SIGINT or SIGTERM. Raises SchemaError.

    `certificate` is a PEM file with the key and the chain; with it, the emulator speaks HTTPS and nothing else. `rows`
    is the file in which rows are found at the start and left at the end; without it they are gone.
    """
    scheme = "https" if certificate else "http"
    address = f"{scheme}://127.0.0.1:{port}"
    environment = Environment(address, load(schema), website=definition.load(schema), limits=limits)
    if rows:
        rows_file.read(environment.store, rows)
    config = uvicorn.Config(
        Emulator(environment),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http=Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=120,
        ssl_certfile=certificate,
    )
    _EmulatorServer(config, lambda: rows_file.write(environment.store, rows) if rows else None).run()


def run(
    port: int,
    schema: Path = defaults.SCHEMA,
    limits: Limits | None = None,
    rows: Path | None = None,
    *,
    https: bool = False,
    certificate: Path | None = None,
    quiet: bool = False,
) -> None:
    """Run the emulator as a program: print every address unless `quiet`, then serve().

    Raises SystemExit with the reason for a file of tables that cannot be read.

    `https` makes a certificate for this run, and prints which authority a client has to trust for it.
    """
    url = f"{'https' if https or certificate else 'http'}://127.0.0.1:{port}"
    with certificates.throw_away() if https else nullcontext() as tls:
        if not quiet:
            _announce(url, tls)
        try:
            serve(port, schema, limits, tls.certificate if tls else certificate, rows)
        except SchemaError as error:
            raise SystemExit(str(error)) from None


def _announce(url: str, tls: Tls | None) -> None:
    print(f"Web API         {url}{defaults.API}")
    print(f"token endpoint  {url}/{defaults.TENANT_ID}/oauth2/v2.0/token")
    print(f"client          {defaults.CLIENT_ID}, secret {defaults.CLIENT_SECRET}, scope {url}/.default")
    print(f"website         {url}/website")
    print(f"control         {url}/_emulator/")
    if tls:
        print(f"trust           {tls.authority} (curl --cacert, SSL_CERT_FILE, REQUESTS_CA_BUNDLE)")
    sys.stdout.flush()
