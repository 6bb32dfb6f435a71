"""The TCP connection under a request, for faults that cut it."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any, Final, override

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_EXTENSION: Final = "local.transport"


class Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with the connection of each request in its scope."""

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: self.transport}  # type: ignore[dict-item]


def abort(scope: MutableMapping[str, Any]) -> None:
    """Cut the connection with a TCP reset, whether or not anything was sent on it."""
    transport = scope["extensions"][_EXTENSION]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def hang_up(scope: MutableMapping[str, Any], octets: bytes = b"") -> None:
    """Send these octets as they are, and end the connection."""
    transport = scope["extensions"][_EXTENSION]
    transport.write(octets)
    transport.close()
