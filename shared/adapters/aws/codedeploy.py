"""AWS CodeDeploy, which waits for the word of a deployment's hook.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.aws.call import aws_call
from shared.adapters.aws.deployment import client
from shared.domain.errors import OperationsUnreachableError

if TYPE_CHECKING:
    from shared.domain.integration.deployments import Deployment

# Two tries of up to 7 seconds each; together they never take longer than this, whatever the network does.
_LONGEST_SECONDS = 15.0


class CodeDeployHookStatus:
    """shared.ports.HookStatus at CodeDeploy. It takes a status and no reason."""

    def __init__(self, region: str) -> None:
        self._region = region

    def report(self, deployment: Deployment, *, succeeded: bool) -> bool:
        """Report within 15 seconds, once; return whether it was the first time.

        Raises OperationsUnreachableError with a code.
        """

        def ask() -> bool:
            codedeploy = client("codedeploy", self._region)
            try:
                codedeploy.put_lifecycle_event_hook_execution_status(
                    deploymentId=deployment.id,
                    lifecycleEventHookExecutionId=deployment.hook_execution,
                    status="Succeeded" if succeeded else "Failed",
                )
            except codedeploy.exceptions.LifecycleEventAlreadyCompletedException:
                return False
            return True

        return aws_call("codedeploy", _LONGEST_SECONDS, ask, OperationsUnreachableError)
