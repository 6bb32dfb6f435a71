"""One row at a time: create, read, update or create, delete, with their preconditions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import paging
from emulators.dataverse.odata.addresses import Address, address, encode
from emulators.dataverse.service import formats, representation, values

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row
    from emulators.dataverse.odata.shapes import Shape

_ABSENT = (None, "", "null")  # Microsoft's own samples send `If-None-Match: null` with everything


def create(environment: Environment, table: Table, request: Request) -> Response:
    """Respond to a POST to a set."""
    environment.tokens.require(request.user, table.schema.name, "create")
    shape = _shape_of_reply(environment, table, request)
    row = table.insert(values.read(environment, table, body_of(table, request)))
    path = f"{table.schema.set_name}({row[table.schema.primary_id]})"
    return _written(environment, shape, row, path, created=True)


def on_row(environment: Environment, table: Table, path: str, request: Request) -> Response:
    """Respond to GET, PATCH or DELETE of `set(…)`, percent-encoding removed from `path`."""
    where = address(table, path)
    match request.method:
        case "PATCH":
            return _upsert(environment, where, request)
        case "GET":
            return _read(environment, where, request)
        case "DELETE":
            return _delete(environment, where, request)
        case method:
            raise DataverseError.wrong_method(method)


def upsert(environment: Environment, where: Address, body: dict[str, Any], user: str | None) -> tuple[Row, bool]:
    """Update the row, or create it. Return it and whether it was created."""
    row = where.find()
    if row is None:
        return _insert(environment, where, body, user), True
    update(environment, where, row, body, user)
    return row, False


def update(environment: Environment, where: Address, row: Row, body: dict[str, Any], user: str | None) -> None:
    """Set the columns of the body, except those of the key in the address."""
    table = where.table
    environment.tokens.require(user, table.schema.name, "write")
    given = values.read(environment, table, body, row)
    for column in where.values:
        given.pop(column, None)
    table.update(row, given)


def _insert(environment: Environment, where: Address, body: dict[str, Any], user: str | None) -> Row:
    table = where.table
    environment.tokens.require(user, table.schema.name, "create")
    given = values.read(environment, table, body)
    if where.row_id is None:
        from_address = {name: value for name, value in where.values.items() if name not in given}
        given = values.key(environment, table, from_address) | given  # the value in the body wins over the address
    else:
        given[table.schema.primary_id] = where.row_id
    if environment.settings.races_to_lose:
        environment.settings.races_to_lose -= 1
        table.insert(given)  # as if another client had been quicker
        raise DataverseError.matching_key()
    return table.insert(given)


def _upsert(environment: Environment, where: Address, request: Request) -> Response:
    table = where.table
    shape = _shape_of_reply(environment, table, request)
    row = where.find()
    if_match = request.headers.get("if-match")
    if row is None:
        if if_match not in _ABSENT:
            if choices.PRIVILEGE_BEFORE_EXISTENCE:
                environment.tokens.require(request.user, table.schema.name, "write")
            raise where.missing()
        row = _insert(environment, where, body_of(table, request), request.user)
        return _written(environment, shape, row, request.path, created=True)
    if request.headers.get("if-none-match") == "*":
        raise DataverseError.matching_key()
    if if_match is not None:
        same_version(row, if_match)
    update(environment, where, row, body_of(table, request), request.user)
    return _written(environment, shape, row, request.path, created=False)


def _read(environment: Environment, where: Address, request: Request) -> Response:
    table = where.table
    environment.tokens.require(request.user, table.schema.name, "read")
    row = where.find()
    if row is None:
        raise where.missing()
    if "if-none-match" in request.headers and representation.may_be_unchanged(request):
        etag = representation.etag(row)
        if request.headers["if-none-match"] == etag:
            return Response(304, [ODATA_VERSION, ("ETag", etag)])
    shape = representation.shape_of(environment, table, request)
    return representation.single(shape, row, 200)


def _delete(environment: Environment, where: Address, request: Request) -> Response:
    table = where.table
    environment.tokens.require(request.user, table.schema.name, "delete")
    row = where.find()
    if row is None:
        raise where.missing()
    if (if_match := request.headers.get("if-match")) is not None:
        same_version(row, if_match)
    table.delete(row[table.schema.primary_id])
    return Response(204, [ODATA_VERSION])


def same_version(row: Row, if_match: str) -> None:
    """Raise DataverseError unless the row is as `If-Match` says."""
    if if_match != "*" and if_match not in _ABSENT and if_match != representation.etag(row):
        raise DataverseError.version_mismatch()


def body_of(table: Table, request: Request) -> dict[str, Any]:
    """Return the JSON object of a request. Raises DataverseError."""
    formats.check_json(request)
    try:
        content = _READER.decode(request.body.decode(_encoding(request.body), "surrogatepass"))
    except _DuplicateError as error:
        raise DataverseError.payload(
            table.schema.set_name,
            f"Multiple properties with the name '{error}' were detected in a resource. In OData, duplicate property"
            " names are not allowed.",
        ) from None
    except (ValueError, RecursionError):
        content = None
    if type(content) is not dict:
        raise DataverseError.payload(
            table.schema.set_name,
            "An unexpected node was found when reading from the JSON reader. A 'StartObject' node was expected.",
        )
    return content


def _encoding(body: bytes) -> str:
    """Return the encoding of a JSON text; the usual beginning of an object can be only UTF-8."""
    return "utf-8" if body.startswith(b'{"') else json.detect_encoding(body)


class _DuplicateError(Exception):
    """An object with a property that comes twice; the text is its name."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateError(next(name for name in names if names.count(name) > 1))
    return found


def _no_json(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


# Made once: json.loads would make one for each body.
_READER = json.JSONDecoder(parse_constant=_no_json, object_pairs_hook=_object)


def _written(environment: Environment, shape: Shape | None, row: Row, path: str, *, created: bool) -> Response:
    if shape is None:
        response = Response(204, [ODATA_VERSION])
    else:
        response = representation.single(shape, row, 201 if created else 200)
        response.headers.append(("Preference-Applied", "return=representation"))
    if shape is None or created:
        entity = environment.api_url + encode(path)
        response.headers += [("Location", entity), ("OData-EntityId", entity)]
    return response


def _shape_of_reply(environment: Environment, table: Table, request: Request) -> Shape | None:
    """Return the form in which the row is to be returned, None if it is not.

    Raises DataverseError, before any write, if it could not be returned as requested.
    """
    prefer = request.headers.get("prefer")
    if prefer is None or paging.preferences(prefer).get("return") != "representation":
        return None
    environment.tokens.require(request.user, table.schema.name, "read")
    return representation.shape_of(environment, table, request)
