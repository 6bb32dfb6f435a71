"""One column value from its JSON, by the column's type, refused as Microsoft's OData library or Dataverse would."""

from __future__ import annotations

import math
import re
import uuid
from typing import TYPE_CHECKING, Final

from emulators.dataverse.model import choices, moments
from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.model.schema import Column, TableSchema

EDM: Final = {
    "string": "String",
    "memo": "String",
    "boolean": "Boolean",
    "integer": "Int32",
    "bigint": "Int64",
    "decimal": "Decimal",
    "double": "Double",
    "money": "Decimal",
    "datetime": "DateTimeOffset",
    "date": "Date",
    "choice": "Int32",
    "state": "Int32",
    "status": "Int32",
    "lookup": "Guid",
    "uniqueidentifier": "Guid",
}
"""Column type to the type of `$metadata`, without `Edm.`."""
GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GUID_IN_JSON: Final = re.compile(rf"{GUID.pattern}|{{{GUID.pattern}}}|\({GUID.pattern}\)|[0-9a-fA-F]{{32}}")
"""The forms that .NET's Guid reads, and so Microsoft's OData library in a body; an address has only the first."""
_INT32 = range(-(2**31), 2**31)
_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XmlConvert.VerifyXmlChars refuses, and so the service (page "Manage invalid characters")."""


def _text(schema: TableSchema, column: Column, value: object) -> str | None:
    if type(value) is not str:
        raise _literal(schema, column, value)
    if not value.isprintable() and (found := _INVALID.search(value)):
        raise DataverseError(
            choices.INVALID_CHARACTER_STATUS,
            "0x80040278",
            f"Invalid character in field '{column.name}': {_described(found.group())}, is an invalid character.",
        )
    longest = column.max_length
    # A character is two units at most.
    if len(value) > longest or (2 * len(value) > longest and not value.isascii() and _units(value) > longest):
        raise DataverseError(
            400,
            "0x80044331",
            f"A validation error occurred.  The length of the '{column.name}' attribute of the '{schema.name}' entity"
            f" exceeded the maximum allowed length of '{column.max_length}'.",
        )
    return value if value or choices.EMPTY_TEXT_IS_KEPT else None


def _described(character: str) -> str:
    """Return a character as .NET shows it: a full stop for NUL, a question mark for half of a pair."""
    shown = {"\0": "."}.get(character, "?" if "\ud800" <= character <= "\udfff" else character)
    return f"'{shown}', hexadecimal value 0x{ord(character):02X}"


def _units(value: str) -> int:
    return len(value.encode("utf-16-le")) // 2 if choices.TEXT_LENGTH_IN_UTF16 else len(value)


def _boolean(schema: TableSchema, column: Column, value: object) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and "boolean" in choices.TEXT_IS_CONVERTED and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _literal(schema, column, value)


def _whole(schema: TableSchema, column: Column, value: object) -> int:
    if type(value) is str and column.type in choices.TEXT_IS_CONVERTED:
        if not _WHOLE.fullmatch(value):
            raise _literal(schema, column, value)
        value = int(value)
    if type(value) is not int or (column.type != "bigint" and value not in _INT32):
        raise _literal(schema, column, value)
    return value


def _integer(schema: TableSchema, column: Column, value: object) -> int:
    number = _whole(schema, column, value)
    _in_range(schema, column, number)
    return number


def _option(schema: TableSchema, column: Column, value: object) -> int:
    number = _whole(schema, column, value)
    if number not in column.options:
        raise DataverseError(
            choices.UNKNOWN_OPTION_STATUS,
            "0x8004431A",
            f"A validation error occurred. The value {number} of '{column.name}' on record of type '{schema.name}' is"
            f" outside the valid range. Accepted Values: {','.join(map(str, column.options))}",
        )
    return number


def _number(schema: TableSchema, column: Column, value: object) -> float:
    if type(value) is str and column.type in choices.TEXT_IS_CONVERTED:
        if not _NUMBER.fullmatch(value):
            raise _literal(schema, column, value)
        value = float(value)
    if type(value) is str:
        raise DataverseError.payload(
            schema.set_name,
            f"Cannot convert a value to target type 'Edm.{EDM[column.type]}' because of conflict between input format"
            " string/number and parameter 'IEEE754Compatible' false/true.",
        )
    if type(value) is not int and (type(value) is not float or not math.isfinite(value)):
        raise _literal(schema, column, value)
    _in_range(schema, column, value)
    return round(value, column.precision) if type(value) is float and choices.NUMBERS_ARE_ROUNDED else value


def _in_range(schema: TableSchema, column: Column, value: float) -> None:
    below = column.minimum is not None and value < column.minimum
    if below or (column.maximum is not None and value > column.maximum):
        raise DataverseError(
            400,
            choices.OUT_OF_RANGE_CODE,
            f"A validation error occurred.  The value of '{column.name}' on record of type '{schema.name}' is outside"
            " the valid range.",
        )


def _datetime(schema: TableSchema, column: Column, value: object) -> str:
    if type(value) is str and (moment := moments.read_moment(value)) is not None:
        return moment
    raise _literal(schema, column, value)


def _date(schema: TableSchema, column: Column, value: object) -> str:
    if type(value) is str and (day := moments.read_day(value)) is not None:
        return day
    raise _literal(schema, column, value)


def _guid(schema: TableSchema, column: Column, value: object) -> str:
    if type(value) is str and _GUID_IN_JSON.fullmatch(value.strip()):
        return str(uuid.UUID(value.strip(" {}()")))
    raise _literal(schema, column, value)


def _lookup(_schema: TableSchema, _column: Column, _value: object) -> str:
    raise DataverseError(
        400,
        "0x80060888",
        "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.",
    )


def _literal(schema: TableSchema, column: Column, value: object) -> DataverseError:
    return DataverseError.payload(
        schema.set_name, f"Cannot convert the literal '{value}' to the expected type 'Edm.{EDM[column.type]}'."
    )


CONVERT: Final[dict[str, Callable[[TableSchema, Column, object], object]]] = {
    "string": _text,
    "memo": _text,
    "boolean": _boolean,
    "integer": _integer,
    "bigint": _integer,
    "decimal": _number,
    "double": _number,
    "money": _number,
    "datetime": _datetime,
    "date": _date,
    "choice": _option,
    "state": _option,
    "status": _option,
    "lookup": _lookup,
    "uniqueidentifier": _guid,
}
"""Column type to the function that makes its value. Each raises DataverseError; none handles null."""
