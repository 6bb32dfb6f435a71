"""Comparisons of a column with a value or another column: every operator, as a closure over a row.

A comparison with an empty column is false, `ne` is true: Dataverse asks SQL for `<> … OR … IS NULL`, and `not` is taken
to follow it (choices.py). Text is compared as collation.py says, which is documented for `$filter`.
"""

from __future__ import annotations

import operator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from emulators.dataverse.model import choices
from emulators.dataverse.model.collation import folded
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.moments import not_too_early

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.model.types import Predicate, Row

KINDS: Final = {
    "string": "text",
    "memo": "text",
    "boolean": "boolean",
    "integer": "number",
    "bigint": "number",
    "decimal": "number",
    "double": "number",
    "money": "number",
    "datetime": "datetime",
    "date": "date",
    "choice": "number",
    "state": "number",
    "status": "number",
    "lookup": "guid",
    "uniqueidentifier": "guid",
}
"""Column type to how its values compare.

Besides: "word", text whose case counts, in table definitions; "navigation", a lookup by the name of its navigation
property, which can only be compared with null.
"""

_EDM: Final = {
    "text": "Edm.String",
    "word": "Edm.String",
    "boolean": "Edm.Boolean",
    "number": "Edm.Decimal",
    "datetime": "Edm.DateTimeOffset",
    "date": "Edm.Date",
    "guid": "Edm.Guid",
    "null": "<null>",
    "navigation": "Microsoft.Dynamics.CRM.crmbaseentity",
}
_OPERATIONS: Final[dict[str, tuple[str, Callable[[Any, Any], bool]]]] = {
    "eq": ("Equal", operator.eq),
    "ne": ("NotEqual", operator.ne),
    "gt": ("GreaterThan", operator.gt),
    "ge": ("GreaterThanOrEqual", operator.ge),
    "lt": ("LessThan", operator.lt),
    "le": ("LessThanOrEqual", operator.le),
}
OPERATORS: Final = frozenset(_OPERATIONS)
SWAPPED: Final = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}


class FilterColumn(NamedTuple):
    """A column in a filter: the kind of its values, and the access to them."""

    kind: str
    get: Callable[[Row], Any]


class Literal(NamedTuple):
    """A value in a filter as it was read: number, str, bool, or None."""

    kind: str
    value: Any


def compare(column: FilterColumn, name: str, literal: Literal) -> Predicate:
    """Return the predicate of `column eq 5` and the like. Raises DataverseError for types that do not go together."""
    get = column.get
    if literal.kind == "null":
        if name == "eq":
            return lambda row: get(row) is None
        if name == "ne":
            return lambda row: get(row) is not None
        return lambda _: False
    return _against(column, name, fitting(column, name, literal))


def _against(column: FilterColumn, name: str, wanted: object) -> Predicate:
    get = column.get
    holds = _OPERATIONS[name][1]
    empty = name == "ne" and choices.EMPTY_COLUMNS_ARE_NOT_EQUAL
    match column.kind:
        case "text":
            return lambda row: empty if (value := get(row)) is None else holds(folded(value), wanted)
        case "datetime":  # whole seconds against perhaps a fraction: without the Z, text order is time order
            return lambda row: empty if (value := get(row)) is None else holds(value[:19], wanted)
        case _:
            return lambda row: empty if (value := get(row)) is None else holds(value, wanted)


def compare_columns(left: FilterColumn, name: str, right: FilterColumn) -> Predicate:
    """Return the predicate of `firstname eq lastname`. Raises DataverseError unless both are of one type."""
    if left.kind != right.kind or left.kind == "navigation":
        raise _incompatible(left.kind, name, right.kind)
    get, other = left.get, right.get
    holds = _OPERATIONS[name][1]
    empty = name == "ne" and choices.EMPTY_COLUMNS_ARE_NOT_EQUAL
    fold: Callable[[Any], Any] = folded if left.kind == "text" else lambda value: value

    def predicate(row: Row) -> bool:
        value, second = get(row), other(row)
        return empty if value is None or second is None else holds(fold(value), fold(second))

    return predicate


def fitting(column: FilterColumn, name: str, literal: Literal) -> object:
    """Return the literal as the column's values compare with it. Raises DataverseError."""
    kind, value = literal
    match column.kind, kind:
        case "text", "text":
            return folded(value)
        case "datetime", "date":
            return f"{value}T00:00:00"
        # Microsoft's own sample quotes a guid: `_owninguser_value eq '<systemuserid value>'`.
        case "guid", "text" if len(value) == len("00000000-0000-0000-0000-000000000000"):
            return value.lower()
        case "word", "text":
            return value
        case wanted, given if wanted == given != "navigation":
            return value
    raise _incompatible(column.kind, name, kind)


def parsed(column: FilterColumn, text: str) -> object:
    """Return a value of `PropertyValues`, always text there, as the column's values compare with it.

    Raises DataverseError.
    """
    if column.kind == "navigation":
        raise _incompatible(column.kind, "eq", "text")
    try:
        match column.kind:
            case "text":
                return folded(text)
            case "number":
                return float(text) if "." in text else int(text)
            case "boolean":
                return {"1": True, "0": False, "true": True, "false": False}[text.lower()]
            case "guid":
                return text.strip("{}").lower()
            case "datetime":
                return utc(text)
            case _:
                return text
    except (ValueError, KeyError):
        raise DataverseError(
            400,
            choices.FUNCTION_VALUE_CODE,
            f"Cannot convert the literal '{text}' to the expected type '{_EDM[column.kind]}'.",
        ) from None


def utc(text: str) -> str:
    """Return a datetime or date as it compares with a row's: UTC, without the Z.

    Raises ValueError for what is none, DataverseError for one before 1753.
    """
    moment = datetime.fromisoformat(text)
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is no time in UTC") from None
    return not_too_early(moment.replace(tzinfo=None)).isoformat()


def _incompatible(left: str, name: str, right: str) -> DataverseError:
    return DataverseError(
        400,
        choices.INCOMPATIBLE_TYPES_CODE,
        "A binary operator with incompatible types was detected. Found operand types"
        f" '{_EDM[left]}' and '{_EDM[right]}' for operator kind '{_OPERATIONS[name][0]}'.",
    )
