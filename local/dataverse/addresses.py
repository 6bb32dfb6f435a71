"""How one row is addressed: `set(id)`, `set(key='value',other=2)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from local.dataverse import choices
from local.dataverse.errors import DataverseError

if TYPE_CHECKING:
    from local.dataverse.schema import TableSchema
    from local.dataverse.store import Row, Table

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^']|'')*)'|([^',]+))\s*(,|$)")
_GUID_LENGTH = 36


class Address:
    """One row of a table, by primary id (`row_id`) or by an alternate key (`key` and `values` by column)."""

    __slots__ = ("key", "row_id", "table", "text", "values")

    def __init__(self, table: Table, text: str, row_id: str | None, key: str, values: Row) -> None:
        self.table = table
        self.text = text
        """`set(…)` as it was asked for, percent-encoding removed."""
        self.row_id = row_id
        self.key = key
        self.values = values

    def find(self) -> Row | None:
        """The row, if there is one."""
        if self.row_id is not None:
            return self.table.rows.get(self.row_id)
        return self.table.find(self.key, tuple(self.values.values()))

    def missing(self) -> DataverseError:
        """The 404 for this address."""
        name = self.table.schema.name
        return (
            DataverseError.no_such_key(name) if self.row_id is None else DataverseError.no_such_row(name, self.row_id)
        )


def decode(path: str) -> str:
    """Percent-encoding removed, once."""
    return unquote(path) if "%" in path else path


def address(table: Table, path: str) -> Address:
    """Read `set(…)`, percent-encoding removed. Raises DataverseError 400 for what is no key of the table."""
    inside = path[path.index("(") + 1 : -1]
    schema = table.schema
    if len(inside) == _GUID_LENGTH and _GUID.fullmatch(inside):
        return Address(table, path, inside.lower(), "", {})
    values = _pairs(schema, inside)
    if len(values) == 1 and schema.primary_id in values:
        return Address(table, path, str(values[schema.primary_id]).lower(), "", {})
    for key in schema.keys:
        if len(key.columns) == len(values) and all(column in values for column in key.columns):
            return Address(table, path, None, key.name, {column: values[column] for column in key.columns})
    raise DataverseError.not_a_key(schema.name)


def _pairs(schema: TableSchema, inside: str) -> Row:
    values: Row = {}
    position = 0
    while position < len(inside):
        found = _PAIR.match(inside, position)
        if found is None:
            raise DataverseError.not_a_key(schema.name)
        name, text, bare, _ = found.groups()
        values[name] = _literal(schema, name, text, bare)
        position = found.end()
    return values


def _literal(schema: TableSchema, name: str, text: str | None, bare: str | None) -> Any:
    column = schema.columns.get(name)
    if column is None:
        raise DataverseError.not_a_key(schema.name)
    if text is not None:
        if not choices.REFUSED_KEY_CHARACTERS.isdisjoint(text):
            raise DataverseError(
                choices.REFUSED_KEY_CHARACTER_STATUS,
                choices.REFUSED_KEY_CHARACTER_CODE,
                "URL was not parsed due to an ODataUnrecognizedPathException. Resource not found for the segment.",
            )
        return text.replace("''", "'")
    assert bare is not None
    if column.type in {"integer", "bigint", "choice", "state", "status"}:
        try:
            return int(bare)
        except ValueError:
            raise DataverseError.not_a_key(schema.name) from None
    if column.type in {"lookup", "uniqueidentifier"}:
        return bare.lower()
    return bare
