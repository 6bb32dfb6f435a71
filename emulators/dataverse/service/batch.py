"""`$batch`: one multipart request in, one multipart reply out (OData 4.0, 11.7, and Microsoft's batch page)."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import ODATA_VERSION, DataverseError, UnreadableStreamError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import paging, references
from emulators.dataverse.odata.multipart import BatchOperation, parse
from emulators.dataverse.service.operations import execute

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request

_HEAD = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_FAILURE = 400


class _ChangeSetFailed(Exception):  # noqa: N818 - undoes a transaction, is no error of ours
    def __init__(self, operation: BatchOperation, response: Response) -> None:
        super().__init__()
        self.operation = operation
        self.response = response


def respond(environment: Environment, request: Request) -> Response:
    """Carry out a `$batch`. Raises DataverseError when it is refused as a whole, and nothing was done."""
    if request.method != "POST":
        raise DataverseError.wrong_method(request.method)
    try:
        items = parse(request)
    except UnreadableStreamError as error:
        return _multipart(400, "batch", [_part(error.response())])
    if sum(len(item) if isinstance(item, list) else 1 for item in items) > environment.settings.batch_limit:
        raise DataverseError(
            400,
            choices.BATCH_TOO_LARGE_CODE,
            "The current batch message contains too many parts. Only batch messages with a maximum number of"
            f" '{environment.settings.batch_limit}' query operations, including changeset operations, are allowed.",
        )
    go_on = _continues(request.headers.get("prefer", ""))
    status = 200 if items else choices.EMPTY_BATCH_STATUS
    parts: list[bytes] = []
    for item in items:
        if isinstance(item, list):
            part, failed = _change_set(environment, item)
        else:
            response = _done(environment, item)
            part, failed = _part(response), response.status if response.status >= _FAILURE else 0
        parts.append(part)
        if failed and not go_on:
            status = failed if choices.OUTER_STATUS_IS_THE_FAILURES else _FAILURE
            break
    return _multipart(status, "batch", parts)


def _done(environment: Environment, operation: BatchOperation) -> Response:
    if operation.readable:
        return execute(environment, operation.request)
    return UnreadableStreamError(operation.request.path.partition("(")[0]).response()


def _continues(prefer: str) -> bool:
    return paging.preferences(prefer).get("odata.continue-on-error", "no").lower() in {"", "true"}


def _change_set(environment: Environment, operations: list[BatchOperation]) -> tuple[bytes, int]:
    """Carry out all operations or none.

    Returns the part, and 0 or the status of the failed operation, which alone is in the part then.
    """
    made: dict[str, str] = {}
    failed = 0
    try:
        with environment.store.transaction():
            parts = [_part(_within(environment, operation, made), operation.content_id) for operation in operations]
    except _ChangeSetFailed as failure:
        failed = failure.response.status
        parts = [_part(failure.response, failure.operation.content_id)]
    changeset = _multipart(failed or 200, "changeset", parts)
    return f"Content-Type: {changeset.headers[0][1]}\r\n\r\n".encode() + changeset.body, failed


def _within(environment: Environment, operation: BatchOperation, made: dict[str, str]) -> Response:
    """Carry out one operation of a change set; `made` has the rows of the operations before it."""
    try:
        request = references.resolve(operation.request, made)
    except DataverseError as error:
        raise _ChangeSetFailed(operation, error.response()) from None
    response = _done(environment, operation._replace(request=request))
    if response.status >= _FAILURE:
        raise _ChangeSetFailed(operation, response)
    if operation.content_id:
        entity = dict(response.headers).get("OData-EntityId", "").removeprefix(environment.api_url)
        made[operation.content_id] = entity or request.path
    return response


def _multipart(status: int, kind: str, parts: list[bytes]) -> Response:
    boundary = f"{kind}response_{uuid.uuid4()}"
    delimiter = f"--{boundary}\r\n".encode()
    body = b"".join([piece for part in parts for piece in (delimiter, part)])
    headers = [("Content-Type", f"multipart/mixed; boundary={boundary}"), ODATA_VERSION]
    return Response(status, headers, body + f"--{boundary}--\r\n".encode())


def _part(response: Response, content_id: str = "") -> bytes:
    number = f"Content-ID: {content_id}\r\n" if content_id else ""
    request_id = f"REQ_ID: {uuid.uuid4()}\r\n" if response.status >= _FAILURE else ""
    headers = "".join([f"{name}: {value}\r\n" for name, value in response.headers])
    head = f"{_HEAD}{number}\r\n{_LINES[response.status]}{request_id}{headers}\r\n"
    return b"%b%b\r\n" % (head.encode(), response.body)
