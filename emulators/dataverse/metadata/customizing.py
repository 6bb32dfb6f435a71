"""New tables, columns and alternate keys by POST to EntityDefinitions.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-entity-definitions-using-web-api
https://learn.microsoft.com/power-apps/developer/data-platform/webapi/create-update-column-definitions-using-web-api
https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.metadata.definitions import metadata_id
from emulators.dataverse.model import choices, schema_file
from emulators.dataverse.model.errors import ODATA_VERSION, DataverseError
from emulators.dataverse.model.messages import Response
from emulators.dataverse.model.schema import AlternateKey

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.schema import TableSchema

_BELOW: Final = re.compile(r"EntityDefinitions\(LogicalName='(\w+)'\)/(Attributes|Keys)")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{1,7}_\w{1,90}")  # a publisher's prefix stands before every name
_TYPES: Final = {"String": "string", "Memo": "memo", "Boolean": "boolean"}


def respond(environment: Environment, path: str, request: Request) -> Response:
    """Respond to a POST of a table, a column or a key. Raises DataverseError."""
    body = _object(request)
    environment.tokens.require_administrator(request.user, "entity")
    if path == "EntityDefinitions":
        return _create_table(environment, body)
    below = _BELOW.fullmatch(path)
    schema = below and environment.store.schema(below[1])
    if below is None or schema is None:
        raise DataverseError.not_served(f"POST of {path}")
    if below[2] == "Attributes":
        return _create_column(environment, schema, body)
    return _create_key(environment, schema, body)


def _create_table(environment: Environment, body: dict[str, Any]) -> Response:
    schema_name = _schema_name(body)
    name = schema_name.lower()
    if environment.store.schema(name):
        raise _exists(schema_name)
    primary = [one for one in body.get("Attributes", []) if one.get("IsPrimaryName")]
    if len(primary) != 1 or primary[0].get("AttributeType") != "String":
        raise DataverseError.not_served("a table without one primary name of type String")
    if body.get("OwnershipType") not in {"UserOwned", "OrganizationOwned"}:
        raise DataverseError.not_served("a table without OwnershipType")
    for required in ("DisplayName", "DisplayCollectionName"):
        _label(body, required)
    item = {
        "name": name,
        "set": body.get("EntitySetName") or f"{name}s",
        "schema_name": schema_name,
        "display_name": _label(body, "DisplayName"),
        "primary_id": f"{name}id",
        "primary_name": _schema_name(primary[0]).lower(),
        "change_tracking": bool(body.get("ChangeTrackingEnabled", False)),
        "columns": [_column(one) for one in body["Attributes"]],
    }
    schema = schema_file.table(item, 10_001 + len(environment.store.schemas))
    environment.store.add(schema)
    return _created(environment, f"EntityDefinitions({metadata_id(name)})")


def _create_column(environment: Environment, schema: TableSchema, body: dict[str, Any]) -> Response:
    item = _column(body)
    if item["name"] in schema.columns:
        raise _exists(body["SchemaName"])
    column = schema_file.column(item)
    environment.store.change(replace(schema, columns={**schema.columns, column.property: column}))
    attribute = metadata_id(f"{schema.name}.{column.name}")
    return _created(environment, f"EntityDefinitions(LogicalName='{schema.name}')/Attributes({attribute})")


def _create_key(environment: Environment, schema: TableSchema, body: dict[str, Any]) -> Response:
    name = _schema_name(body)
    columns = tuple(str(column) for column in body.get("KeyAttributes", ()))
    _label(body, "DisplayName")
    if not columns or any(column not in schema.columns for column in columns):
        raise DataverseError.not_served(f"a key on {columns}")
    if any(schema.columns[column].type not in {"string", "integer", "decimal"} for column in columns):
        raise DataverseError.not_served(f"a key on {columns}, of another type than text and numbers")
    if any(name.lower() == key.name.lower() for key in environment.store.keys_of(schema.name)):
        raise _exists(name)
    environment.store.build_key(schema.name, AlternateKey(name, columns), choices.KEY_INDEX_SECONDS)
    return _created(environment, f"EntityDefinitions(LogicalName='{schema.name}')/Keys({metadata_id(name)})")


def _column(body: dict[str, Any]) -> dict[str, Any]:
    kind = body.get("AttributeType")
    if kind not in _TYPES or body.get("@odata.type") != f"Microsoft.Dynamics.CRM.{kind}AttributeMetadata":
        raise DataverseError.not_served(f"a new column of type {kind}, @odata.type {body.get('@odata.type')}")
    if body.get("AttributeTypeName") != {"Value": f"{kind}Type"}:
        raise DataverseError.not_served(f"a new column without AttributeTypeName {kind}Type")
    if kind == "Boolean" and not {"TrueOption", "FalseOption"} <= body.get("OptionSet", {}).keys():
        raise DataverseError.not_served("a new column of type Boolean without its two options")
    found = {
        "name": _schema_name(body).lower(),
        "type": _TYPES[kind],
        "display_name": _label(body, "DisplayName"),
        "required": body.get("RequiredLevel", {}).get("Value") == "SystemRequired",
    }
    return found if kind == "Boolean" else found | {"max_length": int(body.get("MaxLength", 100))}


def _schema_name(body: dict[str, Any]) -> str:
    name = str(body.get("SchemaName", ""))
    if not _NAME.fullmatch(name):
        raise DataverseError.payload("", f"SchemaName '{name}' has no publisher's prefix.")
    return name


def _label(body: dict[str, Any], name: str) -> str:
    try:
        return str(body[name]["LocalizedLabels"][0]["Label"])
    except (KeyError, IndexError, TypeError):
        raise DataverseError.not_served(f"a definition without {name}") from None


def _exists(name: str) -> DataverseError:
    return DataverseError(
        choices.DEFINITION_EXISTS_STATUS,
        choices.DEFINITION_EXISTS_CODE,
        f"{name} is not unique within the environment.",
    )


def _created(environment: Environment, where: str) -> Response:
    return Response(204, [ODATA_VERSION, ("OData-EntityId", f"{environment.api_url}{where}")])


def _object(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(request.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise DataverseError.payload("EntityMetadata", "A 'StartObject' node was expected.")
    return content
