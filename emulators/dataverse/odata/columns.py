"""Property paths of a table: its columns, and those of a row a lookup points at (`cr1_Person/cr1_name`)."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from emulators.dataverse.model.comparisons import KINDS, FilterColumn
from emulators.dataverse.odata import unserved

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row


def resolver(table: Table) -> Callable[[str], FilterColumn]:
    """Return the function by which filters and orders find a column by its path.

    It raises DataverseError for a column that is not there.
    """
    return lambda path: _resolve(table, path)


def _resolve(table: Table, path: str) -> FilterColumn:
    name, beyond, rest = path.partition("/")
    schema = table.schema
    if not beyond:
        column = schema.columns.get(name)
        if column is not None:
            return FilterColumn(KINDS[column.type], itemgetter(name))
        if name in schema.navigations:
            return FilterColumn("navigation", itemgetter(schema.navigations[name].property))
        raise unserved.unknown_property(table, name)
    lookup = schema.navigations.get(name)
    if lookup is None:
        raise unserved.unknown_property(table, name)
    target = table.tables[lookup.target]
    kind, inner = _resolve(target, rest)
    rows, pointer = target.rows, lookup.property

    def get(row: Row) -> object:
        other = rows.get(row[pointer] or "")
        return None if other is None else inner(other)

    return FilterColumn(kind, get)
