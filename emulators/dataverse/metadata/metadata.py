"""The environment's description of itself: `$metadata`, the service document, table definitions, messages."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from emulators.dataverse.metadata import csdl
from emulators.dataverse.metadata.definition_queries import collection, json_reply, selected
from emulators.dataverse.metadata.entity_definitions import EntityDefinitions
from emulators.dataverse.model.errors import ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Request, Response
from emulators.dataverse.odata import unserved, urls
from emulators.dataverse.odata.shapes import expand_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulators.dataverse.environment import Environment
    from emulators.dataverse.metadata.definition_defaults import Definition
    from emulators.dataverse.model.schema import TableSchema

_BULK: Final = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")
_ENGLISH: Final = "1033"
_OPTIONS: Final = {
    "$metadata": ("annotations",),
    "EntityDefinitions": ("LabelLanguages",),
    "RelationshipDefinitions": ("LabelLanguages",),
}
"""Query options that only some addresses have."""
_FIXED: Final = frozenset({"EntityDefinitions", "RelationshipDefinitions", "CreateEntities"})


def respond(environment: Environment, path: str, request: Request) -> Response:
    """Respond to a request for metadata; `path` has no percent-encoding. Raises DataverseError."""
    segments = [segment for segment in path.split("/") if segment]
    first = segments[0].partition("(")[0] if segments else ""
    if request.method != "GET":
        if first in _FIXED:
            raise DataverseError.not_served(
                f"{request.method} of {first}: its tables come from its schema file"
                " unless the setting administration is on"
            )
        if first == "sdkmessagefilters":
            raise DataverseError.not_served(f"{request.method} of {first}")
        raise unserved.segment(first, path)
    options = urls.options(request.query, *_OPTIONS.get(first, ()))
    _in_english(options)
    match first:
        case "":
            return _service_document(environment)
        case "$metadata" if path == "$metadata":
            text = csdl.document(environment.store.schemas, annotations=options.get("annotations") == "true")
            return Response(200, [("Content-Type", "application/xml"), ODATA_VERSION], text.encode())
        case "EntityDefinitions":
            return EntityDefinitions(environment, options).respond(segments)
        case "RelationshipDefinitions":
            return EntityDefinitions(environment, options).relationships(segments)
        case "sdkmessagefilters":
            return _bulk_messages(environment, segments, options)
    raise unserved.segment(first, path)


def _in_english(options: urls.Options) -> None:
    """Remove `LabelLanguages` from the options: all labels are in English.

    Raises DataverseError for other languages only.
    """
    if _ENGLISH not in options.pop("LabelLanguages", _ENGLISH).split(","):
        raise DataverseError.not_served("labels in other languages than English (1033)")


def _bulk_messages(environment: Environment, segments: Sequence[str], options: urls.Options) -> Response:
    """Return which bulk messages each table has. The service's table holds much more, which is not served."""
    for name in options:
        if name not in {"$select", "$expand", "$filter", "$count"} and not name.startswith("@"):
            raise DataverseError.not_served(f"{name} of sdkmessagefilters")
    for path, inside in expand_items(options.get("$expand", "")):
        if path != "sdkmessageid" or inside.get("$select") != "name":
            raise DataverseError.not_served(f"$expand={options['$expand']} of sdkmessagefilters")
    found = _message_filters(environment.store.schemas)
    served = frozenset(found[0]) if found else frozenset()
    for name in filter(None, options.get("$select", "").split(",")):
        if name.strip() not in served:
            raise DataverseError.not_served(f"the column {name.strip()} of sdkmessagefilters")
    if len(segments) > 1:
        raise DataverseError.not_served("/".join(segments))
    kind = "sdkmessagefilter"
    if "(" not in segments[0]:
        return collection(environment, "sdkmessagefilters", kind, found, options)
    row_id = segments[0].partition("(")[2].removesuffix(")").removeprefix(f"{kind}id=").lower()
    rows = [row for row in found if row[f"{kind}id"] == row_id]
    if not rows:
        raise DataverseError.no_such_row(kind, row_id)
    body = {"@odata.context": f"{environment.api_url}$metadata#sdkmessagefilters/$entity"}
    return json_reply(body | selected(rows, options, kind, None)[0])


def _message_filters(schemas: Sequence[TableSchema]) -> list[Definition]:
    """Return every bulk message of each table, as for custom tables."""
    return [
        {
            "sdkmessagefilterid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{message} {schema.name}")),
            "primaryobjecttypecode": schema.name,
            "sdkmessageid": {"name": message, "sdkmessageid": str(uuid.uuid5(uuid.NAMESPACE_OID, message))},
        }
        for schema in schemas
        for message in _BULK
    ]


def _service_document(environment: Environment) -> Response:
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in environment.store.tables_by_set]
    return json_reply({"@odata.context": f"{environment.api_url}$metadata", "value": sets})
