"""The body of a `$batch` as operations. Its lines end with CRLF or, as the service forgives, with LF.

A body that ends badly loses its last operation and no other: CRLF or two line ends have to follow the closing delimiter
(Microsoft's page on client errors, "Stream was not readable"; the inferences from it are in choices.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from emulators.dataverse.model import choices, defaults
from emulators.dataverse.model.errors import DataverseError, UnreadableStreamError
from emulators.dataverse.model.messages import Request

_CHANGES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_GOOD_ENDS: Final = (b"\r\n", b"\n\n", b"\n\r")
_ORIGIN: Final = re.compile(r"https?://[^/]*", re.IGNORECASE)
_BOUNDARY: Final = re.compile(r"multipart/mixed\s*;(?:.*;)?\s*boundary=([^;]*)", re.IGNORECASE)
_MAX_URL = 65_536


class BatchOperation(NamedTuple):
    """One operation; `content_id` is empty where none was given."""

    request: Request
    content_id: str
    readable: bool = True
    """False for the last one of what ends badly: its content is lost."""


class _Parts(NamedTuple):
    """`whole` is False where the end is not as it should be, which costs the last part."""

    pieces: list[bytes]
    whole: bool


def parse(request: Request) -> list[BatchOperation | list[BatchOperation]]:
    """Return the operations of a batch, a change set as a list. Raises DataverseError 400 for an unreadable one."""
    boundary = _boundary(request.headers.get("content-type", ""))
    if not choices.LINE_ENDS_MAY_DIFFER and b"\r\n--" in request.body and b"\n--" in request.body.replace(b"\r\n", b""):
        raise UnreadableStreamError
    pieces, whole = _parts(boundary, request.body, _GOOD_ENDS)
    if whole or not choices.BAD_END_LOSES_ONE_OPERATION:
        return [_item(piece, boundary, request.user) for piece in pieces]
    if not pieces:
        raise UnreadableStreamError
    lost = _lost(pieces[-1], boundary, request.user)
    return [*(_item(piece, boundary, request.user) for piece in pieces[:-1]), lost]


def _item(piece: bytes, boundary: str, user: str | None) -> BatchOperation | list[BatchOperation]:
    headers, content = _head(piece)
    kind = headers.get("content-type", "")
    form = kind.lower()
    if form.startswith("application/http"):
        return BatchOperation(_operation(content, boundary, user), headers.get("content-id", ""))
    if form.startswith("multipart/mixed"):
        return _change_set(content, _boundary(kind), user)
    raise DataverseError.payload("", f"The content type '{kind}' of a part of the batch is not supported.")


def _lost(piece: bytes, boundary: str, user: str | None) -> BatchOperation | list[BatchOperation]:
    """Return the last item of a batch that ends badly. No part of it can be carried out."""
    try:
        item = _item(piece, boundary, user)
    except DataverseError:
        item = BatchOperation(Request("", ""), "")
    if isinstance(item, BatchOperation):
        return item._replace(readable=False)
    return (
        [*item[:-1], item[-1]._replace(readable=False)] if item else BatchOperation(Request("", ""), "", readable=False)
    )


def _change_set(content: bytes, boundary: str, user: str | None) -> list[BatchOperation]:
    pieces, whole = _parts(boundary, content, (b"",))  # the line end behind it belongs to the batch's delimiter
    operations = []
    seen: set[str] = set()
    for number, piece in enumerate(pieces, start=1):
        headers, inside = _head(piece)
        request = _operation(inside, boundary, user)
        if request.method not in _CHANGES:
            raise DataverseError.payload(
                "",
                f"An invalid HTTP method '{request.method}' was detected for a request in a change set. Requests in"
                " change sets only support the HTTP methods 'POST', 'PUT', 'DELETE', and 'PATCH'.",
            )
        content_id = headers.get("content-id") or request.headers.get("content-id", "")
        if content_id and content_id in seen:
            raise DataverseError.payload("", f"The content ID '{content_id}' was found more than once in a change set.")
        seen.add(content_id)
        operations.append(BatchOperation(request, content_id, whole or number < len(pieces)))
    return operations


def _boundary(content_type: str) -> str:
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise DataverseError.payload("", "A batch needs the content type 'multipart/mixed' with a boundary.")
    return found[1].strip().strip('"')


def _parts(boundary: str, body: bytes, ends: tuple[bytes, ...]) -> _Parts:
    """Split at the delimiters."""
    delimiter = f"\n--{boundary}".encode()
    pieces: list[bytes] = []
    for piece in (b"\n" + body).split(delimiter)[1:]:  # what comes before the first delimiter is ignored
        if piece.startswith((b"\r\n", b"\n")):
            pieces.append(piece)
        elif piece.startswith(b"--"):
            return _Parts([found.removesuffix(b"\r") for found in pieces], piece[2:].lstrip(b" \t").startswith(ends))
        elif pieces:
            pieces[-1] += delimiter + piece  # a longer word that begins as the boundary does
    if pieces and not pieces[-1].strip():
        del pieces[-1]  # the end without its two hyphens
    return _Parts([found.removesuffix(b"\r") for found in pieces], whole=False)


def _head(piece: bytes) -> tuple[dict[str, str], bytes]:
    """Return the headers of a part, whose first line end is that of the delimiter, and its content."""
    end, start = _blank_line(piece, 2)
    if not start:
        raise UnreadableStreamError
    return _part_headers(piece[:end]), piece[start:]


def _blank_line(text: bytes, begin: int = 0) -> tuple[int, int]:
    """Return where a head ends and where the content below the first empty line begins: 0 without such a line."""
    crlf = text.find(b"\n\r\n", begin)
    feed = text.find(b"\n\n", begin, None if crlf < 0 else crlf)
    if feed >= 0:
        return feed, feed + 2
    return (len(text), 0) if crlf < 0 else (crlf, crlf + 3)


@lru_cache(maxsize=256)  # the parts of a batch have the same few; they are never changed. Operations differ: If-Match
def _part_headers(head: bytes) -> dict[str, str]:
    return _headers(head.decode("latin-1"))


def _headers(head: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.replace("\r", "").split("\n"):
        if not line:
            continue
        name, found, value = line.partition(":")
        if not found:
            raise UnreadableStreamError
        headers[name.strip().lower()] = value.strip()
    return headers


def _operation(content: bytes, boundary: str, user: str | None) -> Request:
    end, start = _blank_line(content)
    if not start and not content.endswith(b"\n"):
        raise DataverseError.payload(
            "",
            f"The message header '--{boundary}' is invalid. The header value must be of the format"
            " '<header name>: <header value>'.",
        )
    line, _, headers = content[:end].decode("utf-8", "replace").partition("\n")
    method, _, rest = line.partition(" ")
    # A space in an address is a mistake that the service forgives.
    target, _, version = rest.rstrip("\r").rpartition(" ")
    if not target or not version.startswith("HTTP/"):
        raise UnreadableStreamError
    if len(target) > _MAX_URL:
        raise DataverseError.url_too_long(_MAX_URL)
    path, _, query = target.partition("?")
    _, found, below = path.partition(defaults.API)
    if not found:  # beside this version of the API, perhaps of another
        below = _ORIGIN.sub("", path).lstrip("/")
    body = content[start:] if start else b""
    return Request(method, below, query, _headers(headers), body, user)
