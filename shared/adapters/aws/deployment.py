"""The deployed stack against its own template: queues, schedules and triggers as CloudFormation would make them.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config

from shared.adapters.aws.call import aws_call
from shared.domain.errors import OperationsUnreachableError
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SECONDS: Final = 10.0
_QUEUE_ATTRIBUTES: Final = ("VisibilityTimeout", "MessageRetentionPeriod")

POINTS: Final = {
    "dependencies.queues": "every queue has the time limits and dead letters of the template",
    "dependencies.schedules": "every schedule is enabled, with the time and time zone of the template",
    "dependencies.triggers": "every queue's and every event's trigger is enabled, as the template has it",
}
_REDEPLOY: Final = "deploy again, or undo what was changed by hand"


@dataclass(frozen=True, slots=True)
class _Stack:
    """The resources of a template with their physical ids, and the values of its parameters."""

    resources: Mapping[str, Mapping[str, Any]]
    ids: Mapping[str, str]
    parameters: Mapping[str, str]

    def of(self, kind: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield name, physical id and properties of each resource of a type that was made."""
        for name, resource in self.resources.items():
            if resource["Type"] == kind and name in self.ids:
                yield name, self.ids[name], resource.get("Properties", {})

    def value(self, value: object) -> object:
        """Return a literal, or the parameter or resource that a Ref names."""
        if isinstance(value, dict) and set(value) == {"Ref"}:
            return self.parameters.get(value["Ref"], self.ids.get(value["Ref"], value))
        return value


def deployment_findings(region: str, stack: str) -> Iterator[Finding]:
    """Yield a finding for each of POINTS; all unchecked where no stack is named, as on a local stack."""
    if not stack:
        yield from (unchecked(point, expected, "this is no deployed stack") for point, expected in POINTS.items())
        return
    try:
        known = _asked("cloudformation", lambda: _read(region, stack))
    except OperationsUnreachableError as error:
        yield from (unchecked(point, expected, str(error)) for point, expected in POINTS.items())
        return
    for point, check in _CHECKS.items():
        try:
            problems, n = _asked("aws", lambda check=check: check(region, known))  # type: ignore[misc]
        except OperationsUnreachableError as error:
            yield unchecked(point, POINTS[point], str(error))
            continue
        if not n:
            yield unchecked(point, POINTS[point], "the template has none: is it a stack of this system?")
        elif problems:
            yield broken(point, POINTS[point], "; ".join(problems), _REDEPLOY, n=len(problems))
        else:
            yield holds(point, POINTS[point], f"{n} of them")


def client(service: str, region: str) -> Any:  # noqa: ANN401 - the clients share no type
    """Return a client that gives up within seconds."""
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=2, read_timeout=5)
    return boto3.client(service, region_name=region, config=config)  # type: ignore[call-overload]


def _asked[Result](service: str, ask: Callable[[], Result]) -> Result:
    return aws_call(service, _SECONDS, ask, OperationsUnreachableError)


def _read(region: str, stack: str) -> _Stack:
    cloudformation = client("cloudformation", region)
    body = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    ids = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for one in page["StackResourceSummaries"]
        if one.get("PhysicalResourceId")
    }
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
    return _Stack(template["Resources"], ids, parameters)


def _queues(region: str, stack: _Stack) -> tuple[Sequence[str], int]:
    sqs, problems, n = client("sqs", region), [], 0
    for name, url, properties in stack.of("AWS::SQS::Queue"):
        n += 1
        try:
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        except sqs.exceptions.QueueDoesNotExist:
            problems.append(f"{name} is missing")
            continue
        for attribute in _QUEUE_ATTRIBUTES:
            wanted = stack.value(properties.get(attribute))
            if wanted is not None and str(found.get(attribute)) != str(wanted):
                problems.append(f"{name}: {attribute} is {found.get(attribute)}, not {wanted}")
        redrive = properties.get("RedrivePolicy")
        if redrive is not None:
            there = json.loads(found.get("RedrivePolicy", "{}"))
            dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
            if not there.get("deadLetterTargetArn", "").endswith(":" + stack.ids[dead].rpartition("/")[2]):
                problems.append(f"{name}: its dead letters do not go to {dead}")
            elif str(there.get("maxReceiveCount")) != str(redrive["maxReceiveCount"]):
                problems.append(f"{name}: gives up after {there.get('maxReceiveCount')} tries")
    return problems, n


def _schedules(region: str, stack: _Stack) -> tuple[Sequence[str], int]:
    scheduler, problems, n = client("scheduler", region), [], 0
    for name, schedule, properties in stack.of("AWS::Scheduler::Schedule"):
        n += 1
        try:
            group = str(stack.value(properties.get("GroupName", "default")))
            found = scheduler.get_schedule(Name=schedule, GroupName=group)
        except scheduler.exceptions.ResourceNotFoundException:
            problems.append(f"{name} is missing")
            continue
        zone = stack.value(properties.get("ScheduleExpressionTimezone", "UTC"))
        wanted = str(stack.value(properties.get("State", "ENABLED")))
        if found.get("State", "ENABLED") != wanted:
            problems.append(f"{name} is {found['State']}")
        if found["ScheduleExpression"] != properties["ScheduleExpression"]:
            problems.append(f"{name}: {found['ScheduleExpression']}, not {properties['ScheduleExpression']}")
        if found.get("ScheduleExpressionTimezone", "UTC") != zone:
            problems.append(f"{name}: in {found.get('ScheduleExpressionTimezone')}, not {zone}")
    return problems, n


def _triggers(region: str, stack: _Stack) -> tuple[Sequence[str], int]:
    lambda_, events, problems, n = client("lambda", region), client("events", region), [], 0
    for name, mapping, properties in stack.of("AWS::Lambda::EventSourceMapping"):
        n += 1
        try:
            found = lambda_.get_event_source_mapping(UUID=mapping)
        except lambda_.exceptions.ResourceNotFoundException:
            problems.append(f"{name} is missing")
            continue
        if found["State"] != "Enabled":
            problems.append(f"{name} is {found['State']}")
        if found["BatchSize"] != properties.get("BatchSize", found["BatchSize"]):
            problems.append(f"{name}: BatchSize is {found['BatchSize']}, not {properties['BatchSize']}")
    for name, rule, _ in stack.of("AWS::Events::Rule"):
        n += 1
        try:
            state = events.describe_rule(Name=rule.rpartition("|")[2])["State"]
        except events.exceptions.ResourceNotFoundException:
            state = "missing"
        if state != "ENABLED":
            problems.append(f"{name} is {state}")
    return problems, n


_CHECKS: Final[dict[str, Callable[[str, _Stack], tuple[Sequence[str], int]]]] = {
    "dependencies.queues": _queues,
    "dependencies.schedules": _schedules,
    "dependencies.triggers": _triggers,
}
