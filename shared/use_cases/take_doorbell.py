"""The doorbell rang: check who rang, and ask for the sync of whom it names. It never looks into the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.doorbell import (
    SIGNED,
    DoorbellRefusedError,
    DoorbellWithoutKeyError,
    Refusal,
    Ring,
    check_age,
    check_form,
    is_signed,
)
from shared.domain.errors import TransientError
from shared.domain.sync_messages import MalformedMessageError, parse, requests_of

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
    """What one ring is counted as, all at nought (I12). Unsigned calls are counted by nobody but Lambda."""
    counts = {"doorbells_taken": 0, "doorbells_failed": 0, "mentors_rung_for": 0}
    return counts | {f"doorbells_refused_{refusal}": 0 for refusal in (Refusal.SIGNATURE_WRONG, *sorted(SIGNED))}


def _take(read: Callable[[], tuple[SyncRequest, ...]], queue: SyncQueue, report: Report, *, via: str) -> int:
    counts = no_counts()
    requests: tuple[SyncRequest, ...] = ()
    try:
        requests = read()
        queue.send(requests)
    except DoorbellRefusedError as error:
        measure = f"doorbells_refused_{error.refusal}"
        if error.refusal in SIGNED:
            _report(counts | {measure: 1}, requests, error.refusal.value, report, via)
        elif error.refusal is Refusal.SIGNATURE_WRONG:
            # Strangers choose how often they call, and a line costs more than the call: no line without a signature,
            # one number for a wrong one.
            report.count("status_changed", {measure: 1})
        raise
    except TransientError as error:
        _report(counts | {"doorbells_failed": 1}, requests, str(error), report, via)
        raise
    _report(counts | {"doorbells_taken": 1, "mentors_rung_for": len(requests)}, requests, None, report, via)
    return len(requests)


def _report(
    counts: dict[str, int], requests: tuple[SyncRequest, ...], reason: str | None, report: Report, via: str
) -> None:
    mentors = [str(request.mentor_id) for request in requests]
    report.work("status_changed", counts, via=via, reason=reason, mentors=mentors)


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
