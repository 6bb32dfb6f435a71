"""Faults of lists: other rows than the table has, which a client must not accept as the truth."""

from __future__ import annotations

import time
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from emulators.dataverse.faults.rules import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.dataverse.faults.faults import Faults
    from emulators.dataverse.faults.rules import Rule
    from emulators.dataverse.model.messages import Request
    from emulators.dataverse.model.table import Table
    from emulators.dataverse.model.types import Row
    from emulators.dataverse.odata.paging import Cookie


class ListFault(NamedTuple):
    """The fault of one list, if there is one."""

    rule: Rule | None

    def start(self, cookie: Cookie | None) -> Cookie | None:
        """Return the cookie of the page's beginning: with REPEAT_PAGE, that of the page before."""
        if self._is(FaultKind.REPEAT_PAGE) and cookie is not None:
            marks = {name: (first, first) for name, (_, first) in cookie.marks.items()}
            return cookie._replace(marks=marks)
        return cookie

    def rows(self, table: Table, cookie: Cookie | None, rows: Iterator[Row]) -> Iterator[Row]:
        """Return the rows from the page's beginning, as the fault changes them."""
        if self.rule is None:
            return rows
        if self._is(FaultKind.SKIP_ROWS):
            return islice(rows, self.rule.rows, None)
        if self._is(FaultKind.REPEAT_PAGE) and cookie is not None:
            first = cookie.marks[table.schema.primary_id][1].strip("{}").lower()
            return chain([row] if (row := table.rows.get(first)) else [], rows)
        return rows

    def ends_after(self, before: int) -> int | None:
        """Return after how many rows of this page the list ends, when `before` rows came earlier.

        None where it ends as it should.
        """
        if self._is(FaultKind.EMPTY_LIST):
            return 0
        if self.rule is not None and self._is(FaultKind.FIRST_ROWS):
            return max(self.rule.rows - before, 0)
        return None

    def _is(self, kind: FaultKind) -> bool:
        return self.rule is not None and self.rule.kind is kind


def fault(faults: Faults, request: Request) -> ListFault:
    """Return the fault of this list."""
    return ListFault(faults.pick("list", request, time.time()) if faults.lists else None)
