"""Functions of `$filter`: contains, startswith, endswith, and those of Dataverse by their full names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from emulators.dataverse.model import choices
from emulators.dataverse.model.collation import folded
from emulators.dataverse.model.comparisons import FilterColumn, parsed
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.odata.service_names import QUERY_FUNCTIONS
from emulators.dataverse.odata.urls import not_implemented

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.dataverse.model.types import Predicate, Row

TEXT_FUNCTIONS: Final = frozenset({"contains", "startswith", "endswith"})
NAMESPACE: Final = "Microsoft.Dynamics.CRM."
_ODATA_ONLY: Final = frozenset(
    {
        *(
            "tolower",
            "toupper",
            "trim",
            "length",
            "indexof",
            "substring",
            "concat",
            "round",
            "floor",
            "ceiling",
            "cast",
        ),
        *("isof", "year", "month", "day", "hour", "minute", "second", "date", "time", "now"),
    }
)
"""Functions of OData that Dataverse does not list."""


def text_function(name: str, column: FilterColumn, wanted: str) -> Predicate:
    """Return the predicate of `contains(column,'wanted')` and its kind.

    `%`, `_`, `[abc]` and `[^abc]` are wildcards, as in SQL.
    """
    get = column.get
    if re.search(r"[%_\[]", wanted):
        before, after = (".*" if name != "startswith" else ""), (".*" if name != "endswith" else "")
        found = re.compile(f"{before}{_like(wanted)}{after}", re.IGNORECASE | re.DOTALL).fullmatch
        return lambda row: (value := get(row)) is not None and found(value) is not None
    wanted = wanted.casefold()
    match name:
        case "contains":
            return lambda row: (value := get(row)) is not None and wanted in value.casefold()
        case "startswith":
            return lambda row: (value := get(row)) is not None and value.casefold().startswith(wanted)
        case _:
            return lambda row: (value := get(row)) is not None and value.casefold().endswith(wanted)


def _like(pattern: str) -> str:
    """Return T-SQL's LIKE as a regular expression."""
    parts: list[str] = []
    for piece in re.findall(r"\[\^?[^\]]+\]|.", pattern, re.DOTALL):
        if len(piece) > 1:
            negated = piece.startswith("[^")
            parts.append(f"[{'^' if negated else ''}{_members(piece[1 + negated : -1])}]")
        else:
            parts.append({"%": ".*", "_": "."}.get(piece, re.escape(piece)))
    return "".join(parts)


def _members(characters: str) -> str:
    return re.sub(r"[\\^\]\[&~|]", r"\\\g<0>", characters)


def dataverse_function(name: str, resolve: Callable[[str], FilterColumn], arguments: Mapping[str, str]) -> Predicate:
    """Return the predicate of `Microsoft.Dynamics.CRM.In(PropertyName='x',PropertyValues=["1"])` and its kind.

    `name` is without the namespace, `arguments` are as written, aliases replaced.
    """
    build = _FUNCTIONS.get(name)
    if build is None:
        raise unknown_function(f"{NAMESPACE}{name}")
    column = resolve(_property_name(arguments))
    return build(column, [parsed(column, value) for value in _values(arguments)])


def unknown_function(name: str) -> DataverseError:
    """Return the refusal of a function that is not there."""
    if name.removeprefix(NAMESPACE) in QUERY_FUNCTIONS:
        return DataverseError.not_served(f"the function {name}")
    if name in _ODATA_ONLY:
        return not_implemented()
    return DataverseError(
        400,
        "0x0",
        f"An unknown function with name '{name}' was found. This may also be a function import or a key lookup on a"
        " navigation property, which is not allowed.",
    )


def _property_name(arguments: Mapping[str, str]) -> str:
    text = arguments.get("PropertyName", "")
    if len(text) < len("'x'") or text[0] != "'":
        raise DataverseError(400, "0x0", "The required parameter 'PropertyName' is missing.")
    return text[1:-1]


def _values(arguments: Mapping[str, str]) -> list[str]:
    if (single := arguments.get("PropertyValue")) is not None:
        return [single[1:-1].replace("''", "'") if single.startswith("'") else single]
    written = arguments.get("PropertyValues")
    if written is None:
        raise DataverseError(400, "0x0", "The required parameter 'PropertyValues' is missing.")
    try:
        # .NET's reader of JSON also takes single quotes; an apostrophe then needs double ones around it.
        values = json.loads(written if '"' in written else written.replace("'", '"'))
    except ValueError:
        raise DataverseError(
            400,
            "0x0",
            "Invalid JSON. A comma character ',' was expected in scope 'Array'. Every two elements in an array and"
            " properties of an object must be separated by commas.",
        ) from None
    if not all(isinstance(value, str) for value in values):
        raise DataverseError(400, "0x0", "Cannot convert a value to target type 'Edm.String'.")
    return list(values)


def _in(column: FilterColumn, values: list[Any]) -> Predicate:
    wanted = frozenset(values)
    get = column.get
    if column.kind == "text":
        return lambda row: (value := get(row)) is not None and folded(value) in wanted
    if column.kind == "datetime":
        return lambda row: (value := get(row)) is not None and value[:19] in wanted
    return lambda row: get(row) in wanted


def _between(column: FilterColumn, values: list[Any]) -> Predicate:
    if len(values) != len(("low", "high")):
        raise DataverseError(400, choices.FUNCTION_VALUE_CODE, "The Between operator requires two values.")
    low, high = values
    get = column.get
    fold = folded if column.kind == "text" else (lambda value: value[:19] if type(value) is str else value)

    def predicate(row: Row) -> bool:
        value = get(row)
        return value is not None and low <= fold(value) <= high

    return predicate


def _negated(build: Callable[[FilterColumn, list[Any]], Predicate]) -> Callable[[FilterColumn, list[Any]], Predicate]:
    def negation(column: FilterColumn, values: list[Any]) -> Predicate:
        holds, get = build(column, values), column.get
        return lambda row: get(row) is not None and not holds(row)

    return negation


_FUNCTIONS: Final[dict[str, Callable[[FilterColumn, list[Any]], Predicate]]] = {
    "In": _in,
    "NotIn": _negated(_in),
    "Between": _between,
    "NotBetween": _negated(_between),
    "ContainValues": _in,  # a choice holds one value; columns of several are not in the schema file
    "DoesNotContainValues": _negated(_in),
}
