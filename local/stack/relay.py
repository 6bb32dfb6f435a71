"""A relay of TCP connections, which makes a service on 127.0.0.1 reachable at one more address."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def relay(address: str, target: tuple[str, int]) -> Iterator[int]:
    """Listen at `address` until the block ends, and connect every client to `target`. Yield the port."""
    server = _Relay((address, 0), _RelayHandler)
    server.target = target
    threading.Thread(target=_serve, args=(server,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


def _serve(server: _Relay) -> None:
    """Serve, and close what is served in the same thread: a second Ctrl-C may end the wait for it, and not it."""
    with server:
        server.serve_forever(poll_interval=0.1)


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    server_address: tuple[str, int]
    target: tuple[str, int]


class _RelayHandler(socketserver.BaseRequestHandler):
    server: _Relay

    def handle(self) -> None:
        """Pass bytes in both directions, and tell each end when the other has finished."""
        with suppress(ConnectionRefusedError), socket.create_connection(self.server.target) as far:
            back = threading.Thread(target=_pass_on, args=(far, self.request), daemon=True)
            back.start()
            _pass_on(self.request, far)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(65536):
            sink.sendall(octets)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
