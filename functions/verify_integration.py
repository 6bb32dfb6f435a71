"""The integration checkpoint: what this system needs of its neighbours, point by point. It changes nothing.

Trigger: a person, with hlf-operations verify-integration, or a deployment before it shifts traffic.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.bootstrap.verify_integration import hook_ports, verification_parts
from shared.domain.integration.findings import Report
from shared.events import deployment_of
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.verify_deployment import verify_deployment
from shared.use_cases.verify_integration import verify_integration

_SECONDS_TO_REPORT = 30.0  # CodeDeploy, and then operations


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the report as JSON (docs/operations/verify-integration.md); for a deployment, what it was told."""
    deployment, time_left = deployment_of(event), seconds_left(context)
    if deployment is None:
        with verification_parts(time_left) as parts:
            report = verify_integration(parts, time_left)
        _log(report)
        return report.as_json()

    def verify() -> Report:
        before_the_report = lambda: time_left() - _SECONDS_TO_REPORT  # noqa: E731
        with verification_parts(before_the_report, deploying=True) as parts:
            report = verify_integration(parts, before_the_report)
        _log(report)
        return report

    outcome = verify_deployment(deployment, verify, **hook_ports())
    logger().info(
        "deployment",
        deployment_id=deployment.id,
        succeeded=outcome.succeeded,
        reasons=list(outcome.reasons),
        published=outcome.published,
    )
    return {"succeeded": outcome.succeeded, "reasons": list(outcome.reasons)}


def _log(report: Report) -> None:
    LogAndMetrics().work(
        "verify_integration",
        {f"points_{verdict}": n for verdict, n in report.counts.items()},
        points=[finding.point for finding in report.findings if finding.verdict != "holds"],
    )
