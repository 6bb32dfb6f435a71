"""The sync of one batch of messages, with the alerts that operations has to see at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from shared.use_cases.consume_sync_requests import consume_sync_requests
from shared.use_cases.sync_listings import sync_listings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.domain.listings import SyncMessage
    from shared.ports import Listings, Report, SyncQueue, SyncState, Website


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue, and the website as this queue's requests may use it: repairs send fewer requests at a time."""

    queue_name: str
    queue: SyncQueue
    website: Website


def dynamics_sync(
    queue_name: str,
    messages: Sequence[SyncMessage],
    *,
    live: Lane,
    repairs: Lane,
    listings: Listings,
    state: SyncState,
    publish_alerts: Callable[[str], object],
    report: Report,
    time_left: Callable[[], float],
    pause: Callable[[float], None],
) -> Sequence[str]:
    """Sync the mentors that the messages name. Return the ids of the messages to be delivered again.

    Alerts are published in the run that sees a refused credential (I10) or a rejected listing; the next sweep sees
    everything else.
    """
    lane = repairs if queue_name == repairs.queue_name else live
    sync = partial(
        sync_listings, listings=listings, website=lane.website, state=state, time_left=time_left, pause=pause
    )
    consumed = consume_sync_requests(messages, sync=sync, queue=lane.queue, report=report)
    if consumed.counts["sync_stopped"] or consumed.counts["listings_rejected"]:
        publish_alerts("dynamics_sync")
    return consumed.failed
