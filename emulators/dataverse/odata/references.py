"""`$1` in a change set: the row that the operation with that Content-ID made, in an address or in a body."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from emulators.dataverse.model.messages import Request

_REFERENCE = re.compile(r"\$(\d\w*|[A-Za-z]\w*)(/.*|$)")


def resolve(request: Request, made: dict[str, str]) -> Request:
    """Return the request with its references replaced; `made` has addresses such as `set(id)` by Content-ID.

    Raises DataverseError 400 for one that no earlier operation has.
    """
    path, body = request.path, request.body
    if path.startswith("$"):
        path = _replaced(path, made)
    if b'"$' in body:
        body = _in_body(body, made)
    return request if path is request.path and body is request.body else replace(request, path=path, body=body)


def _in_body(body: bytes, made: dict[str, str]) -> bytes:
    try:
        content = json.loads(body)
    except ValueError:
        return body  # refused where it is read
    if not isinstance(content, dict):
        return body
    for name, value in content.items():
        if name.endswith(("@odata.bind", "@odata.id")) and isinstance(value, str) and value.startswith("$"):
            content[name] = _replaced(value, made)
    return json.dumps(content).encode()


def _replaced(reference: str, made: dict[str, str]) -> str:
    found = _REFERENCE.match(reference)
    if found is None or found[1] not in made:
        raise DataverseError(
            400,
            choices.UNKNOWN_CONTENT_ID_CODE,
            f"Content-ID Reference: '{reference.partition('/')[0]}' does not exist in the batch context.",
        )
    return made[found[1]] + found[2]
