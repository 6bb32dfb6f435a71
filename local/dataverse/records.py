"""One row at a time: create, read, update or create, delete, with their preconditions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.dataverse import representation, values
from local.dataverse.addresses import Address, address
from local.dataverse.errors import ODATA_VERSION, DataverseError
from local.dataverse.messages import Request, Response

if TYPE_CHECKING:
    from local.dataverse.app import Emulator
    from local.dataverse.store import Row, Table


def create(emulator: Emulator, table: Table, request: Request) -> Response:
    """POST set."""
    emulator.tokens.require(request.user, table.schema.name, "create")
    row = table.insert(values.read(emulator, table, body_of(table, request)))
    return _written(emulator, table, request, row, f"{table.schema.set_name}({row[table.schema.primary_id]})", 201)


def on_row(emulator: Emulator, table: Table, path: str, request: Request) -> Response:
    """GET, PATCH or DELETE of `set(…)`."""
    where = address(table, path)
    match request.method:
        case "PATCH":
            return _upsert(emulator, where, request)
        case "GET":
            return _read(emulator, where, request)
        case "DELETE":
            return _delete(emulator, where, request)
        case method:
            raise DataverseError.wrong_method(method)


def _upsert(emulator: Emulator, where: Address, request: Request) -> Response:
    table, headers = where.table, request.headers
    schema = table.schema
    row = where.find()
    if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
    if row is None:
        if if_match and if_match != "null":
            raise where.missing()
        emulator.tokens.require(request.user, schema.name, "create")
        given = values.read(emulator, table, body_of(table, request))
        if where.row_id is None:
            given = where.values | given  # the value in the body wins at creation
        else:
            given[schema.primary_id] = where.row_id
        if emulator.races_to_lose:
            emulator.races_to_lose -= 1
            table.insert(given)
            raise DataverseError.matching_key()
        row = table.insert(given)
        status = 201
    else:
        if if_none_match == "*":
            raise DataverseError.matching_key()
        if if_match:
            _same_version(row, if_match)
        emulator.tokens.require(request.user, schema.name, "write")
        given = values.read(emulator, table, body_of(table, request), row)
        for column in where.values:  # dropped on update
            given.pop(column, None)
        table.update(row, given)
        status = 200
    return _written(emulator, table, request, row, where.text, status)


def _read(emulator: Emulator, where: Address, request: Request) -> Response:
    table = where.table
    emulator.tokens.require(request.user, table.schema.name, "read")
    row = where.find()
    if row is None:
        raise where.missing()
    etag = representation.etag(row)
    if request.headers.get("if-none-match") == etag:
        return Response(304, [ODATA_VERSION, ("ETag", etag)])
    return representation.single(emulator, table, row, representation.selected(table, request.query), 200)


def _delete(emulator: Emulator, where: Address, request: Request) -> Response:
    table = where.table
    emulator.tokens.require(request.user, table.schema.name, "delete")
    row = where.find()
    if row is None:
        raise where.missing()
    if if_match := request.headers.get("if-match"):
        _same_version(row, if_match)
    table.delete(row[table.schema.primary_id])
    return Response(204, [ODATA_VERSION])


def _same_version(row: Row, if_match: str) -> None:
    if if_match not in {"*", "null", representation.etag(row)}:
        raise DataverseError.version_mismatch()


def body_of(table: Table, request: Request) -> Any:
    """The JSON object of a request."""
    try:
        content = json.loads(request.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DataverseError.payload(table.schema.set_name, "An unexpected 'EndOfInput' node was found.")
    return content


def _written(emulator: Emulator, table: Table, request: Request, row: Row, path: str, status: int) -> Response:
    entity = f"{emulator.api_url}{path}"
    prefer = request.headers.get("prefer")
    if prefer is None or "return=representation" not in prefer:
        return Response(204, [ODATA_VERSION, ("Location", entity), ("OData-EntityId", entity)])
    response = representation.single(emulator, table, row, representation.selected(table, request.query), status)
    response.headers += [("Preference-Applied", "return=representation")]
    if status == 201:
        response.headers += [("Location", entity), ("OData-EntityId", entity)]
    return response
