"""One deadline for everything a request waits for: name lookup, connecting, TLS, each write and each read.

httpx and httpcore bound each wait separately, so a peer that sends a little now and then would hold them for ever.
"""

from __future__ import annotations

import ipaddress
import math
import socket
import time
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    type Resolve = Callable[[str, int], Iterable[str]]

# httpcore sends and reads in the calling thread, so each thread has the deadline of its own request.
_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)

# Further addresses of a host name are not tried.
_MOST_ADDRESSES = 4


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound everything that a client passed to `bind` does inside the block."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def bind(client: httpx.Client, *, resolve: Resolve | None = None) -> None:
    """Make every connection that the client opens from now on obey `deadline`. May be called again.

    httpx has no setting for this, hence the private attributes. `resolve` returns the addresses of a host.
    """
    transport = client._transport  # noqa: SLF001
    if isinstance(transport, httpx.HTTPTransport):
        pool: Any = transport._pool  # noqa: SLF001
        if not isinstance(pool._network_backend, _Backend):  # noqa: SLF001
            pool._network_backend = _Backend(resolve or _resolve)  # noqa: SLF001


def _left(timeout: float | None, too_late: type[httpcore.TimeoutException]) -> float:
    """Return the seconds of `timeout` that the deadline leaves. Raises `too_late` if it leaves none."""
    seconds = min(math.inf if timeout is None else timeout, _ends_at.get() - time.monotonic())
    if seconds <= 0:
        raise too_late("deadline")
    return min(seconds, 1e6)  # a socket takes no infinite timeout


class _Backend(httpcore.NetworkBackend):
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try the addresses in turn, each with an even share of the time left, so that a silent one costs no other."""
        ends_at = time.monotonic() + _left(timeout, httpcore.ConnectTimeout)
        addresses = self._addresses(host, port, ends_at - time.monotonic())
        for still_to_try in range(len(addresses), 0, -1):
            share = max((ends_at - time.monotonic()) / still_to_try, 0.001)
            try:
                stream = self._sockets.connect_tcp(addresses[-still_to_try], port, share, local_address, socket_options)
                return _Stream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if still_to_try == 1:
                    raise
        raise httpcore.ConnectError("no_address")

    def _addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Resolve the name in a thread, because the system's resolver takes no time limit."""
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        found: SimpleQueue[list[str] | OSError | UnicodeError] = SimpleQueue()

        def work() -> None:
            try:
                found.put(list(dict.fromkeys(self._resolve(host, port)))[:_MOST_ADDRESSES])
            except (OSError, UnicodeError) as error:
                found.put(error)

        Thread(target=work, name="resolver", daemon=True).start()
        try:
            result = found.get(timeout=seconds)
        except Empty:
            raise httpcore.ConnectTimeout("name_not_resolved") from None
        if isinstance(result, Exception):
            raise httpcore.ConnectError(type(result).__name__)
        return result


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of the buffer; httpcore's own write would restart the timeout for each piece that the peer takes."""
        peer: socket.socket = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        try:
            while rest:
                peer.settimeout(_left(timeout, httpcore.WriteTimeout))
                rest = rest[peer.send(rest) :]
        except TimeoutError:
            raise httpcore.WriteTimeout("deadline") from None
        except OSError as error:
            raise httpcore.WriteError(type(error).__name__) from None

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's signature
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int) -> Iterable[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
