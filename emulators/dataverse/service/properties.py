"""One property of a row: `set(…)/column`, `set(…)/column/$value`, `set(…)/navigation`, `set(…)/navigation/$ref`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import unserved, urls
from emulators.dataverse.odata.addresses import address
from emulators.dataverse.service import representation, values
from emulators.dataverse.service.records import body_of, same_version

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.schema import Column
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row


def on_property(environment: Environment, table: Table, path: str, rest: str, request: Request) -> Response:
    """Respond to a request to `rest` behind `set(…)`, percent-encoding removed. Raises DataverseError."""
    name, _, suffix = rest.partition("/")
    if name in table.schema.navigations:
        return _on_navigation(environment, table, path, rest, request)
    if name not in table.schema.columns:
        raise unserved.below_row(table, rest)
    if suffix not in {"", "$value"}:
        raise DataverseError.no_such_segment(suffix)
    column = table.schema.columns[name]
    urls.options(request.query).only()
    row = _row(environment, table, path, request)
    match request.method:
        case "GET":
            return _value(environment, path, column, row[column.property], raw=suffix == "$value")
        case "PUT":
            table.update(row, _given(environment, table, row, column, request))
        case "DELETE":
            table.update(row, values.read(environment, table, {column.property: None}, row))
        case method:
            raise DataverseError.wrong_method(method)
    return Response(204, [ODATA_VERSION])


def _on_navigation(environment: Environment, table: Table, path: str, rest: str, request: Request) -> Response:
    """Respond with a lookup's row, or the reference to it (OData 4.0, part 1, 11.2.6, 11.2.7 and 11.4.6)."""
    name, _, suffix = rest.partition("/")
    column = table.schema.navigations[name]
    if suffix not in {"", "$ref"} or (not suffix and request.method != "GET"):
        raise DataverseError.not_served(f"{request.method} of {rest} behind a row")
    if suffix:
        urls.options(request.query).only()
    row = _row(environment, table, path, request)
    target = environment.store.tables_by_name[column.target]
    match request.method:
        case "GET":
            environment.tokens.require(request.user, column.target, "read")
            other = target.rows.get(row[column.property] or "")
            if other is None:
                return Response(choices.EMPTY_LOOKUP_STATUS, [ODATA_VERSION])
            if not suffix:
                shape = representation.shape_of(environment, target, request)
                return representation.single(shape, other, 200)
            reference = f"{environment.api_url}{target.schema.set_name}({row[column.property]})"
            body = {"@odata.context": f"{environment.api_url}$metadata#$ref", "@odata.id": reference}
            return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body).encode())
        case "PUT":
            referred = values.referred(target, body_of(table, request).get("@odata.id", ""))
            table.update(row, {column.property: referred})
        case "DELETE":
            table.update(row, {column.property: None})
        case method:
            raise DataverseError.wrong_method(method)
    return Response(204, [ODATA_VERSION])


def _row(environment: Environment, table: Table, path: str, request: Request) -> Row:
    where = address(table, path)
    environment.tokens.require(request.user, table.schema.name, "read" if request.method == "GET" else "write")
    row = where.find()
    if row is None:
        raise where.missing()
    if request.method != "GET" and (if_match := request.headers.get("if-match")) is not None:
        same_version(row, if_match)
    return row


def _given(environment: Environment, table: Table, row: Row, column: Column, request: Request) -> Row:
    body = body_of(table, request)
    if "value" not in body:
        raise DataverseError.payload(table.schema.set_name, "A property with name 'value' was expected.")
    return values.read(environment, table, {column.property: body["value"]}, row)


def _value(environment: Environment, path: str, column: Column, value: object, *, raw: bool) -> Response:
    if value is None:
        return Response(204, [ODATA_VERSION])
    if raw:
        text = value if isinstance(value, str) else json.dumps(value)
        return Response(200, [("Content-Type", "text/plain"), ODATA_VERSION], text.encode())
    body = {"@odata.context": f"{environment.api_url}$metadata#{path}/{column.property}", "value": value}
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body, ensure_ascii=False).encode())
