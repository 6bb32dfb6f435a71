"""A server that says a little now and then, without end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tests.support.wire import _Listener

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable


class Trickler(_Listener):
    """Says `first` at once, then piece after piece, `pause` seconds apart, until the client has gone."""

    def __init__(self, pieces: Iterable[bytes], *, first: bytes = b"", pause: float = 0.05) -> None:
        super().__init__()
        self._pieces, self._first, self._pause = pieces, first, pause
        self._over = threading.Event()
        self.url = f"http://127.0.0.1:{self.port}/"

    def __exit__(self, *error: object) -> None:
        self._over.set()
        super().__exit__(*error)

    def serve(self, client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(self._first)
        for piece in self._pieces:
            if self._over.wait(self._pause):
                return
            client.sendall(piece)
        self._over.wait(10)
