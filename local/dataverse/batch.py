"""`$batch`: a multipart request in, one multipart reply out (OData 4.0, 11.7)."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from local.dataverse import defaults
from local.dataverse.errors import ODATA_VERSION, DataverseError
from local.dataverse.messages import Request, Response

if TYPE_CHECKING:
    from local.dataverse.app import Emulator

_PART = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Operation(NamedTuple):
    """One operation and its Content-ID, empty outside a change set."""

    request: Request
    content_id: str


def answer(emulator: Emulator, request: Request) -> tuple[Response, int]:
    """Carry out a `$batch`. Returns the reply and how many operations it held."""
    items = parse(request)
    count = sum(len(item) if isinstance(item, list) else 1 for item in items)
    if count > emulator.batch_limit:
        raise DataverseError(
            400,
            "0x80060888",
            "The current batch message contains too many parts. Only batch messages with a maximum number of"
            f" '{emulator.batch_limit}' query operations, including changeset operations, are allowed.",
        )
    go_on = "odata.continue-on-error" in request.headers.get("prefer", "")
    boundary = f"batchresponse_{uuid.uuid4()}"
    delimiter = f"--{boundary}\r\n".encode()
    status = 200
    content: list[bytes] = []
    for item in items:
        content.append(delimiter)
        if isinstance(item, list):
            failed = _change_set(emulator, item, content)
        else:
            response = emulator.execute(item.request)
            failed = response.status if response.status >= HTTPStatus.BAD_REQUEST else 0
            content += (_PART, b"\r\n", _written(response))
        if failed and not go_on:
            status = failed
            break
    content.append(f"--{boundary}--\r\n".encode())
    headers = [("Content-Type", f"multipart/mixed; boundary={boundary}"), ODATA_VERSION]
    return Response(status, headers, b"".join(content)), count


def _change_set(emulator: Emulator, operations: list[Operation], content: list[bytes]) -> int:
    boundary = f"changesetresponse_{uuid.uuid4()}"
    content.append(f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode())
    parts: list[bytes] = []
    failed = 0
    emulator.store.begin()
    for operation in operations:
        response = emulator.execute(operation.request)
        part = f"--{boundary}\r\n".encode(), _PART, f"Content-ID: {operation.content_id}\r\n\r\n".encode()
        if response.status >= HTTPStatus.BAD_REQUEST:
            failed = response.status
            parts = [*part, _written(response)]
            break
        parts += (*part, _written(response))
    if failed:
        emulator.store.rollback()
    else:
        emulator.store.commit()
    content += parts
    content.append(f"--{boundary}--\r\n".encode())
    return failed


def _written(response: Response) -> bytes:
    lines = [_STATUS_LINES[response.status]]
    if response.status >= HTTPStatus.BAD_REQUEST:
        lines.append(f"REQ_ID: {uuid.uuid4()}\r\n")
    for name, value in response.headers:
        lines += (name, ": ", value, "\r\n")
    lines.append("\r\n")
    return "".join(lines).encode() + response.body + b"\r\n"


def parse(request: Request) -> list[Operation | list[Operation]]:
    """The operations of a batch; a change set is a list of them."""
    items: list[Operation | list[Operation]] = []
    for headers, content in _parts(_boundary(request.headers.get("content-type", "")), request.body):
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/mixed"):
            items.append(
                [
                    Operation(_operation(inner, request.user), inner_headers.get("content-id", ""))
                    for inner_headers, inner in _parts(_boundary(kind), content)
                ]
            )
        else:
            items.append(Operation(_operation(content, request.user), headers.get("content-id", "")))
    return items


def _boundary(content_type: str) -> str:
    _, found, boundary = content_type.partition("boundary=")
    if not found:
        raise unreadable()
    return boundary.partition(";")[0].strip().strip('"')


def _parts(boundary: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    pieces = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise unreadable()
    parts = []
    for piece in pieces[1:-1]:
        head, found, content = piece.partition(b"\r\n\r\n")
        if not found:
            raise unreadable()
        parts.append((_headers(head.decode("latin-1").strip("\r\n \t").split("\r\n")), content))
    return parts


def _headers(lines: list[str]) -> dict[str, str]:
    headers = {}
    for line in lines:
        name, found, value = line.partition(":")
        if not found or "\n" in line:
            raise unreadable()
        headers[name.strip().lower()] = value.strip()
    return headers


def _operation(content: bytes, user: str | None) -> Request:
    head, _, body = content.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").strip("\r\n").split("\r\n")
    try:
        method, target, _ = (
            line.split(" ", 2)
            if line.count(" ") == 2
            else (line.split(" ", 1)[0], *line.split(" ", 1)[1].rsplit(" ", 1))
        )
    except (ValueError, IndexError):
        raise unreadable() from None
    if "\n" in target:
        raise unreadable()
    _, found, rest = target.partition(defaults.API)
    path, _, query = (rest if found else target.lstrip("/")).partition("?")
    return Request(method, path, query, _headers(lines) if lines and lines != [""] else {}, body, user)


def unreadable() -> DataverseError:
    """What the service says of line ends other than CRLF, and of what is no multipart body at all."""
    return DataverseError(
        400,
        "0x80048d19",
        "Error identified in Payload provided by the user for Entity :'', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : System.ArgumentException: Stream was not readable.",
    )
