"""Where a stack's queues and functions are: by a deployed one's outputs in CloudFormation, or by the local one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local import session, surroundings
from local.aws import REGION
from local.lambda_host.provision import local_clients
from local.operations.errors import StackNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True)
class Deployment:
    """A stack's outputs and parameters by name, and the API of its queues."""

    outputs: Mapping[str, str]
    sqs: SQSClient
    parameters: Mapping[str, str] = field(default_factory=dict)

    def output(self, name: str) -> str:
        """Raises StackNotFoundError where the stack has no such output: it is another stack, or an older version."""
        try:
            return self.outputs[name]
        except KeyError:
            raise StackNotFoundError(
                f"the stack has no output {name}: is it this system's, and deployed from this version?"
            ) from None


def find(stack: str | None) -> Deployment:
    """The stack of that name, or the local one that `up` runs. Raises StackNotFoundError."""
    if stack is None:
        addresses = session.announced_addresses()
        if addresses is None:
            raise StackNotFoundError(
                "no local stack is up, and its queues end with it: start one with"
                f" {surroundings.this_program()} up,"
                " or name a deployed one with --stack"
            )
        return Deployment(addresses["outputs"], local_clients(addresses["aws"], REGION).sqs)
    with refusals():
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        return Deployment(outputs, client("sqs"), parameters)


def client(service: str) -> Any:  # noqa: ANN401 - the services have nothing in common
    """With the credentials and the region of whoever calls. A function is called once, and waited for to its end."""
    # An invocation that is tried again is a second run; who lies between may forget a connection that is silent.
    once = Config(retries={"total_max_attempts": 1}, read_timeout=920, tcp_keepalive=True)
    return boto3.client(service, config=once if service == "lambda" else None)  # type: ignore[call-overload]


@contextmanager
def refusals() -> Iterator[None]:
    """What AWS says when it refuses, as a StackNotFoundError with what to do."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise StackNotFoundError(
            f"AWS refuses: {said.get('Message') or said['Code']} ({error.operation_name})."
            " Check the name, the region (AWS_REGION) and the credentials (AWS_PROFILE)"
        ) from None
    except BotoCoreError as error:
        raise StackNotFoundError(
            f"AWS cannot be asked: {error} Set the region (AWS_REGION) and the credentials (AWS_PROFILE)"
        ) from None
