"""Make the website show what the database says, for the mentors that were asked for."""

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

# Longer than any function may run and any request may take: who holds a claim is alone with it until it has ended.
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
    """Claim these mentors' listings, read them as they are now, push them, settle each. Seconds everywhere.

    Whatever cannot be done now is given back with a time to ask again. What the website refuses for good is rejected
    alone (I13). What changed meanwhile is pushed again before this ends. Safe to repeat and to overlap (I6, I7).
    Whatever is raised, no claim is left behind (I18), unless the database is gone: then the claims run out.
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
            state.resume()  # not before it has worked: the stop is one as long as it did not
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
    asked = list(work.results)
    for look in range(ATTEMPTS):
        claim = work.listings.claim(asked, work.worker, LEASE)
        work.record(claim)
        work.held.update((change.mentor_id, change) for change in claim.changes)
        moved = push_changes(work, claim.changes)
        asked = [*moved, *claim.locked]
        if not asked:
            return
        if claim.locked and not moved:
            if not work.can_wait(pause_before(look)):
                break
            work.pause(pause_before(look))
    for mentor_id in asked:
        work.results[mentor_id] = Result.GIVEN_BACK
