"""A stack whose database only its functions reach, as in a VPC, and a person with nothing but AWS credentials.

The host in the logins is a name that nobody resolves. The functions' network, here PGHOSTADDR, knows where it is.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3

from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.provision import Stack, local_clients, provision
from emulators.lambda_host.triggers.invoke_api import InvokeApi
from local.stack.aws import CREDENTIALS, REGION, LocalAws
from local.stack.database import ROLES
from local.stack.parameters import ROOT, local_template
from local.stack.stack import endpoints
from operations.through_function import Entry
from tests.support.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.conftest import TestDatabase

HOST = "database.vpc.invalid"  # RFC 2606: no name under it is ever resolved


@dataclass(frozen=True)
class Vpc:
    """The stack, by its name in CloudFormation, and the lines that its functions log."""

    name: str
    stack: Stack
    aws: LocalAws
    clients: Any
    lines: list[str]
    environment: Mapping[str, str]

    @property
    def laptop(self) -> Operator:
        """Return a person who reaches AWS and no database."""
        return Operator("", self.environment)

    def type(self, *words: str, expect: int | None = 0) -> str:
        """Type a command on the stack, and return what it printed."""
        return self.laptop.type(*words, "--stack", self.name, expect=expect)

    def log_in(self, database: TestDatabase) -> None:
        """Put logins to this database into the secrets, under the host that only the functions reach."""
        for function in ROLES:
            login = json.dumps(database.login(function) | {"host": HOST})
            self.clients.secretsmanager.put_secret_value(
                SecretId=self.stack.physical_id(f"{function}DatabaseSecret"), SecretString=login
            )


@dataclass(frozen=True)
class RealCommands:
    """Run the commands' functions, and stand in for the others, which need more of the world than a database."""

    real: LambdaHost
    others: Any

    def has_alias(self, function: str, name: str) -> bool:
        return self.real.has_alias(function, name)

    def invoke(self, function: str, event: object) -> Any:
        return (self.real if function in Entry else self.others).invoke(function, event)


@contextmanager
def vpc(folder: Path, others: Any = None) -> Iterator[Vpc]:
    """Run the functions of template.yaml beside the local AWS APIs; `others` stands in for all but the commands'."""
    with ExitStack() as running:
        aws = running.enter_context(LocalAws(folder, "sqs,sns,secretsmanager,cloudformation"))
        clients = local_clients(aws.url, REGION)
        stack = provision(local_template(region=REGION), clients)
        lines: list[str] = []
        surroundings = endpoints(aws.url, aws.url) | {"PGHOSTADDR": "127.0.0.1"}
        host = running.enter_context(
            # The tests run beside others: a start may take longer than Lambda would let it.
            LambdaHost(stack, ROOT, surroundings, on_log=lambda line: lines.append(line.text), init_seconds=60)
        )
        api = running.enter_context(InvokeApi(RealCommands(host, others) if others else host))  # type: ignore[arg-type]
        name = described(aws, stack)
        environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.url, "AWS_ENDPOINT_URL_LAMBDA": api.url}
        yield Vpc(name, stack, aws, clients, lines, environment)


def described(aws: LocalAws, stack: Stack) -> str:
    """Have CloudFormation describe the stack's outputs, and return its name. The host knows functions by their ids."""

    ids = {function.logical_id for function in stack.functions}
    outputs = {
        key: {"Value": key.removesuffix("Name") if key.removesuffix("Name") in ids else str(value)}
        for key, value in stack.outputs.items()
    }
    name = f"hlf-{uuid4().hex[:8]}"
    client = boto3.client(
        "cloudformation",
        endpoint_url=aws.url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    body = {"Resources": {"Nothing": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs}
    body |= {"Parameters": {"OperationsLanguage": {"Type": "String", "Default": "en"}}}
    client.create_stack(StackName=name, TemplateBody=json.dumps(body))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    return name
