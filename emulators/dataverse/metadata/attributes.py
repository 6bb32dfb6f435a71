"""Columns as the Web API defines them: AttributeMetadata, with the options of choices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emulators.dataverse.metadata.definition_defaults import COLUMN, OPTION, OPTION_SET, Definition, label
from emulators.dataverse.metadata.definitions import NAMESPACE, metadata_id
from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from emulators.dataverse.model.schema import Column, TableSchema

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


_CASTS: Final = frozenset(
    f"{NAMESPACE}{kind}AttributeMetadata"
    for kind in (*_TYPES.values(), "MultiSelectPicklist", "File", "Image", "EntityName", "ManagedProperty")
)
WITH_OPTIONS: Final = frozenset(
    f"{NAMESPACE}{kind}AttributeMetadata" for kind in ("Picklist", "MultiSelectPicklist", "State", "Status", "Boolean")
)
"""Kinds of columns that have an option set."""


def check_cast(name: str) -> None:
    """Raise DataverseError for a name that is no kind of column."""
    if name == f"{NAMESPACE}EnumAttributeMetadata":
        raise DataverseError.not_served(f"the cast to {name}")
    if name not in _CASTS:
        raise DataverseError.no_such_segment(name)


def attribute(schema: TableSchema, column: Column) -> Definition:
    """Return the definition of one column, with the properties of its type. Its options are in option_set()."""
    kind = _TYPES[column.type]
    found = COLUMN | {
        "@odata.type": f"#{NAMESPACE}{kind}AttributeMetadata",
        "MetadataId": metadata_id(f"{schema.name}.{column.name}"),
        "LogicalName": column.name,
        "SchemaName": column.navigation or column.name,
        "EntityLogicalName": schema.name,
        "ColumnNumber": list(schema.columns).index(column.property) + 1,
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "IsPrimaryId": column.name == schema.primary_id,
        "IsPrimaryName": column.name == schema.primary_name,
        "IsCustomAttribute": "_" in column.name,
        "IsValidForCreate": not column.read_only or column.name == schema.primary_id,
        "IsValidForUpdate": not column.read_only,
        "RequiredLevel": _required(column),
        "DisplayName": label(column.display_name or column.name),
    }
    return found | _of_type(column)


def _required(column: Column) -> Definition:
    name = "canmodifyrequirementlevelsettings"
    value = "SystemRequired" if column.required else "None"
    return {"Value": value, "CanBeChanged": False, "ManagedPropertyLogicalName": name}


def _of_type(column: Column) -> Definition:
    """Return the properties that only columns of this type have."""
    found: Definition = {}
    match column.type:
        case "string" | "memo":
            shown = "Text" if column.type == "string" else "TextArea"
            found = {"MaxLength": column.max_length, "DatabaseLength": 2 * column.max_length, "IsLocalizable": False}
            found |= {"Format": shown, "FormatName": {"Value": shown}, "ImeMode": "Auto", "YomiOf": None}
        case "integer" | "bigint":
            found = {"MinValue": column.minimum, "MaxValue": column.maximum, "Format": "None"}
        case "decimal" | "double" | "money":
            found = {"MinValue": column.minimum, "MaxValue": column.maximum, "Precision": column.precision}
            found["ImeMode"] = "Auto"
            if column.type == "money":
                found |= {"PrecisionSource": 0, "CalculationOf": None, "IsBaseCurrency": False}
        case "date" | "datetime":
            shown, meant = ("DateOnly", "DateOnly") if column.type == "date" else ("DateAndTime", "UserLocal")
            found = {"Format": shown, "DateTimeBehavior": {"Value": meant}, "ImeMode": "Auto"}
        case "boolean":
            found = {"DefaultValue": False}
        case "choice" | "state" | "status":
            found = {"DefaultFormValue": -1, "ParentPicklistLogicalName": None, "ChildPicklistLogicalNames": []}
        case "lookup":
            found = {"Targets": [column.target], "Format": "None"}
    if column.type not in {"lookup", "uniqueidentifier", "bigint"}:
        found |= {"FormulaDefinition": "", "SourceTypeMask": 0}
    return found


BASE_ATTRIBUTE: Final = frozenset(COLUMN) | {
    *("MetadataId", "LogicalName", "SchemaName", "EntityLogicalName", "AttributeType", "AttributeTypeName"),
    *("ColumnNumber", "IsPrimaryId", "IsPrimaryName", "IsCustomAttribute", "IsValidForCreate", "IsValidForUpdate"),
    *("RequiredLevel", "DisplayName"),
}
"""The names that `$select` may have without a cast to the column's own type."""


def option_set(schema: TableSchema, column: Column) -> Definition | None:
    """Return the options of a choice, state, status or yes/no; None for other columns."""
    kind = _TYPES[column.type]
    if kind != "Boolean" and not column.options:
        return None
    common = OPTION_SET | {
        "MetadataId": metadata_id(f"{schema.name}.{column.name}.options"),
        "Name": f"{schema.name}_{column.name}",
        "OptionSetType": kind,
        "DisplayName": label(column.display_name or column.name),
        "Description": label(""),
    }
    if kind == "Boolean":
        return common | {name: _option(value, text) for name, value, text in _YES_NO}
    return common | {"Options": [_option(value, text) for value, text in column.options.items()]}


_YES_NO: Final = (("TrueOption", 1, "Yes"), ("FalseOption", 0, "No"))


def _option(value: int, text: str) -> Definition:
    return OPTION | {"Value": value, "Label": label(text)}
