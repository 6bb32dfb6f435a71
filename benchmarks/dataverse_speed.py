"""Measure the Dataverse emulator alone: `python -m benchmarks.dataverse_speed [--seconds 3] [--write]`.

One emulator process, one client process with raw sockets and prepared requests, and four keep-alive connections. So the
figures describe the emulator, as far as the cores of one machine allow. Prints `figure NAME VALUE` lines.
`--write` puts them into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from benchmarks.aims import print_figures
from benchmarks.document import write_figures
from emulators.dataverse.model import defaults
from emulators.dataverse.process import LocalDataverse
from local.stack.dataverse import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CONNECTIONS: Final = 4
BATCH: Final = 100
ROWS: Final = 2_000
_OK: Final = (b"HTTP/1.1 200", b"HTTP/1.1 204")


class UnexpectedReplyError(Exception):
    """Raised when the emulator responds unexpectedly. The message is the beginning of the reply."""


class _TimedConnection:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send one request and wait for the whole reply."""
        self._socket.sendall(request)
        reply = self._socket.recv(262_144)
        while (end := reply.find(b"\r\n\r\n")) < 0:
            reply += self._socket.recv(262_144)
        length = 0
        if (found := reply.find(b"content-length: ", 0, end)) >= 0:
            length = int(reply[found + 16 : reply.index(b"\r", found)])
        missing = end + 4 + length - len(reply)
        pieces = [reply]
        while missing > 0:
            pieces.append(self._socket.recv(262_144))
            missing -= len(pieces[-1])
        if not reply.startswith(_OK):
            raise UnexpectedReplyError(reply[:300].decode())
        return b"".join(pieces)

    def close(self) -> None:
        self._socket.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the figures, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.dataverse_speed")
    parser.add_argument("--seconds", type=float, default=3, help="how long each kind of request is sent")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    figures = _measure(options.seconds)
    print_figures(Console(), figures)
    if options.write:
        how = f"{CONNECTIONS} connections of one client, {options.seconds:g} seconds of each kind, limits off."
        write_figures("bench-dataverse figures", "make bench-dataverse", figures, how)
    return 0


def _measure(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, LocalDataverse(Path(folder), limits="off", schema=TABLES) as emulator:
        form = urllib.parse.urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": emulator.client_id,
                "client_secret": emulator.client_secret,
                "scope": f"{emulator.url}/.default",
            }
        ).encode()
        grant = _request("POST", f"/{emulator.tenant_id}/oauth2/v2.0/token", form)
        connection = _TimedConnection(emulator.port)
        token = json.loads(connection.ask(grant).partition(b"\r\n\r\n")[2])["access_token"]
        connection.close()
        bearer = f"Authorization: Bearer {token}\r\n"
        keys = [str(uuid.UUID(int=number)) for number in range(ROWS)]
        singles = [_request("PATCH", defaults.API + _row(key), _body(n), bearer) for n, key in enumerate(keys)]
        batches = [_batch(keys[start : start + BATCH], bearer) for start in range(0, ROWS, BATCH)]
        _check(emulator.port, batches[0])
        return {
            "dataverse_batched_patches_per_s": BATCH * _rate(emulator.port, batches, seconds),
            "dataverse_single_patches_per_s": _rate(emulator.port, singles, seconds),
            "dataverse_tokens_per_s": _rate(emulator.port, [grant], seconds),
        }


def _check(port: int, batch: bytes) -> None:
    """Raise UnexpectedReplyError unless every operation of a batch succeeds."""
    connection = _TimedConnection(port)
    reply = connection.ask(batch)
    connection.close()
    if reply.count(b"\r\nHTTP/1.1 204 ") != BATCH:
        raise UnexpectedReplyError(reply.decode())


def _rate(port: int, requests: Sequence[bytes], seconds: float) -> float:
    """Return the requests per second over all connections, each of which cycles through its share of `requests`."""
    counts = [0] * CONNECTIONS
    failures: list[Exception] = []
    until = time.perf_counter() + seconds

    def work(number: int) -> None:
        connection = _TimedConnection(port)
        mine = requests[number::CONNECTIONS] or requests
        done = 0
        try:
            while time.perf_counter() < until:
                connection.ask(mine[done % len(mine)])
                done += 1
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            failures.append(error)
        counts[number] = done
        connection.close()

    started = time.perf_counter()
    _together([lambda number=number: work(number) for number in range(CONNECTIONS)])  # type: ignore[misc]
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - started)


def _together(works: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _request(method: str, path: str, body: bytes, *headers: str) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n{''.join(headers)}"
    return f"{head}OData-Version: 4.0\r\nAccept: application/json\r\n\r\n".encode() + body


def _row(key: str) -> str:
    return f"hlf_peermentors(hlf_mentorid='{key}')"


def _body(number: int) -> bytes:
    listing = {
        "hlf_name": f"Kari Nordmann {number}",
        "hlf_firstname": "Kari",
        "hlf_lastname": f"Nordmann {number}",
        "hlf_phone": "+47 00 00 00 00",
        "hlf_email": f"kari{number}@example.no",
        "hlf_area": "Oslo",
        "hlf_published": True,
        "statecode": 0,
        "statuscode": 1,
    }
    return json.dumps(listing).encode()


def _batch(keys: Sequence[str], bearer: str) -> bytes:
    parts = [
        (
            "--batch_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            f"PATCH {defaults.API}{_row(key)} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"
        ).encode()
        + _body(number)
        + b"\r\n"
        for number, key in enumerate(keys)
    ]
    kind = 'Content-Type: multipart/mixed; boundary="batch_1"\r\nPrefer: odata.continue-on-error\r\n'
    return _request("POST", f"{defaults.API}$batch", b"".join(parts) + b"--batch_1--\r\n", bearer, kind)


if __name__ == "__main__":
    sys.exit(main())
