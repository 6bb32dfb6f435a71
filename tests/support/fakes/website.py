"""A website in memory. tests/integration/conformance/test_website.py holds it to DataverseWebsite."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from shared.domain.errors import WebsiteAuthError, WebsiteBackoffError, WebsiteMisconfiguredError
from shared.domain.listings import (
    Accepted,
    Action,
    Change,
    NotNow,
    OutcomeUnknown,
    Outdated,
    Refused,
    RefusedKind,
    RowState,
)
from tests.support.fakes.listings import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from shared.domain.listings import ListingTable, PushOutcome
    from shared.ports import Backoff

_NO_SUCH_TABLE = Refused("website_404_table", RefusedKind.NO_SUCH_TABLE)
_FORBIDDEN = Refused("website_403", RefusedKind.FORBIDDEN)
_BAD_REQUEST = Refused("website_400", RefusedKind.BAD_REQUEST)


@dataclass(slots=True)
class FakeRow:
    """A row of the website."""

    version: str
    columns: dict[str, Any] = field(default_factory=dict)


class FakeWebsite:
    """shared.ports.Website, and the means to disturb it. One push is one request."""

    def __init__(self, backoff: Backoff, *tables: ListingTable) -> None:
        self._backoff = backoff
        self.tables: dict[str, dict[UUID, FakeRow]] = {table.name: {} for table in tables or (TABLE,)}
        self.pushed: list[list[Change]] = []
        """The changes of every request to write that went out."""
        self.reads = 0
        """How many requests to read went out."""
        self.keeps_versions = True
        self.missing_columns: set[str] = set()
        """Columns that the tables do not have."""
        self.forbidden: set[str] = set()
        """Tables in which we may write nothing."""
        self.unreadable: set[str] = set()
        """Tables in which we may read nothing."""
        self.refusal: str | None = None
        """The code with which the website lets nothing in."""
        self.poisoned: dict[UUID, Refused | NotNow] = {}
        """What the website returns for any write to these mentors."""
        self.before_push: list[Callable[[], None]] = []
        """What happens while the next requests are under way, one for each."""
        self._lost: list[bool] = []
        self._throttles: list[float] = []
        self._writes = 0

    # --- the means to disturb it

    def lose_reply(self, *, done: bool) -> None:
        """Return no reply to the next request to write, whether or not it is carried out."""
        self._lost.append(done)

    def throttle(self, seconds: float) -> None:
        """Refuse the next request, with so many seconds to wait."""
        self._throttles.append(seconds)

    def row(self, mentor_id: UUID, table: ListingTable = TABLE) -> FakeRow | None:
        """Return the row of a mentor."""
        return self.tables[table.name].get(mentor_id)

    def shows(self, mentor_id: UUID, table: ListingTable = TABLE) -> bool:
        """Return whether a visitor sees the mentor."""
        row = self.row(mentor_id, table)
        return row is not None and row.columns.get("statecode") == 0

    # --- the port

    def push(self, changes: Sequence[Change]) -> Sequence[PushOutcome]:
        outcomes = self._push(changes)
        again = [place for place, outcome in enumerate(outcomes) if _may_be_the_emptying(changes[place], outcome)]
        if again:
            bare = [replace(changes[place], body=changes[place].bare_body or "") for place in again]
            for place, outcome in zip(again, self._push(bare), strict=True):
                outcomes[place] = replace(outcome, emptied=False) if isinstance(outcome, Accepted) else outcome
        return outcomes

    def read(self, changes: Sequence[Change]) -> Sequence[RowState | None]:
        if self._held_back() is not None or self.refusal is not None:
            return [None] * len(changes)
        self.reads += 1
        return [self._read(change) for change in changes]

    def writable(self, tables: Sequence[ListingTable]) -> Sequence[PushOutcome]:
        held_back = self._held_back()
        if self.refusal is not None:
            raise WebsiteAuthError(self.refusal)
        return [held_back or self._closed(table.name) or Accepted() for table in tables]

    def check(self, tables: Sequence[ListingTable]) -> Mapping[str, str]:
        held_back = self._held_back()
        if held_back is not None:
            raise WebsiteBackoffError(held_back.reason, held_back.retry_after or 0.0)
        if self.refusal is not None:
            raise WebsiteAuthError(self.refusal)
        unreadable = dict.fromkeys(self.unreadable, _FORBIDDEN)
        found = {table.name: unreadable.get(table.name) or self._closed(table.name) for table in tables}
        closed = {name: refused for name, refused in found.items() if refused is not None}
        if closed and len(closed) == len(found):
            first = next(iter(closed.values()))
            error = WebsiteAuthError if first.kind is RefusedKind.FORBIDDEN else WebsiteMisconfiguredError
            raise error(first.reason, first.kind)
        return {name: refused.reason for name, refused in closed.items()}

    # --- the rules

    def _push(self, changes: Sequence[Change]) -> list[PushOutcome]:
        outcomes: list[PushOutcome] = [NotNow("newer_change_in_this_push")] * len(changes)
        places = _newest(changes)
        held_back = self._held_back()
        if held_back is not None or not places:
            return [held_back or outcome for outcome in outcomes]
        if self.refusal is not None:
            raise WebsiteAuthError(self.refusal, outcomes=[NotNow(self.refusal)] * len(changes))
        self.pushed.append([changes[place] for place in places])
        if self.before_push:
            self.before_push.pop(0)()
        done = self._lost.pop(0) if self._lost else None
        for place in places:
            change = changes[place]
            outcome = OutcomeUnknown("reply_lost") if done is False else self._written(change)
            if done is not None:
                outcome = OutcomeUnknown("reply_lost", harmless=self.keeps_versions and bool(change.row_version))
            outcomes[place] = outcome
        return outcomes

    def _held_back(self) -> NotNow | None:
        """Ask the backoff, as is done right before every request, and start it where the website says so (I9)."""
        seconds = self._backoff.seconds_left()
        if seconds > 0:
            return NotNow("website_backoff", seconds)
        if not self._throttles:
            return None
        seconds = self._throttles.pop(0)
        self._backoff.block_for(seconds, "website_429")
        return NotNow("website_429", seconds)

    def _closed(self, table: str) -> Refused | None:
        if table not in self.tables:
            return _NO_SUCH_TABLE
        return _FORBIDDEN if table in self.forbidden else None

    def _written(self, change: Change) -> PushOutcome:
        refused = self._closed(change.table) or self.poisoned.get(change.mentor_id)
        if refused is not None:
            return refused
        body = _object(change.body)
        if body is None or self.missing_columns & body.keys():
            return _BAD_REQUEST
        rows = self.tables[change.table]
        row = rows.get(change.mentor_id)
        condition = change.row_version if self.keeps_versions else None
        if row is None and change.action is Action.HIDE:
            return Accepted()
        if row is None and condition:
            return Outdated("website_404_row")
        if row is not None and condition is not None and condition != row.version:
            return Outdated("website_412")
        self._writes += 1
        columns = {} if row is None else row.columns
        rows[change.mentor_id] = row = FakeRow(f'W/"{self._writes}"', columns | body)
        return Accepted(row.version if self.keeps_versions else None)

    def _read(self, change: Change) -> RowState | None:
        body = _object(change.body)
        if change.table not in self.tables or change.table in self.unreadable:
            return None
        if body is None or self.missing_columns & body.keys():
            return None
        row = self.tables[change.table].get(change.mentor_id)
        if row is None:
            return RowState(exists=False, version=None, as_sent=change.action.needs_no_row)
        as_sent = all(row.columns.get(name) == value for name, value in body.items())
        return RowState(exists=True, version=row.version if self.keeps_versions else None, as_sent=as_sent)


def _object(body: str) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _newest(changes: Sequence[Change]) -> list[int]:
    """Return the places of the changes to send: of each listing the one of the highest version."""
    newest: dict[tuple[str, UUID], int] = {}
    for place, change in enumerate(changes):
        before = newest.setdefault((change.table, change.mentor_id), place)
        if changes[before].version <= change.version:
            newest[change.table, change.mentor_id] = place
    return list(newest.values())


def _may_be_the_emptying(change: Change, outcome: PushOutcome) -> bool:
    refused = isinstance(outcome, Refused) and outcome.kind is RefusedKind.BAD_REQUEST
    return refused and change.bare_body not in {None, change.body}
