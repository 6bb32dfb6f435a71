"""The emulator as a process: `python -m emulators.dataverse.server --port 8765`."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from emulators.dataverse import certificates, website
from emulators.dataverse.access.protection import Limits, read_limits
from emulators.dataverse.app import Emulator
from emulators.dataverse.connection import Protocol
from emulators.dataverse.control import rows_file
from emulators.dataverse.model import defaults
from emulators.dataverse.model.schema import SchemaError
from emulators.dataverse.model.schema_file import load

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class _EmulatorServer(uvicorn.Server):
    """Keeps the rows when it ends: uvicorn dies of the signal that ended it, and nothing after it is reached."""

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
    emulator = Emulator(f"{scheme}://127.0.0.1:{port}", load(schema), site=website.load(schema), limits=limits)
    if rows:
        rows_file.read(emulator.store, rows)
    config = uvicorn.Config(
        emulator,
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
    _EmulatorServer(config, lambda: rows_file.write(emulator.store, rows) if rows else None).run()


def announce_and_serve(port: int, schema: Path | None, limits: str, *, https: bool = False) -> None:
    """Say on standard output where everything is, then serve(). What cannot be read ends the program.

    With `https`, under a certificate made for this run, and it is said whom to trust for it.
    """
    try:
        read = read_limits(limits)
    except ValueError as error:
        raise SystemExit(f"--limits: {error}") from None
    url = f"{'https' if https else 'http'}://127.0.0.1:{port}"
    with certificates.throw_away() if https else nullcontext() as tls:
        print(f"Web API         {url}{defaults.API}")
        print(f"token endpoint  {url}/{defaults.TENANT_ID}/oauth2/v2.0/token")
        print(f"client          {defaults.CLIENT_ID}, secret {defaults.CLIENT_SECRET}, scope {url}/.default")
        print(f"website         {url}/website")
        print(f"control         {url}/_emulator/")
        if tls:
            print(f"trust           {tls.authority} (curl --cacert, SSL_CERT_FILE, REQUESTS_CA_BUNDLE)")
        sys.stdout.flush()
        try:
            serve(port, schema or defaults.SCHEMA, read, tls and tls.certificate)
        except SchemaError as error:
            raise SystemExit(str(error)) from None


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=defaults.PORT)
    parser.add_argument("--schema", type=Path, default=defaults.SCHEMA)
    parser.add_argument("--limits", type=read_limits, default=None, help="off, real, or JSON of protection.Limits")
    parser.add_argument("--certificate", type=Path, default=None, help="HTTPS with this key and chain (PEM)")
    parser.add_argument("--rows", type=Path, default=None, help="where rows are kept between two runs")
    given = parser.parse_args()
    serve(given.port, given.schema, given.limits, given.certificate, given.rows)


if __name__ == "__main__":
    main()
