"""Where each operation goes, by its path."""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

from local.dataverse import bulk, defaults, properties, records
from local.dataverse.addresses import decode
from local.dataverse.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from local.dataverse.messages import Response

if TYPE_CHECKING:
    from local.dataverse.app import Emulator
    from local.dataverse.messages import Request
    from local.dataverse.store import Table

_MESSAGE = "Microsoft.Dynamics.CRM."


def _module(name: str) -> Any:  # noqa: ANN401 - a module that may not be there
    try:
        return importlib.import_module(f"local.dataverse.{name}")
    except ImportError:
        return None


_queries, _metadata = _module("queries"), _module("metadata")


def answer(emulator: Emulator, request: Request) -> Response:
    """Carry out one operation. Raises DataverseError."""
    path = decode(request.path)
    set_name, bracket, _ = path.partition("(")
    tables = emulator.store.tables_by_set
    if bracket and (table := tables.get(set_name)):
        if path.endswith(")"):
            return records.on_row(emulator, table, path, request)
        path, found, rest = path.partition(")/")
        if found:
            return properties.on_property(emulator, table, f"{path})", rest, request)
    set_name, _, rest = path.partition("/")
    if table := tables.get(set_name):
        return _on_set(emulator, table, rest, request)
    return _elsewhere(emulator, path, request)


def _on_set(emulator: Emulator, table: Table, rest: str, request: Request) -> Response:
    if request.method == "POST" and not rest:
        return records.create(emulator, table, request)
    if request.method == "POST" and rest.startswith(_MESSAGE):
        return bulk.answer(emulator, table, rest.removeprefix(_MESSAGE), request)
    if rest not in {"", "$count"}:
        raise DataverseError.no_such_segment(rest)
    if request.method != "GET" or _queries is None:
        raise DataverseError.wrong_method(request.method)
    emulator.tokens.require(request.user, table.schema.name, "read")
    found = _queries.count if rest else _queries.query
    return found(emulator, table, request)  # type: ignore[no-any-return]


def _elsewhere(emulator: Emulator, path: str, request: Request) -> Response:
    if path == "$batch":
        raise DataverseError.payload("", "A batch request cannot hold another batch request.")
    if request.method == "GET" and path in {"WhoAmI", "WhoAmI()"}:
        return _who_am_i(emulator, request)
    if request.method == "GET" and _metadata is not None:
        if path == "$metadata":
            return _metadata.metadata(emulator)  # type: ignore[no-any-return]
        if path.startswith("EntityDefinitions"):
            return _metadata.entity_definitions(emulator, path, request.query)  # type: ignore[no-any-return]
    raise DataverseError.no_such_segment(path.partition("/")[0].partition("(")[0])


def _who_am_i(emulator: Emulator, request: Request) -> Response:
    body = {
        "@odata.context": f"{emulator.api_url}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
        "BusinessUnitId": defaults.BUSINESS_UNIT_ID,
        "UserId": emulator.tokens.users[request.user or ""].user_id,
        "OrganizationId": defaults.ORGANISATION_ID,
    }
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body).encode())
