"""The nightly expiry check. Trigger: EventBridge Scheduler, 00:15 Europe/Oslo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shared.bootstrap.expiry_check import expiry_check_ports
from shared.events import ScheduledEvent
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.expiry_check import check_expiry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run the nightly check. Return run id, state, reason and the number of organisations.

    Event: {"scheduled_time": "<aws.scheduler.scheduled-time>"}.
    """
    scheduled = ScheduledEvent.parse(event)
    report = LogAndMetrics()
    with expiry_check_ports(report) as ports:
        result = check_expiry(
            scheduled.scheduled_time,
            context.aws_request_id,
            runs=ports.runs,
            nightly_check=ports.nightly_check,
            listings=ports.listings,
            queue=ports.queue,
            check_credential=ports.check_credential,
            publish_alerts=ports.publish_alerts,
            report=report,
            pause=time.sleep,
        )
    return result.as_json()
