"""Make the website show what the database says. Trigger: the queues SyncRequests and RepairRequests, in batches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shared import bootstrap
from shared.events import queue_messages
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.consume_sync_requests import answer_messages
from shared.use_cases.sync_pending import sync_unsynced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from shared.ports import Alerts


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Event: SQS messages; answers those that are to come again. Or {"sync": "unsynced"}; answers what was done."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    report = LogAndMetrics()
    if event == {"sync": "unsynced"}:
        with bootstrap.website_sync(time_left, time.sleep) as its:
            swept = sync_unsynced(listings=its.listings, sync=its.sync, time_left=time_left)
            _tell(swept.counts, its.alerts, report)
        report.work("dynamics_sync", swept.counts, complete=swept.complete)
        return {**swept.counts, "complete": swept.complete}
    batch = queue_messages(event)
    repairs = bootstrap.is_repair_queue(batch.queue_name)
    queue = bootstrap.repair_queue() if repairs else bootstrap.sync_queue()
    with bootstrap.website_sync(time_left, time.sleep, repairs=repairs) as its:
        answered = answer_messages(batch.messages, sync=its.sync, queue=queue, report=report)
        _tell(answered.counts, its.alerts, report)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in answered.failed]}


def _tell(counts: Mapping[str, int], alerts: Alerts, report: LogAndMetrics) -> None:
    """In the run that sees it (I10); all else is seen by the next sweep."""
    if counts["sync_stopped"] or counts["listings_set_aside"]:
        bootstrap.tell("dynamics_sync", alerts, report)
