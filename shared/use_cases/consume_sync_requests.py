"""The handling of a batch of sync messages: which mentors to sync, and which messages to deliver again."""

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
    """The ids of the messages to be delivered again, and the counts of what was done."""

    failed: tuple[str, ...]
    counts: dict[str, int]


def consume_sync_requests(
    messages: Sequence[SyncMessage],
    *,
    sync: Callable[[Collection[UUID]], SyncResult],
    queue: SyncQueue,
    report: Report,
) -> ConsumeOutcome:
    """Sync the mentors that the messages name. Return the messages to be delivered again, each after a suitable time.

    An unreadable message is delivered again too, until the queue moves it to its dead letters: an operator has to see
    it, and it must not stop the others (I13).
    """
    unreadable = [message for message in messages if message.requests is None]
    named = {request.mentor_id for message in messages for request in message.requests or ()}
    result = sync(named)
    # Another worker holds the claim and may crash, so redeliver; if it finished, the retry is a no-op.
    left = {mentor for mentor, outcome in result.results.items() if outcome in {Result.GIVEN_BACK, Result.BUSY}}

    def comes_again(message: SyncMessage) -> bool:
        return any(
            request.mentor_id in left
            # On RDS the message can arrive before its transaction commits. A version that was rolled back never
            # appears, so the wait for it is limited.
            or (request.version > result.versions.get(request.mentor_id, 0) and message.receives < _PATIENCE)
            for request in message.requests or ()
        )

    given_back = [message for message in messages if comes_again(message)]
    queue.return_later({message.receipt_handle: _wait(message, result.retry_after) for message in given_back})
    counts = result.counts() | {"messages_unreadable": len(unreadable), "messages_given_back": len(given_back)}
    report.work("dynamics_sync", counts, reasons=sorted(result.reasons))
    return ConsumeOutcome(tuple(message.id for message in (*unreadable, *given_back)), counts)


def _wait(message: SyncMessage, retry_after: float) -> float:
    """Return the seconds until the next delivery: at least `retry_after`, and longer after each delivery.

    The growing wait keeps a long outage from using up the deliveries that the queue allows.
    """
    return min(max(retry_after, _FIRST_WAIT * 2.0 ** min(message.receives - 1, 20)), _LONGEST_WAIT)
