"""Where a stack's queues and functions are: by a deployed one's outputs in CloudFormation, or by the local one."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from psycopg.conninfo import make_conninfo

from emulators.lambda_host.template.provision import local_clients
from local.stack import session
from local.stack.aws import REGION
from operations import surroundings
from operations.errors import StackNotFoundError
from shared.adapters.postgres.opening import login_of
from shared.domain.errors import CertificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_sqs import SQSClient


_DATABASE_SECRET = "OperationsDatabaseSecretArn"
_NO_LOGIN = (
    'the stack\'s OperationsDatabaseSecret holds no login (docs/operations/deploy.md, "Making the logins"):'
    " put it in, or name the database with --database-url"
)


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
                f"no local stack is up, and its queues end with it: start one with {surroundings.this_program()} up,"
                " or name a deployed one with --stack"
            )
        return Deployment(addresses["outputs"], local_clients(addresses["aws"], REGION).sqs)
    with refusals():
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        return Deployment(outputs, client("sqs"), parameters)


def database_of(deployment: Deployment) -> str:
    """The login of a person on call, as the secret of the stack has it. Raises StackNotFoundError."""
    arn = deployment.output(_DATABASE_SECRET)
    with refusals():
        value = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    try:
        login = login_of(json.loads(value))
        return make_conninfo("", host=login.pop("host"), **login)
    except (KeyError, ValueError, TypeError, AttributeError, CertificationError, psycopg.Error):
        # Not what was found: there may be a password in it.
        raise StackNotFoundError(_NO_LOGIN) from None


def client(service: str) -> Any:  # noqa: ANN401 - the services have nothing in common
    """With the credentials and the region of whoever calls. A function is called once, and waited for to its end."""
    # An invocation that is tried again is a second run; who lies between may forget a connection that is silent.
    once = Config(retries={"total_max_attempts": 1}, read_timeout=920, tcp_keepalive=True)
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=os.environ.get("AWS_REGION"),  # by itself it reads AWS_DEFAULT_REGION only, unlike AWS's CLI
        config=once if service == "lambda" else None,
    )


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
