"""A forced sync of one mentor: the listing is pushed now, as every worker pushes it, and read back from the website."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from shared.domain.errors import QueueUnavailableError, WebsiteRefusedError, WebsiteUnavailableError
from shared.domain.force_sync import QueuedSync, VerifiedSync, WhyNot, equals, view_of
from shared.domain.listings import Result, SyncRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from uuid import UUID

    from shared.domain.force_sync import (
        BegunForceSync,
        ForcedListing,
        ForceSyncResult,
        Limits,
        PlaceRows,
        WebsiteView,
    )
    from shared.domain.listings import SyncResult
    from shared.ports import ForcedSyncs, Report, SyncQueue, SyncState, WebsiteReader

# A listing that changes while it is read back is pushed again.
_ATTEMPTS = 3
# Another worker has the mentor for as long as one request takes.
_BUSY_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)
_SOON = timedelta(seconds=10)
_AFTER_UNKNOWN_OUTCOME = timedelta(minutes=3)  # as certification.settle_listings waits
_AFTER_REJECTION = timedelta(hours=1)  # as certification.is_due_again waits the first time
# The sweep asks for a change of this age, and comes every five minutes.
_NEXT_SWEEP = timedelta(minutes=7)
_WHY_NOT = {
    Result.BUSY: (WhyNot.BUSY, _SOON),
    Result.BRAKED: (WhyNot.BRAKE, _NEXT_SWEEP),
    Result.REJECTED: (WhyNot.REJECTED, _AFTER_REJECTION),
    Result.STILL_REJECTED: (WhyNot.REJECTED, _AFTER_REJECTION),
}
# Every forced sync reports all of these, zeros included (I12).
FORCE_SYNC_COUNTS = ("force_syncs_verified", "force_syncs_queued", "sync_stopped")
_LEFT = {Result.GIVEN_BACK, Result.UNKNOWN, *_WHY_NOT}


@dataclass(frozen=True, slots=True)
class ForceSyncPorts:
    """The ports of one forced sync. `sync` is sync_listings with its own ports, as dynamics_sync has it."""

    forced: ForcedSyncs
    reader: WebsiteReader
    state: SyncState
    queue: SyncQueue
    sync: Callable[[Collection[UUID]], SyncResult]
    publish_alerts: Callable[[str], object]
    report: Report
    limits: Limits
    pause: Callable[[float], None]


def force_sync(coordinator_id: UUID, mentor_id: UUID, reason: str, ports: ForceSyncPorts) -> ForceSyncResult:
    """Push the mentor's listing now, read it back, and return what the website showed before and after.

    What cannot be done now is queued and returned with the reason and the time of the next attempt. Safe beside any
    worker (I6), and no request is sent inside a Retry-After window (I9). Actor and reason go to the audit alone (I11).
    A credential that is refused and a listing that is rejected are published as alerts in this run (I10).
    Raises NotACoordinatorError, NoSuchMentorError, ForceSyncLimitError, and the errors of the database.
    """
    begun = ports.forced.begin(coordinator_id, mentor_id, reason, ports.limits)
    result = _carried_out(coordinator_id, mentor_id, begun, ports)
    if isinstance(result, QueuedSync):
        outcome = result.why.value
        if result.why in {WhyNot.STOPPED, WhyNot.REJECTED}:
            ports.publish_alerts("force_sync")
        ports.forced.end(begun, mentor_id, result, outcome=outcome, equal=False)
    done = isinstance(result, VerifiedSync)
    stopped = isinstance(result, QueuedSync) and result.why is WhyNot.STOPPED
    ports.report.work(
        "force_sync",
        dict(zip(FORCE_SYNC_COUNTS, (int(done), int(not done), int(stopped)), strict=True)),
        mentor_id=str(mentor_id),
        coordinator_id=str(coordinator_id),
        audit_id=begun.audit_id,
        outcome="verified" if isinstance(result, VerifiedSync) else result.why.value,
        reason=None if isinstance(result, VerifiedSync) else result.code,
    )
    return result


def _carried_out(
    coordinator_id: UUID, mentor_id: UUID, begun: BegunForceSync, ports: ForceSyncPorts
) -> ForceSyncResult:
    listing = begun.listing
    if begun.locked or listing is None:
        version = listing.version if listing else 0
        return _queued(QueuedSync(version, None, None, WhyNot.BUSY, None, datetime.now(UTC)), mentor_id, _SOON, ports)
    before = None if begun.stopped else _read_if_possible(mentor_id, listing, ports.reader)
    after: WebsiteView | None = None
    version = listing.version
    for _ in range(_ATTEMPTS):
        result = _synced(mentor_id, ports)
        version = max(version, result.versions.get(mentor_id, 0))
        if result.results[mentor_id] in _LEFT:
            why, wait = _why_not(mentor_id, result, ports.state)
            code = ",".join(sorted(result.reasons)) or None
            return _queued(QueuedSync(version, before, None, why, code, datetime.now(UTC)), mentor_id, wait, ports)
        if version != listing.version:
            listing = ports.forced.listing(coordinator_id, mentor_id) or listing
        try:
            rows = _read(mentor_id, listing, ports.reader)
            after, equal, read_at = view_of(mentor_id, rows), equals(listing, mentor_id, rows), datetime.now(UTC)
        except (WebsiteUnavailableError, WebsiteRefusedError) as error:
            why = WhyNot.NOT_READ_BACK
            return QueuedSync(version, before, None, why, str(error), datetime.now(UTC) + _NEXT_SWEEP)
        done = VerifiedSync(listing.version, before, after, read_at)
        if equal and ports.forced.end(begun, mentor_id, done, outcome="verified", equal=True):
            return done
    # It is synced, and what was read is not what was written. The sweep reads it again, and repairs it.
    return QueuedSync(version, before, after, WhyNot.DIFFERS, None, datetime.now(UTC) + _NEXT_SWEEP)


def _synced(mentor_id: UUID, ports: ForceSyncPorts) -> SyncResult:
    """Sync the listing, waiting a moment for another worker that has it: that one may push an older state."""
    result = ports.sync([mentor_id])
    for seconds in _BUSY_PAUSES:
        if result.results[mentor_id] is not Result.BUSY:
            break
        ports.pause(seconds)
        result = ports.sync([mentor_id])
    return result


def _read(mentor_id: UUID, listing: ForcedListing, reader: WebsiteReader) -> PlaceRows:
    """Read the listing's row in every place now."""
    return [
        (
            place,
            reader.rows(
                place.site.table,
                place.site.key,
                [str(mentor_id)],
                tuple(dict.fromkeys((*place.site.columns, *place.site.show))),
            )[0],
        )
        for place in listing.places
    ]


