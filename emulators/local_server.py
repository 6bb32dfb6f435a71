"""A server of this machine that listens on 127.0.0.1, may refuse connections for a while, and ends with its block."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from http.server import HTTPServer
    from types import TracebackType


class LocalServer(ABC):
    """A context manager, or start() and stop(). Listens on a free port, which it keeps."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._released = threading.Event()
        self._server: HTTPServer | None = None

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def _listen(self, address: tuple[str, int]) -> HTTPServer:
        """Return a server that listens on this address."""

    def start(self) -> None:
        """Listen, also again after refuse_connections(), on the same port."""
        self._released.clear()
        self._server = self._listen(("127.0.0.1", self._port))
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name=type(self).__name__, daemon=True).start()

    def stop(self) -> None:
        """Stop listening and let held requests and replies go."""
        self._released.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
