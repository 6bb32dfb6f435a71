"""Send the notices that are waiting. Trigger: EventBridge Scheduler, in daytime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared import bootstrap
from shared.events import Scheduled
from shared.observability import LogAndMetrics, guarded, logger
from shared.settings import mail_settings
from shared.use_cases.send_notices import send_notices

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The longest a message in hand can take (shared.adapters.aws.ses), and then to settle it and write the counts.
_RESERVE_MILLISECONDS = 40_000


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Event: {"scheduled_time": "<aws.scheduler.scheduled-time>"}. Answers run id, state, reason and organisations."""
    scheduled = Scheduled.parse(event)
    report = LogAndMetrics()
    with bootstrap.database() as database, bootstrap.telling_operations("send_notices", database, report):
        result = send_notices(
            scheduled.scheduled_time,
            context.aws_request_id,
            runs=database.runs,
            outbox=database.outbox,
            mailer=bootstrap.mailer(),
            report=report,
            may_go_on=lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
            now=datetime.now(UTC),
            stuck_after=timedelta(minutes=mail_settings().stuck_after_minutes),
        )
    return result.as_json()
