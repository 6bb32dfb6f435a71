"""The doorbell rang: check who rang, and ask for the sync of whom it names. It never looks into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import TransientError
from shared.domain.sync_messages import MalformedMessageError, parse, requests_of
from shared.domain.webhook import (
    UNSIGNED,
    DoorbellRefusedError,
    DoorbellWithoutKeyError,
    Refusal,
    Ring,
    check_age,
    check_form,
    is_signed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.domain.listings import SyncRequest
    from shared.ports import Keys, Report, SyncQueue


def take_ring(ring: Ring, *, keys: Keys, queue: SyncQueue, report: Report, now: datetime) -> int:
    """Answer how many mentors a request asked for, once the queue has them. Safe to repeat.

    Raises DoorbellRefusedError, and a TransientError when the queue or the keys are not to be had.
    """
    return _take(lambda: _requests(ring, keys, now), queue, report, via="url")


def take_event(message: object, *, queue: SyncQueue, report: Report) -> int:
    """The same for an event, which is not signed: IAM has vouched for whoever sent it."""
    return _take(lambda: _checked(message), queue, report, via="event")


def no_counts() -> dict[str, int]:
    """What one ring is counted as, all at nought (I12). An unsigned call is no ring."""
    counts = {"doorbells_taken": 0, "doorbells_failed": 0, "mentors_rung_for": 0}
    return counts | {f"doorbells_refused_{refusal}": 0 for refusal in Refusal if refusal not in UNSIGNED}


def _take(read: Callable[[], tuple[SyncRequest, ...]], queue: SyncQueue, report: Report, *, via: str) -> int:
    counts = no_counts()
    requests: tuple[SyncRequest, ...] = ()
    reason = None
    try:
        requests = read()
        queue.send(requests)
    except DoorbellRefusedError as error:
        reason = error.refusal.value
        counts[f"doorbells_refused_{reason}"] = 1
        raise
    except TransientError as error:
        reason = str(error)
        counts["doorbells_failed"] = 1
        raise
    else:
        counts |= {"doorbells_taken": 1, "mentors_rung_for": len(requests)}
    finally:
        mentors = [str(request.mentor_id) for request in requests]
        report.work("status_changed", counts, via=via, reason=reason, mentors=mentors)
    return len(requests)


def _requests(ring: Ring, keys: Keys, now: datetime) -> tuple[SyncRequest, ...]:
    check_form(ring)
    known = keys.known()
    if not is_signed(ring, known):
        fresh = keys.afresh()  # they may have been rotated since
        if not known and not fresh:
            raise DoorbellWithoutKeyError("doorbell_without_key")
        if not is_signed(ring, fresh):
            raise DoorbellRefusedError(Refusal.SIGNATURE_WRONG)
    check_age(ring, now)
    try:
        return parse(ring.body)
    except MalformedMessageError as error:
        raise DoorbellRefusedError(Refusal.BODY_MALFORMED, str(error)) from None


def _checked(message: object) -> tuple[SyncRequest, ...]:
    try:
        return requests_of(message)
    except MalformedMessageError as error:
        raise DoorbellRefusedError(Refusal.BODY_MALFORMED, str(error)) from None
