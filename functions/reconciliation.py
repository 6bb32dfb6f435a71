"""Prove that the website equals the app. Trigger: EventBridge Scheduler, every 5 minutes and nightly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import bootstrap
from shared.events import Reconciling
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.reconciliation import reconcile

if TYPE_CHECKING:
    from uuid import UUID

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from shared.domain.credential import Health
    from shared.domain.runs import Verdict


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Event: {"scheduled_time": "…", "mode": "sweep" | "full"}. Answers run id, state, reason and counts."""
    asked = Reconciling.parse(event)
    report = LogAndMetrics()
    function = f"reconciliation_{asked.mode}"

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    with (
        bootstrap.reconciling(report, time_left) as its,
        bootstrap.telling_operations(function, its.database, report),
    ):

        def work(run_id: UUID, health: Health) -> Verdict:
            return its.full(run_id, asked.acceptance) if asked.mode == "full" else its.sweep(run_id, health)

        result = reconcile(
            function,
            asked.scheduled_time,
            context.aws_request_id,
            runs=its.database.runs,
            check=its.check,
            work=work,
            report=report,
        )
    return result.as_json()
