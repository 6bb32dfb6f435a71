"""Property paths of a table: its columns, and those of a row a lookup points at (`hlf_Mentor/hlf_name`)."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from local.dataverse.comparisons import KINDS, Column
from local.dataverse.errors import DataverseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.dataverse.store import Row, Table


def resolver(table: Table) -> Callable[[str], Column]:
    """What filters and orders ask for a column by its path; it raises DataverseError for one that is not there."""
    return lambda path: _resolve(table, path)


def _resolve(table: Table, path: str) -> Column:
    name, beyond, rest = path.partition("/")
    schema = table.schema
    if not beyond:
        column = schema.columns.get(name)
        if column is None:
            raise DataverseError.unknown_property(name, schema.name)
        return Column(KINDS[column.type], itemgetter(name))
    lookup = schema.navigations.get(name)
    if lookup is None:
        raise DataverseError.unknown_property(name, schema.name)
    target = table.store.tables_by_name[lookup.target]
    kind, inner = _resolve(target, rest)
    rows, pointer = target.rows, lookup.property

    def get(row: Row) -> object:
        other = rows.get(row[pointer] or "")
        return None if other is None else inner(other)

    return Column(kind, get)
