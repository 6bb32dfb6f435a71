"""One row as a reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import paging, urls
from emulators.dataverse.odata.shapes import Shape

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row

_WRITER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # json.dumps would make one for each row


def etag(row: Row) -> str:
    """Return the weak ETag of a row: its version."""
    return f'W/"{row["versionnumber"]}"'


def may_be_unchanged(request: Request) -> bool:
    """Return whether a GET may get 304: never with `$expand` or annotations (page on conditional operations)."""
    return "$expand" not in request.query and "odata.include-annotations" not in request.headers.get("prefer", "")


def shape_of(environment: Environment, table: Table, request: Request) -> Shape:
    """Return the form that a request wants of one row. Raises DataverseError for a forbidden or unknown part."""
    options = urls.options(request.query)
    options.only("$select", "$expand")
    shape = Shape(table, options, _annotations(request), environment.api_url)
    for name in shape.reads:
        environment.tokens.require(request.user, name, "read")
    return shape


def single(environment: Environment, shape: Shape, row: Row, request: Request, status: int) -> Response:
    """Return one row as a reply, in the form that shape_of() has found."""
    table, annotations = shape.table, _annotations(request)
    body = {"@odata.context": f"{environment.api_url}$metadata#{table.schema.set_name}{shape.context}/$entity"}
    body |= shape.of(row)
    headers = [CONTENT_TYPE, ODATA_VERSION, ("ETag", etag(row))]
    if annotations:
        headers.append(("Preference-Applied", f'odata.include-annotations="{annotations}"'))
    return Response(status, headers, _WRITER.encode(body).encode())


def _annotations(request: Request) -> str:
    prefer = request.headers.get("prefer")
    return paging.preferences(prefer).get("odata.include-annotations", "") if prefer else ""
