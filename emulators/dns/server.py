"""A name server of this machine: TXT records over UDP (RFC 1035), and on request a failure or silence.

Point a resolver at 127.0.0.1 and `port`. A name that is not known does not exist (NXDOMAIN).
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from types import TracebackType

_LARGEST = 4096
_ONE_STRING = 255


class LocalDns:
    """The server: a context manager. Listens on a free port, on 127.0.0.1 unless told otherwise.

    `texts` are the TXT records by name; `queries` are the names that were asked for. `fails` has the server reply
    SERVFAIL, `is_silent` not at all.
    """

    def __init__(self, texts: dict[str, list[str]] | None = None, host: str = "127.0.0.1") -> None:
        self.texts = texts or {}
        self._host = host
        self.queries: list[str] = []
        self.fails = False
        self.is_silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, name="dns", daemon=True)

    @property
    def address(self) -> str:
        """Return host and port, as 127.0.0.1:5353."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._socket.bind((self._host, 0))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # A datagram to oneself wakes the thread; closing a socket that is read from does not.
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            datagram, client = self._socket.recvfrom(_LARGEST)
            if not datagram:
                return
            if (reply := self._reply(datagram)) is not None:
                self._socket.sendto(reply, client)

    def _reply(self, datagram: bytes) -> bytes | None:
        try:
            query = dns.message.from_wire(datagram)
        except (dns.exception.DNSException, ValueError):
            return None
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.queries.append(name)
        if self.is_silent:
            return None
        reply = dns.message.make_response(query, recursion_available=True)
        if self.fails:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.texts:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.TXT and self.texts[name]:
            records = [" ".join(_quoted(text)) for text in self.texts[name]]
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", "TXT", records))
        return reply.to_wire()


def _quoted(text: str) -> list[str]:
    """Return the strings of a record: one holds 255 characters, and a reader joins them."""
    parts = [text[start : start + _ONE_STRING] for start in range(0, len(text), _ONE_STRING)]
    return ['"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts or [""]]
