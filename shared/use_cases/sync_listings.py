"""The sync of some mentors' listings: afterwards the website shows what the database says."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from shared.domain.errors import WebsiteBackoffError, WebsiteRefusedError, WebsiteUnavailableError
from shared.domain.listings import RefusedKind, Result, SyncResult
from shared.use_cases.sync.push_changes import push_changes
from shared.use_cases.sync.work import ATTEMPTS, STOPPED_SECONDS, Work, pause_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from shared.ports import Listings, SyncState, Website

# Longer than a worker may run and any request may take, so that no second worker acts on a listing under a live claim.
LEASE = timedelta(minutes=3)


def sync_listings(
    mentor_ids: Iterable[UUID],
    *,
    listings: Listings,
    website: Website,
    state: SyncState,
    time_left: Callable[[], float],
    pause: Callable[[float], None],
) -> SyncResult:
    """Claim these mentors' listings, read them as they are now, push them and settle each.

    A listing that cannot be synced now is given back with a time to ask again. One that the website refuses for good is
    rejected alone (I13). One that changed meanwhile is pushed again before this returns. Safe to repeat and to overlap
    (I6, I7). No error leaves a claim behind (I18), unless the database is gone: then the claims expire.
    All times are in seconds.
    """
    work = Work(uuid4(), listings, website, state, time_left, pause, dict.fromkeys(mentor_ids, Result.GIVEN_BACK))
    stopped = state.stopped()
    if stopped is not None and not stopped.try_now:
        return work.result(stopped=True, retry_after=STOPPED_SECONDS, reason=stopped.reason)
    try:
        if stopped is not None:
            website.check(listings.tables())
        _attempt_until_done(work)
        if stopped is not None:
            state.resume()  # only after a success, because until then the stop still holds
    except WebsiteRefusedError as error:
        work.give_back(error)
        state.stop(error.code, secret_ended=error.kind is RefusedKind.SECRET_ENDED)
        return work.result(stopped=True, retry_after=STOPPED_SECONDS, reason=str(error))
    except WebsiteUnavailableError as error:
        work.give_back(error)
        wait = error.seconds if isinstance(error, WebsiteBackoffError) else 0.0
        return work.result(stopped=stopped is not None, retry_after=wait, reason=str(error))
    except Exception as error:
        work.give_back(error)
        raise
    return work.result()


def _attempt_until_done(work: Work) -> None:
    left = list(work.results)
    for attempt in range(ATTEMPTS):
        claim = work.listings.claim(left, work.worker, LEASE)
        work.record(claim)
        work.held.update((change.mentor_id, change) for change in claim.changes)
        moved = push_changes(work, claim.changes)
        left = [*moved, *claim.locked]
        if not left:
            return
        if claim.locked and not moved:
            if not work.can_wait(pause_before(attempt)):
                break
            work.pause(pause_before(attempt))
    for mentor_id in left:
        work.results[mentor_id] = Result.GIVEN_BACK
