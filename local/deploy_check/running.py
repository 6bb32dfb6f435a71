"""Run the functions of a deployed stack: the Lambda host on what CloudFormation has made, with every trigger."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.intrinsics import PhysicalId
from emulators.lambda_host.template.provision import Stack
from emulators.lambda_host.triggers.event_sources import EventSources
from emulators.lambda_host.triggers.function_urls import FunctionUrls
from emulators.lambda_host.triggers.invoke_api import InvokeApi
from emulators.processes import free_port
from local.deploy_check.translated import BUILD, ROOT
from local.stack import mail
from local.stack.event_bus import event_bus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from emulators.lambda_host.runtime.invocation import Invocation
    from emulators.lambda_host.runtime.logs import LogLine
    from emulators.lambda_host.template.template import Template
    from emulators.ses.server import LocalSes

# Of the others the names of the template do, which the host knows them by.
_MADE_ELSEWHERE: Final = (
    "AWS::SES::ConfigurationSet",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)


@dataclass
class Functions:
    """The running functions: how each ended, and their addresses."""

    host: LambdaHost
    urls: FunctionUrls
    names: Mapping[str, str]
    """The function behind each name that CloudFormation has given."""
    of_the_template: frozenset[str]
    invoke_url: str = ""
    time_zone: str = ""
    logged: set[str] = field(default_factory=set)
    """The functions that have written a line of an invocation."""

    def invoke(self, name: str, event: object) -> Invocation:
        """Invoke by the name that the stack's outputs have, as the Invoke API does."""
        return self.host.invoke(self.names.get(name, name), event)

    def has_alias(self, name: str, alias: str) -> bool:
        """Return whether the function has an alias of this name."""
        return self.host.has_alias(self.names.get(name, name), alias)


def stack_of(template: Template, resources: Mapping[str, str]) -> Stack:
    """Return the stack as the host reads it, with the queues, topics and secrets that CloudFormation has made."""
    made: dict[str, PhysicalId | None] = {}

    def physical_id(logical_id: str) -> PhysicalId | None:
        if logical_id not in made:
            made[logical_id] = _physical_id(template, logical_id, resources.get(logical_id))
        return made[logical_id]

    return Stack(template.with_ids(physical_id))


def _physical_id(template: Template, logical_id: str, ref: str | None) -> PhysicalId | None:
    kind = template.kind(logical_id)
    if kind == "AWS::Lambda::Url":
        return PhysicalId(logical_id, {"FunctionUrl": f"http://127.0.0.1:{free_port()}/"})
    if ref is None or kind not in _MADE_ELSEWHERE:
        return template.expected_id(logical_id)
    name = ref.rpartition("/")[2].rpartition(":")[2]
    return PhysicalId(ref, template.account.physical_id(kind, logical_id, name).attributes)


@contextmanager
def running(
    stack: Stack, names: Mapping[str, str], environment: Mapping[str, str], ses: LocalSes, logs: Path
) -> Iterator[Functions]:
    """Yield the running functions, with their queues, events and addresses, until the block ends.

    They run on what `sam build` has made, layer included, where this machine can: it is built for Linux on x86_64.
    """
    built = sys.platform == "linux" and (BUILD / "SharedLayer" / "python").is_dir()
    layers = sorted(BUILD.glob("*Layer/python"), reverse=True) if built else []  # SharedLayer comes first
    root = BUILD / "ExpiryCheck" if built else ROOT
    logged: set[str] = set()
    aws_url = environment["AWS_ENDPOINT_URL"]

    def on_log(line: LogLine) -> None:
        if line.request_id is not None:
            logged.add(line.function)

    with ExitStack() as parts:
        host = parts.enter_context(
            LambdaHost(stack, root, dict(environment), on_log=on_log, layers=layers, log_directory=logs)
        )
        urls = parts.enter_context(FunctionUrls(stack, host))
        found = Functions(
            host, urls, names, frozenset(function.logical_id for function in stack.functions), logged=logged
        )
        api = parts.enter_context(InvokeApi(found))  # type: ignore[arg-type]
        found.invoke_url = api.url
        parts.enter_context(EventSources(stack, host, aws_url))
        bus = parts.enter_context(event_bus(stack, host, aws_url))
        mail.create_configuration_sets(stack, ses)
        parts.enter_context(mail.publish_events(ses, bus.rules))
        yield found


def names_of(described: Any, resources: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401 - boto3's answer
    """Return the function behind each output `XName`, and behind each name that a person may read elsewhere."""
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
    found = {value: key.removesuffix("Name") for key, value in outputs.items() if key.endswith("Name")}
    by_resource = {physical: logical for logical, physical in resources.items()}
    return found | by_resource
