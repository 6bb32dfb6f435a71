"""The address of one row: `set(id)`, `set(idname=id)`, `set(key='value',other=2)`."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from emulators.dataverse.model import choices, conversions, defaults
from emulators.dataverse.model.conversions import GUID
from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from emulators.dataverse.model.schema import Column, TableSchema
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row

_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'([^']*(?:''[^']*)*)'|([^',]*[^',\s]))\s*(,|$)")
_ABOVE = re.compile(r"(?:https?://[^/]*)?(/api/data/v[0-9]+\.[0-9]+/)")
_GUID_LENGTH = 36
_NUMBER = re.compile(r"-?[0-9]{1,19}")
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
_WHOLE = frozenset({"integer", "bigint", "choice", "state", "status"})


class Address(NamedTuple):
    """One row of a table, by primary id (`row_id`) or by an alternate key (`values` by column, in the key's order)."""

    table: Table
    row_id: str | None
    key: str
    values: Row

    def find(self) -> Row | None:
        """Return the row, None if there is none."""
        if self.row_id is not None:
            return self.table.rows.get(self.row_id)
        return self.table.find(self.key, tuple(self.values.values()))

    def missing(self) -> DataverseError:
        """Return the 404 for this address."""
        name = self.table.schema.name
        return (
            DataverseError.no_such_key(name) if self.row_id is None else DataverseError.no_such_row(name, self.row_id)
        )


def decode(path: str) -> str:
    """Remove percent-encoding, once. Raises DataverseError for octets that are no UTF-8."""
    if "%" not in path:
        return path
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise _unreadable() from None


def below_api(reference: str) -> str:
    """Return the path of a reference such as `https://host/api/data/v9.2/set(id)` or `/set(id)`, decoded.

    The host is ignored: an emulator has several. Raises DataverseError for another version.
    """
    path = decode(reference)
    above = _ABOVE.match(path)
    if above is None:
        return path.removeprefix("/")
    if above[1] != defaults.API:
        raise DataverseError.not_served(f"references below {above[1]}")
    return path[above.end() :]


def encode(path: str) -> str:
    """Encode a path for a header: percent-encode what is not ASCII, keep what is encoded already."""
    return path if path.isascii() else quote(path, safe="/()'=,%$!*@:;&+~ ")


def address(table: Table, path: str) -> Address:
    """Read a decoded `set(…)`. Raises DataverseError 400 for columns that are no key of the table."""
    inside = path[path.index("(") + 1 : -1]
    schema = table.schema
    if len(inside) == _GUID_LENGTH and GUID.fullmatch(inside):
        return Address(table, inside.lower(), "", {})
    values = _pairs(schema, inside)
    if len(values) == 1 and schema.primary_id in values:
        return Address(table, str(values[schema.primary_id]), "", {})
    for key in schema.keys:
        if len(key.columns) == len(values) and values.keys() >= set(key.columns):
            return Address(table, None, key.name, {column: values[column] for column in key.columns})
    raise DataverseError.not_a_key(schema.name)


def _pairs(schema: TableSchema, inside: str) -> Row:
    values: Row = {}
    position = 0
    while position < len(inside):
        found = _PAIR.match(inside, position)
        if found is None:
            raise _refused(schema, inside)
        name, text, bare, comma = found.groups()
        column = schema.columns.get(name)
        if column is None or name in values or (comma and found.end() == len(inside)):
            raise DataverseError.not_a_key(schema.name)
        values[name] = _value(schema, column, text, bare)
        position = found.end()
    return values


def _refused(schema: TableSchema, inside: str) -> DataverseError:
    if choices.REFUSED_KEY_CHARACTERS.isdisjoint(inside):
        return DataverseError.not_a_key(schema.name)
    return _unreadable()


def _unreadable() -> DataverseError:
    return DataverseError(
        choices.REFUSED_KEY_CHARACTER_STATUS,
        choices.REFUSED_KEY_CHARACTER_CODE,
        "URL was not parsed due to an ODataUnrecognizedPathException. Resource not found for the segment provided in"
        " the URL.",
    )


def _value(schema: TableSchema, column: Column, text: str | None, bare: str | None) -> object:
    """Return a value as the row keeps it. Raises DataverseError for one that the column cannot have."""
    if text is not None and not choices.REFUSED_KEY_CHARACTERS.isdisjoint(text):
        raise _refused(schema, text)
    if column.type in {"string", "memo"}:
        if text is None:
            raise DataverseError.not_a_key(schema.name)
        return text.replace("''", "'")
    if column.type in {"lookup", "uniqueidentifier"} and GUID.fullmatch(text or bare or ""):
        return (text or bare or "").lower()
    bare = bare or ""
    if column.type in _WHOLE and _NUMBER.fullmatch(bare):
        return int(bare)
    if column.type in {"decimal", "double", "money"} and _DECIMAL.fullmatch(bare):
        return float(bare)
    if column.type in {"datetime", "date"}:
        with suppress(DataverseError):
            return conversions.CONVERT[column.type](schema, column, bare)
    if column.type == "boolean" and bare in {"true", "false"}:
        return bare == "true"
    raise DataverseError.not_a_key(schema.name)
