"""The receiving end of the webhook: it checks the sender and requests a sync. It never reads the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import TransientError
from shared.domain.sync_messages import MalformedMessageError, parse, requests_of
from shared.domain.webhook import (
    UNSIGNED,
    Refusal,
    WebhookRefusedError,
    WebhookRequest,
    WebhookWithoutKeyError,
    check_age,
    check_form,
    is_signed,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.domain.listings import SyncRequest
    from shared.ports import Keys, Report, SyncQueue


def accept_webhook(request: WebhookRequest, *, keys: Keys, queue: SyncQueue, report: Report, now: datetime) -> int:
    """Queue a sync of the mentors that a request names. Return how many, once the queue has them. Safe to repeat.

    Raises WebhookRefusedError, and a TransientError when the queue or the keys are unavailable.
    """
    return _accept(lambda: _requests(request, keys, now), queue, report, via="url")


def accept_event(message: object, *, queue: SyncQueue, report: Report) -> int:
    """Queue a sync of the mentors that an event names. It is not signed, because IAM has authorised its sender."""
    return _accept(lambda: _checked(message), queue, report, via="event")


def no_counts() -> dict[str, int]:
    """Return the counts of one webhook, all zero (I12). An unsigned call is not counted as a webhook."""
    counts = {"webhooks_accepted": 0, "webhooks_failed": 0, "mentors_in_webhooks": 0}
    return counts | {f"webhooks_refused_{refusal}": 0 for refusal in Refusal if refusal not in UNSIGNED}


def _accept(read: Callable[[], tuple[SyncRequest, ...]], queue: SyncQueue, report: Report, *, via: str) -> int:
    counts = no_counts()
    requests: tuple[SyncRequest, ...] = ()
    reason = None
    try:
        requests = read()
        queue.send(requests)
    except WebhookRefusedError as error:
        reason = error.refusal.value
        counts[f"webhooks_refused_{reason}"] = 1
        raise
    except TransientError as error:
        reason = str(error)
        counts["webhooks_failed"] = 1
        raise
    else:
        counts |= {"webhooks_accepted": 1, "mentors_in_webhooks": len(requests)}
    finally:
        mentors = [str(request.mentor_id) for request in requests]
        report.work("status_changed", counts, via=via, reason=reason, mentors=mentors)
    return len(requests)


def _requests(request: WebhookRequest, keys: Keys, now: datetime) -> tuple[SyncRequest, ...]:
    check_form(request)
    known = keys.known()
    if not is_signed(request, known):
        fresh = keys.afresh()  # the keys may have been rotated since they were read
        if not known and not fresh:
            raise WebhookWithoutKeyError("webhook_without_key")
        if not is_signed(request, fresh):
            raise WebhookRefusedError(Refusal.SIGNATURE_WRONG)
    check_age(request, now)
    try:
        return parse(request.body)
    except MalformedMessageError as error:
        raise WebhookRefusedError(Refusal.BODY_MALFORMED, str(error)) from None


def _checked(message: object) -> tuple[SyncRequest, ...]:
    try:
        return requests_of(message)
    except MalformedMessageError as error:
        raise WebhookRefusedError(Refusal.BODY_MALFORMED, str(error)) from None
