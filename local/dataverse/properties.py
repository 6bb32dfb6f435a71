"""One property of a row: `set(…)/column`, `set(…)/column/$value`, `set(…)/navigation/$ref`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.dataverse import values
from local.dataverse.addresses import address
from local.dataverse.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from local.dataverse.messages import Response
from local.dataverse.records import body_of

if TYPE_CHECKING:
    from local.dataverse.app import Emulator
    from local.dataverse.messages import Request
    from local.dataverse.schema import Column
    from local.dataverse.store import Row, Table


def on_property(emulator: Emulator, table: Table, path: str, rest: str, request: Request) -> Response:
    """GET, PUT or DELETE of `rest` behind `set(…)`, percent-encoding removed."""
    schema = table.schema
    name, _, suffix = rest.partition("/")
    if suffix == "$ref" and name in schema.navigations:
        column = schema.navigations[name]
    elif name in schema.columns and suffix in {"", "$value"}:
        column = schema.columns[name]
    else:
        raise DataverseError.no_such_segment(name)
    where = address(table, path)
    emulator.tokens.require(request.user, schema.name, "read" if request.method == "GET" else "write")
    row = where.find()
    if row is None:
        raise where.missing()
    match request.method:
        case "GET" if suffix != "$ref":
            return _value(emulator, path, column, row[column.property], raw=suffix == "$value")
        case "PUT":
            table.update(row, _given(emulator, table, row, column, request))
        case "DELETE":
            table.update(row, {column.property: None})
        case method:
            raise DataverseError.wrong_method(method)
    return Response(204, [ODATA_VERSION])


def _given(emulator: Emulator, table: Table, row: Row, column: Column, request: Request) -> Row:
    body = body_of(table, request)
    if column.type == "lookup":
        target = emulator.store.tables_by_name[column.target]
        return {column.property: values.referred(emulator, target, body.get("@odata.id", ""))}
    if "value" not in body:
        raise DataverseError.payload(table.schema.set_name, "A property with name 'value' was expected.")
    return values.read(emulator, table, {column.name: body["value"]}, row)


def _value(emulator: Emulator, path: str, column: Column, value: object, *, raw: bool) -> Response:
    if value is None:
        return Response(204, [ODATA_VERSION])
    if raw:
        text = value if isinstance(value, str) else json.dumps(value)
        return Response(200, [("Content-Type", "text/plain"), ODATA_VERSION], text.encode())
    body = {"@odata.context": f"{emulator.api_url}$metadata#{path}/{column.property}", "value": value}
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body, ensure_ascii=False).encode())
