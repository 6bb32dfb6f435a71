"""Table definitions as the Web API shows them: EntityMetadata, AttributeMetadata, EntityKeyMetadata, relationships."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from local.dataverse.schema import AlternateKey, Column, TableSchema

type Definition = dict[str, Any]

NAMESPACE: Final = "Microsoft.Dynamics.CRM."
BOTH_WAYS: Final = "OneToManyRelationshipMetadata"
_LANGUAGE: Final = 1033
_SPACE: Final = uuid.UUID("10ca1000-0000-4000-8000-0000000000ff")
_TYPES: Final = {
    "string": "String",
    "memo": "Memo",
    "boolean": "Boolean",
    "integer": "Integer",
    "bigint": "BigInt",
    "decimal": "Decimal",
    "double": "Double",
    "money": "Money",
    "datetime": "DateTime",
    "date": "DateTime",
    "choice": "Picklist",
    "state": "State",
    "status": "Status",
    "lookup": "Lookup",
    "uniqueidentifier": "Uniqueidentifier",
}


def entity(schema: TableSchema) -> Definition:
    """One table."""
    return {
        "MetadataId": _id(schema.name),
        "LogicalName": schema.name,
        "SchemaName": schema.schema_name,
        "EntitySetName": schema.set_name,
        "LogicalCollectionName": schema.set_name,
        "CollectionSchemaName": schema.schema_name,
        "PrimaryIdAttribute": schema.primary_id,
        "PrimaryNameAttribute": schema.primary_name,
        "ObjectTypeCode": schema.object_type_code,
        "OwnershipType": "UserOwned",
        "TableType": "Standard",
        "IsActivity": False,
        "IsCustomEntity": True,
        "IsPrivate": False,
        "IsOptimisticConcurrencyEnabled": True,
        "ChangeTrackingEnabled": schema.change_tracking,
        "CanChangeTrackingBeEnabled": {"Value": True, "CanBeChanged": True},
        "DisplayName": _label(schema.display_name),
        "DisplayCollectionName": _label(f"{schema.display_name}s"),
    }


def attribute(schema: TableSchema, column: Column) -> Definition:
    """One column, with what its own type adds. The options of a choice are in option_set()."""
    kind = _TYPES[column.type]
    found: Definition = {
        "@odata.type": f"#{NAMESPACE}{kind}AttributeMetadata",
        "MetadataId": _id(f"{schema.name}.{column.name}"),
        "LogicalName": column.name,
        "SchemaName": column.navigation or column.name,
        "EntityLogicalName": schema.name,
        "AttributeType": kind,
        "AttributeOf": None,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "IsPrimaryId": column.name == schema.primary_id,
        "IsPrimaryName": column.name == schema.primary_name,
        "IsCustomAttribute": "_" in column.name,
        "IsValidForCreate": not column.read_only or column.name == schema.primary_id,
        "IsValidForUpdate": not column.read_only,
        "IsValidForRead": True,
        "RequiredLevel": {"Value": "SystemRequired" if column.required else "None", "CanBeChanged": False},
        "DisplayName": _label(column.display_name or column.name),
    }
    match column.type:
        case "string" | "memo":
            found |= {"MaxLength": column.max_length, "Format": "Text"}
        case "integer" | "bigint":
            found |= {"MinValue": column.minimum, "MaxValue": column.maximum}
        case "decimal" | "double" | "money":
            found |= {"MinValue": column.minimum, "MaxValue": column.maximum, "Precision": column.precision}
        case "date" | "datetime":
            found["Format"] = "DateOnly" if column.type == "date" else "DateAndTime"
        case "lookup":
            found["Targets"] = [column.target]
    return found


BASE_ATTRIBUTE: Final = frozenset(
    {
        *("MetadataId", "LogicalName", "SchemaName", "EntityLogicalName", "AttributeType", "AttributeTypeName"),
        "AttributeOf",
        *("IsPrimaryId", "IsPrimaryName", "IsCustomAttribute", "IsValidForCreate", "IsValidForUpdate"),
        *("IsValidForRead", "RequiredLevel", "DisplayName"),
    }
)
"""What `$select` may name without a cast to the column's own type."""


def option_set(schema: TableSchema, column: Column) -> Definition | None:
    """The options of a choice, state, status or yes/no; None for other columns."""
    if column.type == "boolean":
        choices = {name: _option(value, label) for name, value, label in _YES_NO}
        return {"MetadataId": _id(f"{schema.name}.{column.name}.options"), "IsGlobal": False, **choices}
    if not column.options:
        return None
    return {
        "MetadataId": _id(f"{schema.name}.{column.name}.options"),
        "Name": f"{schema.name}_{column.name}",
        "IsGlobal": False,
        "OptionSetType": _TYPES[column.type],
        "Options": [_option(value, label) for value, label in column.options.items()],
    }


_YES_NO: Final = (("TrueOption", 1, "Yes"), ("FalseOption", 0, "No"))


def key(schema: TableSchema, alternate: AlternateKey) -> Definition:
    """One alternate key, its index built."""
    return {
        "MetadataId": _id(f"{schema.name}.{alternate.name}"),
        "LogicalName": alternate.name.lower(),
        "SchemaName": alternate.name,
        "EntityLogicalName": schema.name,
        "KeyAttributes": [schema.columns[column].name for column in alternate.columns],
        "EntityKeyIndexStatus": "Active",
        "IsManaged": False,
        "DisplayName": _label(alternate.name),
    }


def relationships(schemas: Iterable[TableSchema]) -> list[Definition]:
    """One for each lookup."""
    by_name: Mapping[str, TableSchema] = {schema.name: schema for schema in schemas}
    return [
        {
            "@odata.type": f"#{NAMESPACE}{BOTH_WAYS}",
            "MetadataId": _id(f"{schema.name}.{column.name}.relationship"),
            "SchemaName": f"{column.target}_{schema.name}_{column.navigation}",
            "RelationshipType": "OneToManyRelationship",
            "ReferencedEntity": column.target,
            "ReferencedAttribute": by_name[column.target].primary_id,
            "ReferencingEntity": schema.name,
            "ReferencingAttribute": column.name,
            "ReferencedEntityNavigationPropertyName": f"{column.target}_{schema.name}_{column.navigation}",
            "ReferencingEntityNavigationPropertyName": column.navigation,
        }
        for schema in by_name.values()
        for column in schema.columns.values()
        if column.target
    ]


def _option(value: int, label: str) -> Definition:
    return {"Value": value, "Label": _label(label)}


def _label(text: str) -> Definition:
    localized = {"Label": text, "LanguageCode": _LANGUAGE, "IsManaged": False}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _id(name: str) -> str:
    return str(uuid.uuid5(_SPACE, name))
