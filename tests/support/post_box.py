"""A server that keeps what is posted to it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class PostRecord:
    """One request; `peer` is the sender's port, the same as long as the connection is kept."""

    path: str
    headers: dict[str, str]
    body: bytes
    peer: int
    at: float


class PostBox:
    """Respond to every POST with `status` after `seconds`, and hangs up without a word on the next `hang_up`."""

    def __init__(self) -> None:
        self.received: list[PostRecord] = []
        self.status, self.seconds, self.hang_up = 202, 0.0, 0
        self.together = self.most_together = 0
        self._lock = threading.Lock()
        box = self

        class _PostHandler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                box.take(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _PostHandler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        received = PostRecord(handler.path, headers, body, handler.client_address[1], time.perf_counter())
        with self._lock:
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            hang_up, self.hang_up = self.hang_up > 0, max(self.hang_up - 1, 0)
        time.sleep(self.seconds)
        with self._lock:
            self.together -= 1
            self.received.append(received)
        if hang_up:
            handler.close_connection = True
            return
        handler.send_response(self.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    def wait_for(self, count: int, seconds: float = 5.0) -> list[PostRecord]:
        """Wait until so many have come. Raises AssertionError."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} came"
            time.sleep(0.001)
        return self.received
