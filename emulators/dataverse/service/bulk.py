"""CreateMultiple, UpdateMultiple, UpsertMultiple: many rows in one transaction, all or nothing (bulk operations)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.odata import unserved
from emulators.dataverse.odata.addresses import Address, address, below_api
from emulators.dataverse.service import records, values

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table

_ID = "@odata.id"
type _Item = dict[str, Any]


def respond(environment: Environment, table: Table, message: str, request: Request) -> Response:
    """Respond to a POST to set/Microsoft.Dynamics.CRM.{message}."""
    if message not in {"CreateMultiple", "UpdateMultiple", "UpsertMultiple"}:
        raise unserved.segment(f"Microsoft.Dynamics.CRM.{message}")
    items = _targets(table, request)
    with environment.store.transaction():
        match message:
            case "CreateMultiple":
                return _create(environment, table, items, request.user)
            case "UpdateMultiple":
                _update(environment, table, items, request.user)
            case _:
                _upsert(environment, table, items, request.user)
    return Response(204, [ODATA_VERSION])


def _create(environment: Environment, table: Table, items: list[_Item], user: str | None) -> Response:
    environment.tokens.require(user, table.schema.name, "create")
    ids = [table.insert(values.read(environment, table, item))[table.schema.primary_id] for item in items]
    context = f"{environment.api_url}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
    body = json.dumps({"@odata.context": context, "Ids": ids}).encode()
    return Response(200, [CONTENT_TYPE, ODATA_VERSION], body)


def _update(environment: Environment, table: Table, items: list[_Item], user: str | None) -> None:
    seen: set[str] = set()
    for item in items:
        where = _by_id(table, item)
        if where is None:
            raise DataverseError(
                400,
                choices.BULK_ITEM_CODE,
                "Every record needs its primary key; alternate keys are not supported.",
            )
        row = where.find()
        if row is None:
            raise where.missing()
        row_id = row[table.schema.primary_id]
        if row_id not in seen:  # the first wins, the others are ignored without an error
            seen.add(row_id)
            records.update(environment, where, row, item, user)


def _upsert(environment: Environment, table: Table, items: list[_Item], user: str | None) -> None:
    seen: set[str] = set()
    for item in items:
        where = _by_reference(table, item) or _by_id(table, item)
        if where is None:
            environment.tokens.require(user, table.schema.name, "create")
            table.insert(values.read(environment, table, item))
            continue
        if where.find() is None and not where.values.keys().isdisjoint(item):
            raise DataverseError(
                400, "0x80040216", "An item with the same key has already been added. The key is in @odata.id as well."
            )
        row, _ = records.upsert(environment, where, item, user)
        row_id = row[table.schema.primary_id]
        if row_id in seen:
            raise DataverseError(
                choices.SAME_KEY_TWICE_STATUS,
                choices.SAME_KEY_TWICE_CODE,
                "More than one record with the same key was found in Targets.",
            )
        seen.add(row_id)


def _targets(table: Table, request: Request) -> list[_Item]:
    items = records.body_of(table, request).get("Targets")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DataverseError.payload(table.schema.set_name, "The parameter 'Targets' is a collection of records.")
    kind = f"Microsoft.Dynamics.CRM.{table.schema.name}"
    for item in items:
        if str(item.get("@odata.type", "")).removeprefix("#") != kind:
            raise DataverseError(
                400, choices.BULK_ITEM_CODE, f"Every record in Targets needs the annotation '@odata.type': '{kind}'."
            )
    return items


def _by_id(table: Table, item: _Item) -> Address | None:
    row_id = item.get(table.schema.primary_id)
    return None if row_id is None else address(table, f"{table.schema.set_name}({row_id})")


def _by_reference(table: Table, item: _Item) -> Address | None:
    if _ID not in item:
        return None
    path = below_api(str(item[_ID]))
    if path.partition("(")[0] != table.schema.set_name or not path.endswith(")"):
        raise unserved.segment(path.partition("(")[0])
    return address(table, path)
