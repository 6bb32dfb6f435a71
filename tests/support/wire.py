"""Between a function and PostgreSQL: two proxies that see where one statement ends and the next begins.

Source: "Frontend/Backend Protocol" in the PostgreSQL manual. A client ends what it asks for with Query (`Q`) or Sync
(`S`); the server ends its response with ReadyForQuery (`Z`) and the state of the transaction.
"""

from __future__ import annotations

import socket
import struct
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

# AuthenticationOk and AuthenticationSASLFinal
_NO_REPLY_WANTED = {struct.pack("!I", 0), struct.pack("!I", 12)}
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104


class _Listener(ABC):
    """Serves each connection in a thread of its own while the context manager is open."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._accepting.join()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self._threads.append(threading.Thread(target=self._served, args=(client,)))
                self._threads[-1].start()

    def _served(self, client: socket.socket) -> None:
        with client, suppress(ConnectionError):
            self.serve(client)

    @abstractmethod
    def serve(self, client: socket.socket) -> None:
        """Talk to one client until it is gone."""


class KillingProxy(_Listener):
    """Passes statements on to the server on `port`, and calls `kill` at the n-th.

    `before`: the server never sees it. `during`: it goes to the server, and no client waits for its result.
    `after`: the server has responded, so the transaction is committed, and the response is lost.
    `passing`: nothing is lost; for a signal that a program may survive.
    """

    def __init__(self, port: int, at: int, moment: str, kill: Callable[[], None]) -> None:
        super().__init__()
        self._port, self._at, self._moment, self._kill = port, at, moment, kill
        self.statements = 0

    def serve(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            server.sendall(_startup(client))
            while True:
                reply = b""
                while True:  # the login's own messages go to and fro; they are not statements
                    message = _message(server)
                    reply += message
                    if message[:1] == b"Z" or (message[:1] == b"R" and message[5:9] not in _NO_REPLY_WANTED):
                        break
                client.sendall(reply)
                asked = _message(client) if message[:1] == b"R" else self._statement(client)
                if asked is None:
                    return
                server.sendall(asked)
                if self.statements == self._at and self._moment == "during":
                    self._kill()
                    _until_ready(server)
                    return
                if self.statements == self._at and self._moment == "after":
                    _until_ready(server)
                    self._kill()
                    return

    def _statement(self, client: socket.socket) -> bytes | None:
        """Everything up to the end of the next statement; None if the client goes, or is killed now."""
        asked = _statement(client)
        if asked is None:
            return None
        self.statements += 1
        if self.statements == self._at and self._moment == "before":
            self._kill()
            return None
        if self.statements == self._at and self._moment == "passing":
            self._kill()
        return asked


class TransactionPooler(_Listener):
    """Gives every transaction a server connection that has never been used: what a pooler may do at its worst."""

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self.sessions = 0

    def serve(self, client: socket.socket) -> None:
        _startup(client)
        client.sendall(_make(b"R", struct.pack("!I", 0)) + _make(b"S", b"client_encoding\0UTF8\0") + _make(b"Z", b"I"))
        while (asked := _statement(client)) is not None:
            with psycopg.connect(self._dsn) as session:
                self.sessions += 1
                with socket.socket(fileno=session.pgconn.socket) as server:
                    server.setblocking(True)
                    while True:
                        server.sendall(asked)
                        reply = _until_ready(server)
                        client.sendall(reply)
                        if reply[-1:] == b"I" or (asked := _statement(client)) is None:
                            break
                    server.detach()
                # psycopg knows nothing of what passed; it only closes the connection.


def _startup(client: socket.socket) -> bytes:
    while True:
        head = _exactly(client, 8)
        length, code = struct.unpack("!II", head)
        if code not in {_SSL_REQUEST, _GSS_REQUEST}:
            return head + _exactly(client, length - 8)
        client.sendall(b"N")


def _statement(client: socket.socket) -> bytes | None:
    asked = b""
    while True:
        try:
            message = _message(client)
        except ConnectionError:
            return None
        if message[:1] == b"X":
            return None
        asked += message
        if message[:1] in {b"Q", b"S"}:
            return asked


def _until_ready(server: socket.socket) -> bytes:
    reply = b""
    while True:
        message = _message(server)
        reply += message
        if message[:1] == b"Z":
            return reply


def _message(peer: socket.socket) -> bytes:
    head = _exactly(peer, 5)
    return head + _exactly(peer, struct.unpack("!I", head[1:])[0] - 4)


def _make(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _exactly(peer: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = peer.recv(count - len(found))
        if not part:
            raise ConnectionResetError
        found += part
    return found
