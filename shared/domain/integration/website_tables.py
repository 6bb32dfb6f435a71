"""The website's tables against the listing mapping: columns, types, lengths, alternate key, values of the flags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_TEXT: Final = ("String", "Memo")
_LENGTH_OF_AN_ID: Final = 36
_FLAGS: Final = {bool: ("Boolean",), int: ("State", "Status", "Picklist", "Integer")}

POINTS: Final = {
    "dependencies.website.tables": "every table of the listing mappings is there",
    "dependencies.website.columns": "every mapped column is there, holds text, and can be written",
    "dependencies.website.keys": "the mapped key is an alternate key of its table, alone in it, and active",
    "dependencies.website.flags": "the columns that show and hide a row are there and take the mapped values",
    "dependencies.website.lengths": "every mapped column is long enough for the data that is in the app today",
}


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """A column as the service defines it. `values` are those of a choice; None where any of its type will do."""

    kind: str
    writable: bool = True
    max_length: int | None = None
    values: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class KeyDefinition:
    """An alternate key, with the state of its index: Active, Pending, InProgress or Failed."""

    columns: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """A table as the service defines it."""

    columns: Mapping[str, ColumnDefinition]
    keys: Sequence[KeyDefinition] = field(default=())


@dataclass(frozen=True, slots=True)
class TooLong:
    """A column that is too short for data of today: how many mentors, and the first ids."""

    table: str
    column: str
    max_length: int
    n: int
    ids: tuple[str, ...]


def website_findings(
    mappings: Sequence[Mapping[str, Any]],
    tables: Mapping[str, TableDefinition | None],
    too_long: Callable[[str, Mapping[str, int]], Sequence[TooLong]],
) -> Iterator[Finding]:
    """Yield a finding for each of POINTS.

    `tables` holds the definition of each entity set of the mappings; None where it is missing. `too_long` returns which
    of these columns of a table are shorter than a value of today.
    """
    if not mappings:
        for point, expected in POINTS.items():
            yield unchecked(point, expected, "no organisation is there, so no mapping is in force")
        return
    missing = sorted({mapping["table"] for mapping in mappings if tables.get(mapping["table"]) is None})
    yield _judged(
        "dependencies.website.tables",
        [f"no table has the entity set {name}" for name in missing],
        "have HLF IT create the table, or correct the mapping (docs/contract.md, The listing mapping)",
        f"{len({mapping['table'] for mapping in mappings})} in use",
    )
    known = [(mapping, table) for mapping in mappings if (table := tables.get(mapping["table"])) is not None]
    if not known:
        for point in list(POINTS)[1:]:
            yield unchecked(point, POINTS[point], "no mapped table is there")
        return
    yield _judged(
        "dependencies.website.columns",
        [problem for mapping, table in known for problem in _columns(mapping, table)],
        "have HLF IT add the column, or correct the mapping",
    )
    yield _judged(
        "dependencies.website.keys",
        [problem for mapping, table in known for problem in _key(mapping, table)],
        "have HLF IT create the alternate key, and wait until its index is active; no row can be found without it",
    )
    yield _judged(
        "dependencies.website.flags",
        [problem for mapping, table in known for problem in _flags(mapping, table)],
        "correct show and hide of the mapping, or have HLF IT add the column or the value",
    )
    long = [one for mapping, table in known for one in too_long(mapping["table"], _limits(mapping, table))]
    yield _judged(
        "dependencies.website.lengths",
        [
            f"{one.table}.{one.column} takes {one.max_length} characters, and {one.n:,} mentors have more"
            for one in dict.fromkeys(long)
        ],
        "have HLF IT make the column longer: Dynamics rejects the whole listing of each of these mentors",
        n=sum(one.n for one in dict.fromkeys(long)),
        ids=[name for one in long for name in one.ids],
    )


def _judged(
    point: str, problems: Sequence[str], advice: str, found: str = "", *, n: int | None = None, ids: Sequence[str] = ()
) -> Finding:
    unique = list(dict.fromkeys(problems))
    if unique:
        return broken(point, POINTS[point], "; ".join(unique), advice, n=n or len(unique), ids=ids)
    return holds(point, POINTS[point], found)


def _columns(mapping: Mapping[str, Any], table: TableDefinition) -> Iterator[str]:
    for name in mapping["columns"]:
        where, column = f"{mapping['table']}.{name}", table.columns.get(name)
        if column is None:
            yield f"{where} is missing"
        elif column.kind not in _TEXT:
            yield f"{where} is of type {column.kind}, and text is needed"
        elif not column.writable:
            yield f"{where} cannot be written"


def _key(mapping: Mapping[str, Any], table: TableDefinition) -> Iterator[str]:
    where, column = f"{mapping['table']}.{mapping['key']}", table.columns.get(mapping["key"])
    if column is None:
        yield f"{where} is missing"
        return
    if column.kind != "String" or (column.max_length or _LENGTH_OF_AN_ID) < _LENGTH_OF_AN_ID:
        yield f"{where} is {column.kind} of {column.max_length}, and text of 36 characters is needed"
    keys = [key for key in table.keys if key.columns == (mapping["key"],)]
    if not keys:
        yield f"{where} is no alternate key"
    elif all(key.status != "Active" for key in keys):
        yield f"the alternate key on {where} is {keys[0].status}"


def _flags(mapping: Mapping[str, Any], table: TableDefinition) -> Iterator[str]:
    for name in mapping["show"]:
        where, column = f"{mapping['table']}.{name}", table.columns.get(name)
        if column is None:
            yield f"{where} is missing"
            continue
        for value in (mapping["show"][name], mapping["hide"][name]):
            if column.kind not in _FLAGS[bool if isinstance(value, bool) else int]:
                yield f"{where} is of type {column.kind}, and the mapping writes {str(value).lower()}"
            elif column.values is not None and int(value) not in column.values:
                yield f"{where} has no value {value}"


def _limits(mapping: Mapping[str, Any], table: TableDefinition) -> dict[str, int]:
    return {
        name: column.max_length
        for name in mapping["columns"]
        if (column := table.columns.get(name)) is not None and column.max_length is not None
    }
