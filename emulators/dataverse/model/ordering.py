"""The order of rows, and the place where a page goes on.

Without `$orderby` Dataverse orders by the primary key ("Ordering and paging"), and SQL Server has an order of its own
for uniqueidentifier: the last group first. A cursor is the last row's place in that order, so a row that appears or
goes between two pages moves no other row; and finding the place is a binary search, so paging is linear in the rows.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from emulators.dataverse.model import choices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulators.dataverse.model.types import Predicate, Row

_STEP: Final = 4096
_KEPT: Final = 4
"""Sorted results kept for the next page, for as long as the table does not change."""

type Place = tuple[Any, ...]
"""The values of the ordering columns, then the row's sql_order()."""


def sql_order(guid: str) -> str:
    """Return a guid's digits so that the order of text is SQL Server's order of uniqueidentifier."""
    return (
        f"{guid[24:]}{guid[19:23]}{guid[16:18]}{guid[14:16]}{guid[11:13]}{guid[9:11]}"
        f"{guid[6:8]}{guid[4:6]}{guid[2:4]}{guid[:2]}"
    )


def guid_of(key: str) -> str:
    """Return the guid of a sql_order()."""
    return (
        f"{key[30:]}{key[28:30]}{key[26:28]}{key[24:26]}-{key[22:24]}{key[20:22]}-{key[18:20]}{key[16:18]}"
        f"-{key[12:16]}-{key[:12]}"
    )


class OrderColumn(NamedTuple):
    """One column of `$orderby`. `value` returns the sort key; an empty column comes first, as in SQL Server."""

    name: str
    value: Callable[[Row], Any]
    descending: bool


class Order:
    """The rows of one table in the order of their primary ids, sorted lazily: writing costs an append."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self._rows = rows
        self._keys: list[str] = []
        self._new: list[str] = []
        self.added = self._new.append
        """Say that a row with this id came."""
        self._sorted: dict[str, tuple[Any, list[Place]]] = {}

    def after(self, place: Place | None) -> Iterator[Row]:
        """Yield every row behind `place`, from the first without one."""
        keys = self._all_keys()
        start = 0 if place is None else bisect_right(keys, place[-1])
        rows = self._rows
        for position in range(start, len(keys), _STEP):
            for key in keys[position : position + _STEP]:
                row = rows.get(guid_of(key))
                if row is not None:  # else it was deleted
                    yield row

    def sorted_after(
        self, place: Place | None, columns: list[OrderColumn], holds: Predicate, query: str, version: object
    ) -> Iterator[Row]:
        """Yield the rows that fit, in the order of `columns`, ties by primary id, behind `place`.

        The sorted result is kept for `query` (which says all there is to say of order and filter) until `version`, the
        store's, is another: then it is sorted again, and a row that moved past the cursor is seen twice or not at all,
        as in the service, where "each request is evaluated independently".
        """
        known = self._sorted.pop(query, None)
        if known is None or known[0] != version:
            known = version, self._sort(columns, holds)
        self._sorted[query] = known
        if len(self._sorted) > _KEPT:
            del self._sorted[next(iter(self._sorted))]
        places = known[1]
        start = 0 if place is None else _behind(places, place, [column.descending for column in columns])
        for position in range(start, len(places)):
            yield self._rows[guid_of(places[position][-1])]

    def _sort(self, columns: list[OrderColumn], holds: Predicate) -> list[Place]:
        places = [place_of(row, key, columns) for key, row in self._keyed_rows() if holds(row)]
        for index in reversed(range(len(columns))):
            places.sort(key=itemgetter(index), reverse=columns[index].descending)
        return places

    def _keyed_rows(self) -> Iterator[tuple[str, Row]]:
        for key in self._all_keys():
            row = self._rows.get(guid_of(key))
            if row is not None:
                yield key, row

    def _all_keys(self) -> list[str]:
        keys, new = self._keys, self._new
        if new:
            keys += map(sql_order, new)
            keys.sort()  # one run and a short one: Python's sort merges them
            new.clear()
            if len(keys) > len(self._rows):  # deleted rows, and perhaps the same id a second time
                keys[:] = dict.fromkeys(keys)
        if len(keys) > len(self._rows) + len(self._rows) // 10 + _STEP:
            keys[:] = sorted(map(sql_order, self._rows))
        return keys


def place_of(row: Row, key: str, columns: list[OrderColumn]) -> Place:
    """Return a row's place. Each column is (a flag, the value); the flag sorts the empty ones first."""
    found: list[Any] = []
    first = choices.EMPTY_COLUMNS_SORT_FIRST
    for column in columns:
        value = column.value(row)
        found.append((not first, "") if value is None else (first, value))
    found.append(key)
    return tuple(found)


def _behind(places: list[Place], place: Place, descending: list[bool]) -> int:
    """Return the position of the first place behind `place`: bisect_right, with a direction for each column."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        if _is_behind(places[middle], place, descending):
            high = middle
        else:
            low = middle + 1
    return low


def _is_behind(one: Place, other: Place, descending: list[bool]) -> bool:
    for mine, theirs, down in zip(one, other, [*descending, False], strict=True):
        if mine != theirs:
            return bool(mine < theirs) if down else bool(mine > theirs)
    return False
