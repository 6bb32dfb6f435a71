"""A `$batch`: many requests written as one body, and the body of replies to them.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/execute-batch-operations-using-web-api
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from shared.adapters.dataverse.statuses import is_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# All line endings are CRLF, because Dataverse responds with 400 to anything else.
_PART = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"

_BOUNDARY = re.compile(r"""boundary=(?:"([^"\r\n]+)"|([^\s;,"]+))""", re.IGNORECASE)
# A boundary has 70 characters at most (RFC 2046, 5.1.1).
_LONGEST_DELIMITER = 200
_STATUS = re.compile(rb"\r?\n\r?\nHTTP/[0-9.]+ ([1-5][0-9]{2})\b[^\n]*\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")


_VERSION = re.compile(
    rb"""^ETag:[ \t]*(W/"[ !#-\[\]-~]{1,150}")|"@odata\.etag":"(W/\\"[ !#-\[\]-~]{1,150}\\")\"""",
    re.IGNORECASE | re.MULTILINE,
)


class ReplyPart(NamedTuple):
    """The reply to one request."""

    status: int
    message: bytes
    """The header lines, an empty line and the body."""

    def header(self, name: str) -> str | None:
        """Return the value of a header, named in upper or lower case; the first if there are several."""
        for line in self._halves()[0].split("\n"):
            said, colon, value = line.partition(":")
            if colon and said.rstrip(" \t").lower() == name.lower():
                return value.strip(" \t\r")
        return None

    def body(self) -> bytes:
        """Return what follows the headers."""
        return self._halves()[1]

    def row_version(self) -> str | None:
        """Return the version of the row in this reply: its ETag header, or the ETag in its body."""
        found = _VERSION.search(self.message)
        return (found[1] or found[2].replace(b"\\", b"")).decode("latin-1") if found else None

    def _halves(self) -> tuple[str, bytes]:
        head, *body = _BLANK_LINE.split(b"\n" + self.message, maxsplit=1)
        return head.decode("latin-1"), body[0] if body else b""


def boundary() -> str:
    """Return a boundary that no body can contain, because it is random."""
    return f"batch_{uuid4().hex}"


def write(operations: Iterable[bytes], boundary: str) -> bytes:
    """Return the body of a `$batch`. Each operation is a whole HTTP request, up to the end of its own body."""
    delimiter = f"--{boundary}\r\n{_PART}".encode()
    between = b"\r\n" + delimiter
    return b"".join((delimiter, between.join(operations), f"\r\n--{boundary}--\r\n".encode()))


def read(body: bytes, content_type: str, expected: int) -> Sequence[ReplyPart | None]:
    """Return the replies to `expected` requests, in order; None where there is none that can be relied on.

    A part counts once the next delimiter has come. The complete parts of a body that is cut off count. A body that is
    properly closed with too few parts must end with an error, at which Dataverse stopped; otherwise it is unknown which
    parts are missing, and none counts.
    """
    segments = _split(body, content_type, expected + 2)  # one too many shows that there are too many
    closed = bool(segments) and segments[-1].startswith(b"--")
    parts = [_part(segment) for segment in segments[:-1]]
    if len(parts) > expected:
        return [None] * expected
    if closed and len(parts) < expected and not (parts and (last := parts[-1]) and is_error(last.status)):
        return [None] * expected
    return parts + [None] * (expected - len(parts))


def _split(body: bytes, content_type: str, most: int) -> list[bytes]:
    """Return what stands between the delimiters, and what follows the last one. A preamble is left out.

    Delimiters after the first `most` are not split at.
    """
    named = _BOUNDARY.search(content_type)
    body = b"\n" + body
    if named:
        found = body.split(f"\n--{named[1] or named[2]}".encode(errors="replace"), most)[1:]
        if found:
            return found
    # The header names no boundary, or another one than the body has: take the first line that looks like a delimiter.
    first = _first_delimiter(body)
    return body.split(first, most)[1:] if first else []


def _first_delimiter(body: bytes) -> bytes | None:
    """Return the first line that begins with two hyphens and something more, without trailing spaces."""
    start = body.find(b"\n--")
    while start >= 0:
        end = body.find(b"\n", start + 1)
        line = body[start : end if end >= 0 else len(body)].rstrip(b" \t\r")
        if len(b"\n--") < len(line) <= _LONGEST_DELIMITER and not line[3:4].isspace():
            return line
        start = body.find(b"\n--", start + 1)
    return None


def _part(segment: bytes) -> ReplyPart | None:
    status = _STATUS.search(segment)
    return ReplyPart(int(status[1]), segment[status.end() :]) if status else None
