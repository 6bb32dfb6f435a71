"""The integration checkpoint: what this system needs of its neighbours, point by point. It changes nothing.

Trigger: a person, with hlf-operations verify-integration, or a deployment before it shifts traffic.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.bootstrap.verify_integration import verification_parts
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.verify_integration import verify_integration


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the report as JSON (docs/operations/verify-integration.md)."""
    time_left = seconds_left(context)
    with verification_parts(time_left) as parts:
        report = verify_integration(parts, time_left)
    LogAndMetrics().work(
        "verify_integration",
        {f"points_{verdict}": n for verdict, n in report.counts.items()},
        points=[finding.point for finding in report.findings if finding.verdict != "holds"],
    )
    return report.as_json()
