"""A deployed stack: where its queues and functions are, and the login of operations, as CloudFormation tells it."""

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
        """Return an output. Raises StackNotFoundError where there is none: another stack, or an older version."""
        try:
            return self.outputs[name]
        except KeyError:
            raise StackNotFoundError(
                f"the stack has no output {name}: is it this system's, and deployed from this version?"
            ) from None


def find(stack: str) -> Deployment:
    """Return the stack of that name. Raises StackNotFoundError."""
    with refusals():
        described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        return Deployment(outputs, client("sqs"), parameters)


def database_of(deployment: Deployment) -> str:
    """Return the login of operations, as the secret of the stack has it. Raises StackNotFoundError."""
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
    """Return a client with the caller's credentials and region. It calls a function once and waits for its end."""
    # An invocation that is tried again is a second run; who lies between may forget a connection that is silent.
    once = Config(retries={"total_max_attempts": 1}, read_timeout=920, tcp_keepalive=True)
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name=os.environ.get("AWS_REGION"),  # by itself it reads AWS_DEFAULT_REGION only, unlike AWS's CLI
        config=once if service == "lambda" else None,
    )


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what AWS says when it refuses as a StackNotFoundError with what to do."""
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
