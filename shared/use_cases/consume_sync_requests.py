"""Carry out the sync requests of a batch of messages, and say which messages are to come again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.listings import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from uuid import UUID

    from shared.domain.listings import SyncMessage, SyncResult
    from shared.ports import Report, SyncQueue

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 900.0
_PATIENCE = 5


@dataclass(frozen=True, slots=True)
class ConsumeOutcome:
    """The ids of the messages that are to come again, and what was done."""

    failed: tuple[str, ...]
    counts: dict[str, int]


def consume_sync_requests(
    messages: Sequence[SyncMessage],
    *,
    sync: Callable[[Collection[UUID]], SyncResult],
    queue: SyncQueue,
    report: Report,
) -> ConsumeOutcome:
    """Sync whom the messages name. Return the messages to be delivered again, each after a time that fits.

    A message that cannot be read is delivered again too, until the queue gives it up to its dead letters: a person has
    to see it, and it stops no other (I13).
    """
    unreadable = [message for message in messages if message.requests is None]
    named = {request.mentor_id for message in messages for request in message.requests or ()}
    result = sync(named)
    # Another worker may die with what it has: its mentors are asked for again, and are synced already if it did not.
    left = {mentor for mentor, outcome in result.results.items() if outcome in {Result.GIVEN_BACK, Result.BUSY}}

    def comes_again(message: SyncMessage) -> bool:
        return any(
            request.mentor_id in left
            # Notified before its transaction was committed, as on RDS; one that was rolled back never comes.
            or (request.version > result.versions.get(request.mentor_id, 0) and message.receives < _PATIENCE)
            for request in message.requests or ()
        )

    given_back = [message for message in messages if comes_again(message)]
    queue.return_later({message.receipt_handle: _wait(message, result.retry_after) for message in given_back})
    counts = result.counts() | {"messages_unreadable": len(unreadable), "messages_given_back": len(given_back)}
    report.work("dynamics_sync", counts, reasons=sorted(result.reasons))
    return ConsumeOutcome(tuple(message.id for message in (*unreadable, *given_back)), counts)


def _wait(message: SyncMessage, asked: float) -> float:
    """Seconds: what the website asked for, and longer each time, so that patience does not use up the deliveries."""
    return min(max(asked, _FIRST_WAIT * 2.0 ** min(message.receives - 1, 20)), _LONGEST_WAIT)
