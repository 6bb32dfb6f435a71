"""One row as a reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic_core import to_json

from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import paging, urls
from emulators.dataverse.odata.shapes import Shape

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row

_MOST_SHAPES: Final = 256
"""Forms kept: all operations of a batch ask for the same."""


def etag(row: Row) -> str:
    """Return the weak ETag of a row: its version."""
    return f'W/"{row["versionnumber"]}"'


def may_be_unchanged(request: Request) -> bool:
    """Return whether a GET may get 304: never with `$expand` or annotations (page on conditional operations)."""
    return "$expand" not in request.query and "odata.include-annotations" not in request.headers.get("prefer", "")


def shape_of(environment: Environment, table: Table, request: Request) -> Shape:
    """Return the form that a request wants of one row. Raises DataverseError for a forbidden or unknown part."""
    annotations, api_url = _annotations(request), environment.api_url
    asked = (table.schema.name, request.query, annotations, api_url)
    known = environment.shapes.get(asked)
    if known is not None and known.table is table and known.schema is table.schema:  # neither reset nor changed since
        return known
    options = urls.options(request.query)
    options.only("$select", "$expand")
    shape = Shape(table, options, annotations, api_url)
    for name in shape.reads:
        environment.tokens.require(request.user, name, "read")
    if "$expand" not in options:  # with it, other tables are part of the form, and whether the user may read them
        if len(environment.shapes) >= _MOST_SHAPES:
            environment.shapes.clear()
        environment.shapes[asked] = shape
    return shape


def single(shape: Shape, row: Row, status: int) -> Response:
    """Return one row as a reply, in the form that shape_of() has found."""
    body = {"@odata.context": shape.row_context, **shape.of(row)}
    headers = [CONTENT_TYPE, ODATA_VERSION, ("ETag", etag(row))]
    if shape.annotations:
        headers.append(("Preference-Applied", f'odata.include-annotations="{shape.annotations}"'))
    return Response(status, headers, to_json(body))


def _annotations(request: Request) -> str:
    prefer = request.headers.get("prefer")
    return paging.preferences(prefer).get("odata.include-annotations", "") if prefer else ""
