"""The sync of listings to the website. Trigger: the queues SyncRequests and RepairRequests, in batches."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shared.bootstrap.dynamics_sync import dynamics_sync_ports
from shared.events import queue_messages
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.dynamics_sync import dynamics_sync

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sync the listings that the SQS messages of one queue name. Return the messages to be delivered again."""
    batch = queue_messages(event)
    report, time_left = LogAndMetrics(), seconds_left(context)
    with dynamics_sync_ports(report, time_left) as ports:
        again = dynamics_sync(
            batch.queue_name,
            batch.messages,
            live=ports.live,
            repairs=ports.repairs,
            listings=ports.listings,
            state=ports.state,
            publish_alerts=ports.publish_alerts,
            report=report,
            time_left=time_left,
            pause=time.sleep,
        )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}
