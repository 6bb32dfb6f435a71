"""What an environment says of itself: `$metadata`, the service document, table definitions, which messages exist."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from local.dataverse import csdl, definitions, urls
from local.dataverse.definition_queries import collection, json_reply
from local.dataverse.entity_definitions import EntityDefinitions
from local.dataverse.errors import ODATA_VERSION, DataverseError
from local.dataverse.messages import Request, Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.dataverse.app import Emulator
    from local.dataverse.definitions import Definition
    from local.dataverse.schema import TableSchema

_NOT_SERVED: Final = frozenset({"RetrieveMetadataChanges", "RetrieveTotalRecordCount", "RetrieveEntityChanges"})
"""What the service has and clients might ask for; said plainly, so that nobody waits for it and tries again."""
_BULK: Final = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple")


def answer(emulator: Emulator, path: str, request: Request) -> Response:
    """GET of what is no table's row or set; percent-encoding removed from `path`. Raises DataverseError."""
    segments = [segment for segment in path.split("/") if segment]
    first = segments[0].partition("(")[0] if segments else ""
    if request.method != "GET":
        if first in {"EntityDefinitions", "RelationshipDefinitions", "CreateEntities"}:
            raise DataverseError(501, "0x0", "The emulator's tables come from its schema file and stay as they are.")
        raise DataverseError.no_such_segment(first)
    options = urls.options(request.query)
    match first:
        case "":
            return _service_document(emulator)
        case "$metadata":
            text = csdl.document(emulator.store.schemas, annotations=options.get("annotations") == "true")
            return Response(200, [("Content-Type", "application/xml"), ODATA_VERSION], text.encode())
        case "EntityDefinitions":
            return EntityDefinitions(emulator, options).answer(segments)
        case "RelationshipDefinitions":
            found = definitions.relationships(emulator.store.schemas)
            return collection(emulator, "RelationshipDefinitions", "RelationshipMetadataBase", found, options)
        case "sdkmessagefilters":
            return collection(emulator, first, "sdkmessagefilter", _message_filters(emulator.store.schemas), options)
    if first in _NOT_SERVED:
        raise DataverseError(501, "0x0", f"The emulator does not serve {first}.")
    raise DataverseError.no_such_segment(first)


def _message_filters(schemas: Sequence[TableSchema]) -> list[Definition]:
    """Which bulk messages there are for which table: all of them for tables of one's own."""
    return [
        {
            "sdkmessagefilterid": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{message} {schema.name}")),
            "primaryobjecttypecode": schema.name,
            "sdkmessageid": {"name": message},
        }
        for schema in schemas
        for message in _BULK
    ]


def _service_document(emulator: Emulator) -> Response:
    sets = [{"name": name, "kind": "EntitySet", "url": name} for name in emulator.store.tables_by_set]
    return json_reply({"@odata.context": f"{emulator.api_url}$metadata", "value": sets})
