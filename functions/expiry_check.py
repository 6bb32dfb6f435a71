"""The nightly expiry check. Trigger: EventBridge Scheduler, 00:15 Europe/Oslo."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from shared import bootstrap
from shared.events import Scheduled
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.expiry_check import check_expiry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Event: {"scheduled_time": "<aws.scheduler.scheduled-time>"}. Answers run id, state, reason and organisations."""
    scheduled = Scheduled.parse(event)
    report = LogAndMetrics()
    with bootstrap.database() as database, bootstrap.telling_operations("expiry_check", database, report):
        result = check_expiry(
            scheduled.scheduled_time,
            context.aws_request_id,
            runs=database.runs,
            night=database.night,
            listings=database.listings,
            queue=bootstrap.sync_queue(),
            report=report,
            pause=time.sleep,
            check_credential=lambda: bootstrap.check_credential(database.listings, database.state),
        )
    return result.as_json()
