"""The integration checkpoint: what this system needs of its neighbours, point by point. It changes nothing.

Trigger: a person, with hlf-operations verify-integration, or a deployment before it shifts traffic.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.bootstrap.verify_integration import hook_ports, verifier
from shared.events import deployment_of
from shared.invocation import seconds_left
from shared.observability import LogAndMetrics, guarded, logger
from shared.use_cases.verify_deployment import verify_deployment


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the report as JSON (docs/operations/verify-integration.md); for a deployment, what it was told."""
    deployment, time_left = deployment_of(event), seconds_left(context)
    if deployment is None:
        verify = verifier(time_left, LogAndMetrics())
        return verify().as_json()
    outcome = verify_deployment(deployment, **hook_ports(time_left, LogAndMetrics()))
    logger().info(
        "deployment",
        deployment_id=deployment.id,
        succeeded=outcome.succeeded,
        reasons=list(outcome.reasons),
        published=outcome.published,
    )
    return {"succeeded": outcome.succeeded, "reasons": list(outcome.reasons)}
