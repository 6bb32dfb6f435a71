"""The sending of pending notices. Trigger: EventBridge Scheduler, in daytime."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.bootstrap.send_notices import send_notices_ports
from shared.events import ScheduledEvent
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.send_notices import send_notices

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the pending notices. Return run id, state, reason and the number of organisations.

    Event: {"scheduled_time": "<aws.scheduler.scheduled-time>"}.
    """
    scheduled = ScheduledEvent.parse(event)
    report = LogAndMetrics()
    with send_notices_ports(report) as ports:
        result = send_notices(
            scheduled.scheduled_time,
            context.aws_request_id,
            runs=ports.runs,
            outbox=ports.outbox,
            mailer=ports.mailer,
            publish_alerts=ports.publish_alerts,
            report=report,
            time_left=seconds_left(context),
            now=datetime.now(UTC),
            stuck_after=ports.stuck_after,
        )
    return result.as_json()
