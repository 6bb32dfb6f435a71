"""What a client sends as column values: names, types, lengths, lookups, state and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.dataverse import choices
from local.dataverse.addresses import address, decode
from local.dataverse.errors import DataverseError

if TYPE_CHECKING:
    from local.dataverse.app import Emulator
    from local.dataverse.schema import Column, TableSchema
    from local.dataverse.store import Row, Table

_BIND = "@odata.bind"


def read(emulator: Emulator, table: Table, body: dict[str, Any], row: Row | None = None) -> Row:
    """The columns of a request's body as the row keeps them. Raises DataverseError for what the service refuses.

    `row` is the row as it is, for an update.
    """
    schema = table.schema
    columns = schema.columns
    found: Row = {}
    for name, value in body.items():
        column = columns.get(name)
        if column is None:
            if name.endswith(_BIND):
                property_name, row_id = _bound(emulator, schema, name, value)
                found[property_name] = row_id
            elif "@" not in name:
                raise DataverseError.payload(
                    schema.set_name,
                    f"An undeclared property '{name}' which only has property annotations in the payload but no property"
                    " value was found in the payload. In OData, only declared navigation properties and declared named"
                    " streams can be represented as properties without values.",
                )
        elif column.read_only:
            if name == schema.primary_id and value is not None:
                found[name] = str(value).lower()
        elif value is None or _fits(schema, column, value):
            found[name] = value
    if "statecode" in found or "statuscode" in found:
        _settle_status(schema, found, row)
    return found


def _fits(schema: TableSchema, column: Column, value: Any) -> bool:
    match column.type:
        case "string" | "memo":
            fits = type(value) is str
            if fits and len(value) > column.max_length:
                raise DataverseError(
                    400,
                    "0x80044331",
                    f"A validation error occurred.  The length of the '{column.name}' attribute of the '{schema.name}'"
                    f" entity exceeded the maximum allowed length of '{column.max_length}'.",
                )
        case "boolean":
            fits = type(value) is bool
        case "integer" | "bigint":
            fits = type(value) is int
        case "choice" | "state" | "status":
            fits = type(value) is int
            if fits and value not in column.options:
                raise DataverseError(
                    400,
                    "0x8004431A",
                    f"A validation error occurred. The value {value} of '{column.name}' on record of type"
                    f" '{schema.name}' is outside the valid range. Accepted Values:"
                    f" {','.join(map(str, column.options))}",
                )
        case "decimal" | "double" | "money":
            fits = type(value) in {int, float}
        case _:
            fits = type(value) is str
    if not fits:
        raise DataverseError.payload(
            schema.set_name, f"Cannot convert the literal '{value}' to the expected type of '{column.name}'."
        )
    return True


def _bound(emulator: Emulator, schema: TableSchema, name: str, value: Any) -> tuple[str, str | None]:
    column = schema.navigations.get(name.removesuffix(_BIND))
    if column is None:
        raise DataverseError.payload(schema.set_name, f"An undeclared property '{name.removesuffix(_BIND)}' was found.")
    if value is None:
        return column.property, None
    path = decode(str(value)).removeprefix(emulator.api_url).removeprefix("/api/data/v9.2").removeprefix("/")
    target = emulator.store.tables_by_name[column.target]
    if path.partition("(")[0] != target.schema.set_name or not path.endswith(")"):
        raise DataverseError.no_such_segment(path.partition("(")[0])
    where = address(target, path)
    row = where.find()
    if row is None:
        raise where.missing()
    return column.property, row[target.schema.primary_id]


def _settle_status(schema: TableSchema, found: Row, row: Row | None) -> None:
    state, status = found.get("statecode"), found.get("statuscode")
    if state is None:
        state = row["statecode"] if row is not None else schema.state_of_status[status]
    if status is None:
        status = schema.status_of_state[state]
    if schema.state_of_status[status] != state:
        label = schema.columns["statecode"].options[state]
        raise DataverseError(
            choices.STATUS_MISMATCH_STATUS,
            choices.STATUS_MISMATCH_CODE,
            f"{status} is not a valid status code for state code {schema.schema_name}State.{label} on {schema.name}.",
        )
    found["statecode"], found["statuscode"] = state, status
