"""The proof that the website equals the app. Trigger: EventBridge Scheduler, every 5 minutes and nightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.bootstrap.reconciliation import reconciliation_ports
from shared.events import ReconciliationEvent
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.reconciliation import reconcile

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Sweep, or compare everything. Return run id, state, reason and the number of organisations, which is 0.

    Event: {"scheduled_time": "…", "mode": "sweep" | "full"}.
    """
    request = ReconciliationEvent.parse(event)
    report, time_left = LogAndMetrics(), seconds_left(context)
    with reconciliation_ports(report, time_left) as ports:
        result = reconcile(
            request.mode,
            request.scheduled_time,
            context.aws_request_id,
            acceptance=request.acceptance,
            ports=ports,
            report=report,
            time_left=time_left,
        )
    return result.as_json()
