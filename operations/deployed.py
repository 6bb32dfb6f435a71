"""Find a deployed stack's queues, functions and operations login through CloudFormation."""

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

from operations.errors import StackNotFoundError
from shared.adapters.postgres.opening import login_of
from shared.domain.errors import CertificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


_DATABASE_SECRET = "OperationsDatabaseSecretArn"
_NO_LOGIN = (
    'the stack\'s OperationsDatabaseSecret holds no login (docs/operations/deploy.md, "Making the logins"):'
    " put it in, or name the database with --database-url"
)


@dataclass(frozen=True)
class Deployment:
    """Hold a stack's outputs and parameters by name, and clients for its queues, secrets, mail and topic."""

    outputs: Mapping[str, str]
    sqs: SQSClient
    secrets: SecretsManagerClient
    ses: SESV2Client
    sns: SNSClient
    parameters: Mapping[str, str] = field(default_factory=dict)

    def output(self, name: str) -> str:
        """Return an output. Raises StackNotFoundError if it is missing: another stack, or an older version."""
        try:
            return self.outputs[name]
        except KeyError:
            raise StackNotFoundError(
                f"the stack has no output {name}: is it a stack of this system, deployed from this version?"
            ) from None


def find(stack: str) -> Deployment:
    """Find the stack of that name. Raises StackNotFoundError."""
    with refusals():
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        return Deployment(outputs, client("sqs"), client("secretsmanager"), client("sesv2"), client("sns"), parameters)


def database_of(deployment: Deployment) -> str:
    """Return the connection string from the stack's operations secret. Raises StackNotFoundError."""
    arn = deployment.output(_DATABASE_SECRET)
    with refusals():
        value = client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    try:
        login = login_of(json.loads(value))
        return make_conninfo("", host=login.pop("host"), **login)
    except (KeyError, ValueError, TypeError, AttributeError, CertificationError, psycopg.Error):
        # The message does not quote the secret, which may contain a password.
        raise StackNotFoundError(_NO_LOGIN) from None


def client(service: str) -> Any:  # noqa: ANN401 - the clients share no type
    """Return a client with the caller's credentials and region. The Lambda client never retries an invocation."""
    # A retried invocation would be a second run. Keep-alive stops network devices from dropping a silent connection.
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=920, tcp_keepalive=True)
    # A person is waiting: after a minute without a reply they want to know.
    soon = Config(retries={"total_max_attempts": 3, "mode": "standard"}, connect_timeout=5, read_timeout=15)
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=os.environ.get("AWS_REGION"),  # boto3 itself reads only AWS_DEFAULT_REGION
        config=once if service == "lambda" else soon,
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Turn an error of AWS into a StackNotFoundError that says what to do."""
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
            f"AWS could not be called: {error} Set the region (AWS_REGION) and the credentials (AWS_PROFILE)"
        ) from None
