"""Column values from a client: names, types, lengths, ranges, lookups, state and status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.dataverse.model import choices, conversions
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.odata import unserved
from emulators.dataverse.odata.addresses import address, below_api

if TYPE_CHECKING:
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row

_BIND = "@odata.bind"


def read(environment: Environment, table: Table, body: dict[str, object], row: Row | None = None) -> Row:
    """Return the columns of a request's body as the row keeps them. Raises DataverseError for a refused one.

    `row` is the row as it is, for an update. Columns that only the system writes are passed over.
    """
    schema = table.schema
    _check_type(schema, body)
    columns, convert = schema.columns, conversions.CONVERT
    found: Row = {}
    for name, value in body.items():
        column = columns.get(name)
        if column is None:
            if name.endswith(_BIND):
                property_name, row_id = _bound(environment, table, name.removesuffix(_BIND), value)
                found[property_name] = row_id
            elif name in schema.navigations or unserved.is_collection(table, name):
                raise DataverseError.not_served(f"related rows in one request ({name})")
            elif "@" not in name:
                raise unserved.known(table, name) or DataverseError.undeclared(name, schema)
        elif column.read_only and choices.READ_ONLY_COLUMNS_ARE_PASSED_OVER:
            if name == schema.primary_id and row is None and value is not None:
                found[name] = convert["uniqueidentifier"](schema, column, value)
        elif value is None:
            found[name] = None
        else:
            found[name] = convert[column.type](schema, column, value)
    if "statecode" in found or "statuscode" in found:
        _settle_status(schema, found, row)
    return found


def _check_type(schema: TableSchema, body: dict[str, object]) -> None:
    """Raise DataverseError for a row that declares the type of another table."""
    if "@odata.type" not in body:
        return
    expected, given = f"Microsoft.Dynamics.CRM.{schema.name}", str(body["@odata.type"]).removeprefix("#")
    if given != expected:
        raise DataverseError.payload(
            schema.set_name,
            f"A resource with type '{given}' was found, but it is not assignable to the expected type '{expected}'.",
        )


def key(environment: Environment, table: Table, values: Row) -> Row:
    """Return the values of an address, for a new row. Raises DataverseError for values that the columns cannot have."""
    for name, value in values.items():
        column = table.schema.columns[name]
        if column.type != "lookup":
            conversions.CONVERT[column.type](table.schema, column, value)
        elif value not in environment.store.tables_by_name[column.target].rows:
            raise DataverseError.no_such_row(column.target, str(value))
    return values


def referred(target: Table, reference: object) -> str:
    """Return the id of the row in a reference such as `/set(id)` or `set(key='value')`. Raises DataverseError."""
    if not isinstance(reference, str) or not reference:
        raise DataverseError.payload(target.schema.set_name, "The address of a row was expected as a reference.")
    path = below_api(reference)
    set_name = path.partition("(")[0]
    if set_name != target.schema.set_name or not path.endswith(")"):
        raise unserved.segment(set_name)
    where = address(target, path)
    row = where.find()
    if row is None:
        raise where.missing()
    return str(row[target.schema.primary_id])


def _bound(environment: Environment, table: Table, name: str, value: object) -> tuple[str, str | None]:
    column = table.schema.navigations.get(name)
    if column is None:
        raise unserved.known(table, name) or DataverseError.undeclared_navigation(name, table.schema)
    if value is None:
        return column.property, None
    return column.property, referred(environment.store.tables_by_name[column.target], value)


def _settle_status(schema: TableSchema, found: Row, row: Row | None) -> None:
    state, status = found.get("statecode"), found.get("statuscode")
    if state is None:
        state = 0 if row is None else row["statecode"]
    if status is None:
        status = schema.status_of_state[state]
    if schema.state_of_status[status] != state or (row is None and state and not choices.CREATE_INACTIVE):
        label = schema.columns["statecode"].options[state]
        raise DataverseError(
            choices.STATUS_MISMATCH_STATUS,
            choices.STATUS_MISMATCH_CODE,
            f"{status} is not a valid status code for state code {schema.schema_name}State.{label} on {schema.name}.",
        )
    found["statecode"], found["statuscode"] = state, status
