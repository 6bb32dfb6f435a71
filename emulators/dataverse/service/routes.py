"""The part of the service that carries out each operation, by its path."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from emulators.dataverse.metadata import customizing, metadata
from emulators.dataverse.model import defaults
from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import unserved, urls
from emulators.dataverse.odata.addresses import decode
from emulators.dataverse.service import bulk, bulk_delete, privileges, properties, queries, records, security

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table

_MESSAGE = "Microsoft.Dynamics.CRM."
_UNSEEN = frozenset({"HEAD", "OPTIONS"})
"""The service names them in `Allow`; its responses to them were never seen."""
_VERSIONS = frozenset({"v8.0", "v8.1", "v8.2", "v9.0", "v9.1"})
"""Those that the service has besides its newest."""
_ROW = re.compile(r"\w+\((?:'[^']*'|[^'])*?\)(?=/)")
"""A row with something behind it; a value in quotes may hold a bracket and a slash."""
_VERSION = re.compile(r"api/data/(v[0-9]+\.[0-9]+)(?:/|$)")


def respond(environment: Environment, request: Request) -> Response:
    """Carry out one operation. Raises DataverseError."""
    path = decode(request.path)
    if path.startswith(("api/", "/api/")):
        raise _other_version(path)
    if request.method in _UNSEEN:
        raise DataverseError.not_served(f"the method {request.method}")
    path = path.strip("/")  # OData's library passes over empty segments
    set_name, bracket, _ = path.partition("(")
    if environment.settings.administration and (reply := _administration(environment, path, request)):
        return reply
    tables = environment.store.tables_by_set
    if bracket and (table := tables.get(set_name)):
        if ")/" in path and (row := _ROW.match(path)):
            rest = path[row.end() :].lstrip("/")
            return properties.on_property(environment, table, row.group(), rest, request)
        if path.endswith(")"):
            return records.on_row(environment, table, path, request)
    set_name, _, rest = path.partition("/")
    if table := tables.get(set_name):
        return _on_set(environment, table, rest.lstrip("/"), request)
    return _elsewhere(environment, path, request)


def _administration(environment: Environment, path: str, request: Request) -> Response | None:
    """Respond to what only an administrator does at set-up; None for everything else."""
    environment.store.finish_keys()
    if request.method == "POST" and path.startswith("EntityDefinitions"):
        return customizing.respond(environment, path, request)
    return security.respond(environment, path, request)


def _on_set(environment: Environment, table: Table, rest: str, request: Request) -> Response:
    if request.method == "POST" and not rest:
        return records.create(environment, table, request)
    if request.method == "POST" and rest.startswith(_MESSAGE):
        return bulk.respond(environment, table, rest.removeprefix(_MESSAGE), request)
    if rest not in {"", "$count"}:
        raise _below_set(table, rest)
    if request.method != "GET":
        raise DataverseError.wrong_method(request.method)
    environment.tokens.require(request.user, table.schema.name, "read")
    return queries.count(environment, table, request) if rest else queries.query(environment, table, request)


def _below_set(table: Table, rest: str) -> DataverseError:
    if rest in {"$ref", "$value"} or rest.startswith(f"{_MESSAGE}{table.schema.name}"):
        return DataverseError.not_served(f"{table.schema.set_name}/{rest}")
    return unserved.segment(rest) if rest.startswith(_MESSAGE) else DataverseError.no_such_segment(rest)


def _other_version(path: str) -> DataverseError:
    version = _VERSION.match(path.lstrip("/"))
    if version and version[1] not in _VERSIONS:
        return DataverseError.no_such_segment(version[1])
    if version:
        return DataverseError.not_served(f"version {version[1]} of the Web API, only {defaults.API.split('/')[-2]}")
    return DataverseError(
        400,
        "0x80060888",
        f"Requested API Version '{path.strip('/').partition('/')[2].partition('/')[0]}' was not understood. Please"
        " provide in the format /api/data/v<Major>.<Minor>/ (example: /api/data/v7.2/)",
    )


def _elsewhere(environment: Environment, path: str, request: Request) -> Response:
    if path == "$batch":
        raise DataverseError.payload("", "A batch request cannot hold another batch request.")
    if path in {"WhoAmI", "WhoAmI()"}:
        return _who_am_i(environment, request)
    if request.method == "POST" and path == "BulkDelete":
        return bulk_delete.respond(environment, request)
    if held := privileges.respond(environment, path, request):
        return held
    return metadata.respond(environment, path, request)


def _who_am_i(environment: Environment, request: Request) -> Response:
    if request.method != "GET":
        uri = f"{environment.api_url}{request.path}"
        raise DataverseError(404, "", f"No HTTP resource was found that matches the request URI '{uri}'.")
    if given := ", ".join(urls.options(request.query)):
        raise DataverseError.not_served(f"WhoAmI with {given}")
    body = {
        "@odata.context": f"{environment.api_url}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
        "BusinessUnitId": defaults.BUSINESS_UNIT_ID,
        "UserId": environment.tokens.users[request.user or ""].user_id,
        "OrganizationId": defaults.ORGANISATION_ID,
    }
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], json.dumps(body).encode())
