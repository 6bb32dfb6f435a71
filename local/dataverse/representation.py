"""Rows as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from local.dataverse.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from local.dataverse.messages import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.dataverse.app import Emulator
    from local.dataverse.messages import Request
    from local.dataverse.store import Row, Table


def etag(row: Row) -> str:
    """The weak ETag of a row: its version."""
    return f'W/"{row["versionnumber"]}"'


def annotated(request: Request) -> bool:
    """Whether annotations are asked for, which rules a 304 out."""
    return "odata.include-annotations" in request.headers.get("prefer", "")


def selected(table: Table, query: str) -> list[str] | None:
    """The columns of `$select`, None for all. Raises DataverseError for a column the table does not have."""
    select = dict(parse_qsl(query)).get("$select") if query else None
    if not select:
        return None
    names = [name.strip() for name in select.split(",")]
    for name in names:
        if name not in table.schema.columns:
            raise DataverseError.unknown_property(name, table.schema.name)
    return names


def represent(table: Table, row: Row, columns: Sequence[str] | None) -> dict[str, Any]:
    """One row with its ETag; the primary id is always there. The context is the caller's to add."""
    found: dict[str, Any] = {"@odata.etag": etag(row)}
    if columns is None:
        return found | row
    for name in columns:
        found[name] = row[name]
    found[table.schema.primary_id] = row[table.schema.primary_id]
    return found


def single(emulator: Emulator, table: Table, row: Row, request: Request, status: int) -> Response:
    """One row as a reply, with the columns that the request's `$select` asks for."""
    columns = selected(table, request.query)
    chosen = f"({','.join(columns)})" if columns else ""
    body = {"@odata.context": f"{emulator.api_url}$metadata#{table.schema.set_name}{chosen}/$entity"}
    body |= represent(table, row, columns)
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, [CONTENT_TYPE, ODATA_VERSION, ("ETag", etag(row))], content)
