"""The body of a `$batch` as operations. Every line end of its structure must be CRLF, as with the service."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from local.dataverse import defaults
from local.dataverse.errors import DataverseError, UnreadableStreamError
from local.dataverse.messages import Request

_CHANGES = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_SEPARATOR = b"\r\n\r\n"
_MAX_URL = 65_536


class Operation(NamedTuple):
    """One operation; `content_id` is empty where none was given."""

    request: Request
    content_id: str


def parse(request: Request) -> list[Operation | list[Operation]]:
    """The operations of a batch, a change set as a list. Raises DataverseError 400 for what cannot be read."""
    items: list[Operation | list[Operation]] = []
    boundary = _boundary(request.headers.get("content-type", ""))
    if not request.body.rstrip(b"\r\n").endswith(b"--") or not request.body.endswith(b"\r\n"):
        raise UnreadableStreamError  # the last line needs its CRLF too
    for headers, content in _parts(boundary, request.body):
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/mixed"):
            items.append(_change_set(_parts(_boundary(kind), content), request.user))
        elif kind.startswith("application/http"):
            items.append(Operation(_operation(content, request.user), headers.get("content-id", "")))
        else:
            raise DataverseError.payload("", f"The content type '{kind}' of a part of the batch is not supported.")
    return items


def _change_set(parts: list[tuple[dict[str, str], bytes]], user: str | None) -> list[Operation]:
    operations = []
    seen: set[str] = set()
    for headers, content in parts:
        request = _operation(content, user)
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
        operations.append(Operation(request, content_id))
    return operations


def _boundary(content_type: str) -> str:
    kind, found, boundary = content_type.partition("boundary=")
    if not found or not kind.lower().startswith("multipart/mixed"):
        raise DataverseError.payload("", "A batch needs the content type 'multipart/mixed' with a boundary.")
    return boundary.partition(";")[0].strip().strip('"')


def _parts(boundary: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    first, *pieces = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    del first  # what comes before the first delimiter is nobody's
    if not pieces or not pieces[-1].startswith(b"--"):
        raise UnreadableStreamError
    parts = []
    for piece in pieces[:-1]:
        head, found, content = piece.partition(_SEPARATOR)
        if not found or not head.startswith(b"\r\n"):
            raise UnreadableStreamError
        parts.append((_headers(head[2:].decode("latin-1")), content))
    return parts


@lru_cache(maxsize=256)  # a batch has the same few a thousand times; nobody changes them
def _headers(head: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in filter(None, head.split("\r\n")):
        name, found, value = line.partition(":")
        if not found or "\n" in line:
            raise UnreadableStreamError
        headers[name.strip().lower()] = value.strip()
    return headers


def _operation(content: bytes, user: str | None) -> Request:
    head, _, body = content.partition(_SEPARATOR)
    line, _, headers = head.decode("utf-8", "replace").partition("\r\n")
    method, _, rest = line.partition(" ")
    target, _, version = rest.rpartition(" ")  # a space in an address is somebody's mistake that the service forgives
    if not target or not version.startswith("HTTP/"):
        raise UnreadableStreamError
    if len(target) > _MAX_URL:
        raise DataverseError.url_too_long(_MAX_URL)
    path, _, query = target.partition("?")
    _, found, below = path.partition(defaults.API)
    return Request(method, below if found else path.lstrip("/"), query, _headers(headers), body, user)
