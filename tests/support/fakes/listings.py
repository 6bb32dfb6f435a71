"""Listings in memory. tests/integration/conformance/test_listings.py holds them to PostgresListings.

A listing has one place here: that an organisation moves to another table, or publishes fewer columns, is a matter of
the SQL alone and is tested there.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.domain.listings import (
    NO_ROW,
    Accepted,
    Action,
    Change,
    Claim,
    ListingTable,
    Refused,
    Result,
    SettleOutcome,
    SyncRequest,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from datetime import timedelta
    from uuid import UUID

    from shared.domain.listings import PushOutcome
    from tests.support.fakes.clock import FakeClock

TABLE = ListingTable("hlf_peermentors", "hlf_mentorid")
SHOW: Mapping[str, Any] = {"statecode": 0, "statuscode": 1}
HIDE: Mapping[str, Any] = {"statecode": 1, "statuscode": 2}
_LONGEST_LEASE_SECONDS = 900.0
_UNKNOWN_OUTCOME_SECONDS = 180.0


@dataclass(slots=True)
class _Listing:
    """One row of certification.listings."""

    table: ListingTable
    desired: int = 0
    synced: int = 0
    fields: Mapping[str, Any] | None = None
    """What is to be published; None: not to be listed."""
    there: bool = False
    """Something of it may be on the website."""
    row_version: str | None = None
    rejected: bool = False
    claimed_by: UUID | None = None
    claimed_until: float = 0.0
    sending: Action | None = None
    sending_version: int = 0
    creates: bool = False
    accepted: int = 0
    unknown_until: float | None = None
    unknown_version: int | None = None


class FakeListings:
    """shared.ports.Listings, and the app's side of it: what is wanted, and which transaction holds what."""

    def __init__(self, clock: FakeClock, *tables: ListingTable) -> None:
        """`tables`: those in use, the first of which has the listings for which no other is named."""
        self._clock = clock
        self._tables = tables or (TABLE,)
        self._listings: dict[UUID, _Listing] = {}
        self._held: set[UUID] = set()
        self.braked: set[UUID] = set()
        """The mentors of a mass change that is not released."""

    # --- the app's side

    def want(self, mentor_id: UUID, fields: Mapping[str, Any] | None, *, table: ListingTable | None = None) -> None:
        """Change what the website should show of a mentor: these columns, or nothing."""
        listing = self._listings.setdefault(mentor_id, _Listing(table or self._tables[0]))
        listing.fields = fields
        listing.desired += 1
        listing.rejected = False

    @contextmanager
    def held(self, mentor_id: UUID) -> Iterator[None]:
        """Hold a listing in a transaction of the app."""
        self._held.add(mentor_id)
        try:
            yield
        finally:
            self._held.remove(mentor_id)

    # --- the port

    def claim(self, mentor_ids: Sequence[UUID], worker: UUID, lease: timedelta) -> Claim:
        changes: list[Change] = []
        done: dict[UUID, Result] = {}
        locked: list[UUID] = []
        for mentor_id in dict.fromkeys(mentor_ids):
            listing = self._listings.get(mentor_id)
            if listing is None:
                done[mentor_id] = Result.UNKNOWN
                continue
            left_alone = self._left_alone(mentor_id, listing)
            if left_alone is not None:
                done[mentor_id] = left_alone
            elif mentor_id in self._held:
                locked.append(mentor_id)
            elif listing.fields is None and not listing.there:
                listing.synced = listing.desired
                done[mentor_id] = Result.NOTHING_TO_SHOW
            else:
                changes.append(self._taken(mentor_id, listing, worker, lease))
        changes.sort(key=lambda change: change.action is not Action.HIDE)
        versions = {mentor_id: self._version(mentor_id) for mentor_id in mentor_ids}
        return Claim(tuple(changes), done, tuple(locked), versions)

    def settle(
        self,
        worker: UUID,
        outcomes: Sequence[tuple[Change, PushOutcome]],
        outcome_unknown: Container[tuple[UUID, int]] = (),
    ) -> SettleOutcome:
        left: dict[str, list[UUID]] = {"again": [], "locked": [], "outcome_unknown": []}
        for change, outcome in outcomes:
            listing = self._listings[change.mentor_id]
            if listing.claimed_by != worker:
                continue
            if change.mentor_id in self._held:
                left["locked"].append(change.mentor_id)
                continue
            waits = self._settled(listing, outcome, (change.mentor_id, change.version) in outcome_unknown)
            if waits and isinstance(outcome, Accepted | Refused):
                left["outcome_unknown" if self._only_outcome_unknown(listing) else "again"].append(change.mentor_id)
        return SettleOutcome(**{name: tuple(mentors) for name, mentors in left.items()})

    def unsynced(self, after: UUID | None, limit: int) -> tuple[SyncRequest, ...]:
        found = sorted(
            mentor_id
            for mentor_id, listing in self._listings.items()
            if (after is None or mentor_id > after)
            and listing.synced < listing.desired
            and not listing.rejected
            and not self._is_claimed(listing)
            and not self._only_outcome_unknown(listing)
        )
        return tuple(SyncRequest(mentor_id, self._version(mentor_id)) for mentor_id in found[:limit])

    def tables(self) -> tuple[ListingTable, ...]:
        return tuple(self._tables)

    # --- the rules

    def _left_alone(self, mentor_id: UUID, listing: _Listing) -> Result | None:
        if listing.synced == listing.desired:
            return Result.ALREADY
        if listing.rejected:
            return Result.STILL_REJECTED
        if self._is_claimed(listing):
            return Result.BUSY
        if self._only_outcome_unknown(listing):
            return Result.GIVEN_BACK
        return Result.BRAKED if mentor_id in self.braked else None

    def _taken(self, mentor_id: UUID, listing: _Listing, worker: UUID, lease: timedelta) -> Change:
        action = Action.HIDE if listing.fields is None else Action.PUBLISH
        listing.claimed_by = worker
        listing.claimed_until = self._clock.now + min(lease.total_seconds(), _LONGEST_LEASE_SECONDS)
        listing.sending, listing.sending_version = action, listing.desired
        listing.creates = action is Action.PUBLISH and not listing.there
        listing.there = True
        if listing.unknown_until is not None and listing.unknown_until <= self._clock.now:
            listing.unknown_until = listing.unknown_version = None
        hide = json.dumps(dict(HIDE))
        return Change(
            mentor_id,
            listing.desired,
            action,
            listing.table.name,
            listing.table.key,
            hide if listing.fields is None else json.dumps({**listing.fields, **SHOW}),
            hide if listing.fields is None else None,
            listing.row_version or (None if action is Action.HIDE else NO_ROW),
        )

    def _settled(self, listing: _Listing, outcome: PushOutcome, unknown: bool) -> bool:
        """Write down what became of one listing. Return whether it waits to be sent again."""
        accepted, refused = isinstance(outcome, Accepted), isinstance(outcome, Refused)
        row_version = outcome.row_version if isinstance(outcome, Accepted) else None
        version = listing.sending_version
        may_be_undone = row_version is None and (listing.unknown_version or version) < version
        if row_version is not None:
            listing.unknown_until = listing.unknown_version = None
        elif unknown:
            listing.unknown_until = self._clock.now + _UNKNOWN_OUTCOME_SECONDS
            listing.unknown_version = min(listing.unknown_version or version, version)
        synced = accepted and not may_be_undone
        if accepted:
            listing.accepted, listing.row_version = version, row_version
        if synced:
            listing.synced = version
        hidden = synced and listing.sending is Action.HIDE
        if hidden or (refused and listing.creates and listing.unknown_until is None):
            listing.there = False
        listing.rejected = refused and version == listing.desired
        listing.claimed_by, listing.claimed_until, listing.sending = None, 0.0, None
        return not listing.rejected and listing.synced < listing.desired

    def _version(self, mentor_id: UUID) -> int:
        listing = self._listings.get(mentor_id)
        return 0 if listing is None else listing.desired

    def _is_claimed(self, listing: _Listing) -> bool:
        return listing.claimed_by is not None and listing.claimed_until > self._clock.now

    def _only_outcome_unknown(self, listing: _Listing) -> bool:
        until = listing.unknown_until
        return until is not None and until > self._clock.now and listing.accepted == listing.desired