def _read_if_possible(mentor_id: UUID, listing: ForcedListing, reader: WebsiteReader) -> WebsiteView | None:
    """Return what the website shows before the push; None while it cannot be read. The push finds out why."""
    try:
        return view_of(mentor_id, _read(mentor_id, listing, reader))
    except (WebsiteUnavailableError, WebsiteRefusedError):
        return None


def _why_not(mentor_id: UUID, result: SyncResult, state: SyncState) -> tuple[WhyNot, timedelta]:
    """Return why the listing was not synced, and after how long it is tried again."""
    outcome = result.results[mentor_id]
    if outcome in _WHY_NOT:
        return _WHY_NOT[outcome]
    seconds = timedelta(seconds=max(result.retry_after, 1.0))
    if result.stopped:
        return WhyNot.STOPPED, seconds
    if (left := state.seconds_left()) > 0:
        return WhyNot.THROTTLED, timedelta(seconds=left)
    if "outcome_unknown" in result.reasons:
        return WhyNot.OUTCOME_UNKNOWN, _AFTER_UNKNOWN_OUTCOME
    return WhyNot.FAILED_ATTEMPT, seconds


def _queued(queued: QueuedSync, mentor_id: UUID, wait: timedelta, ports: ForceSyncPorts) -> QueuedSync:
    """Request the sync of the queue's workers. Where no message can be sent, the sweep requests it (I7)."""
    if queued.why is not WhyNot.REJECTED:
        try:
            ports.queue.send([SyncRequest(mentor_id, queued.version)])
        except QueueUnavailableError:
            wait = max(wait, _NEXT_SWEEP)
    return replace(queued, try_at=queued.try_at + wait)
