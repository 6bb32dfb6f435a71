"""The deployed stack against its own template: queues, schedules and triggers, on the local AWS APIs over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.stack.aws import CREDENTIALS, REGION, LocalAws
from shared.adapters.aws.deployment import POINTS, deployment_findings
from shared.domain.integration.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shared.domain.integration.findings import Finding

STACK = "hlf-certification"
GROUP = f"{STACK}-Schedules-1A2B3C"
_ROLE = "arn:aws:iam::000000000000:role/scheduler"
TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Parameters": {"TimeZone": {"Type": "String", "Default": "Europe/Oslo"}},
    "Resources": {
        "DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1209600}},
        "Requests": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 360,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
                    "maxReceiveCount": 10,
                },
            },
        },
        "Schedules": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": GROUP}},
        "Nightly": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": "Nightly",
                "GroupName": {"Ref": "Schedules"},
                "ScheduleExpression": "cron(15 0 * * ? *)",
                "ScheduleExpressionTimezone": {"Ref": "TimeZone"},
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}, "RoleArn": _ROLE},
            },
        },
        "Changed": {
            "Type": "AWS::Events::Rule",
            "Properties": {"Name": f"{STACK}-changed", "EventPattern": {"source": ["certification.app"]}},
        },
    },
}


def change_queue() -> None:
    sqs = boto3.client("sqs", REGION)
    (url,) = [url for url in sqs.list_queues()["QueueUrls"] if "Requests" in url]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})


VARIANTS: dict[str, Callable[[], object]] = {
    "dependencies.queues": change_queue,
    "dependencies.schedules": lambda: boto3.client("scheduler", REGION).delete_schedule(
        Name="Nightly", GroupName=GROUP
    ),
    "dependencies.triggers": lambda: boto3.client("events", REGION).disable_rule(Name=f"{STACK}-changed"),
}
"""What a person may do to a stack by hand, by the point that finds it."""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with LocalAws(tmp_path / "aws", "sqs,cloudformation,scheduler,events,lambda") as aws:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        boto3.client("cloudformation", REGION).create_stack(StackName=STACK, TemplateBody=json.dumps(TEMPLATE))
        change_schedule({"ScheduleExpressionTimezone": "Europe/Oslo"})  # which this CloudFormation leaves out
        yield


def change_schedule(change: dict[str, str]) -> None:
    scheduler = boto3.client("scheduler", REGION)
    known = scheduler.get_schedule(Name="Nightly", GroupName=GROUP)
    kept = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "Target")
    scheduler.update_schedule(**{name: known[name] for name in kept} | change)


def found() -> dict[str, Finding]:
    return {finding.point: finding for finding in deployment_findings(REGION, STACK)}


def broken() -> dict[str, str]:
    return {point: one.found for point, one in found().items() if one.verdict is Verdict.DOES_NOT_HOLD}


@pytest.mark.usefixtures("stack")
def test_a_stack_as_its_template_has_it_holds() -> None:
    assert {point: (one.verdict, one.found) for point, one in found().items()} == {
        "dependencies.queues": (Verdict.HOLDS, "2 of them"),
        "dependencies.schedules": (Verdict.HOLDS, "1 of them"),
        "dependencies.triggers": (Verdict.HOLDS, "1 of them"),
    }


def test_every_point_has_a_variant() -> None:
    """A point that nothing spoils might never speak."""
    assert VARIANTS.keys() == POINTS.keys()


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("point", VARIANTS)
def test_a_variant_is_found_by_its_own_point(point: str) -> None:
    """And by no other."""
    VARIANTS[point]()
    assert broken().keys() == {point}


@pytest.mark.usefixtures("stack")
def test_a_queue_that_was_changed_by_hand_is_found() -> None:
    sqs = boto3.client("sqs", REGION)
    (url,) = [url for url in sqs.list_queues()["QueueUrls"] if "Requests" in url]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    assert broken() == {"dependencies.queues": "Requests: VisibilityTimeout is 30, not 360"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "360", "RedrivePolicy": ""})
    assert broken() == {"dependencies.queues": "Requests: its dead letters do not go to DeadLetters"}


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"State": "DISABLED"}, "Nightly is DISABLED"),
        ({"ScheduleExpression": "rate(1 day)"}, "Nightly: rate(1 day), not cron(15 0 * * ? *)"),
        ({"ScheduleExpressionTimezone": "UTC"}, "Nightly: in UTC, not Europe/Oslo"),
    ],
)
def test_a_schedule_that_was_changed_by_hand_is_found(change: dict[str, str], said: str) -> None:
    change_schedule(change)
    assert broken() == {"dependencies.schedules": said}


@pytest.mark.usefixtures("stack")
def test_a_schedule_that_is_gone_is_found() -> None:
    boto3.client("scheduler", REGION).delete_schedule(Name="Nightly", GroupName=GROUP)
    assert broken() == {"dependencies.schedules": "Nightly is missing"}


@pytest.mark.usefixtures("stack")
def test_a_rule_that_is_switched_off_is_found() -> None:
    boto3.client("events", REGION).disable_rule(Name=f"{STACK}-changed")
    assert broken() == {"dependencies.triggers": "Changed is DISABLED"}


@pytest.mark.usefixtures("stack")
def test_a_stack_that_is_not_there_is_no_success() -> None:
    """Every point could not be checked, with AWS's code."""
    verdicts = {finding.verdict for finding in deployment_findings(REGION, "another")}
    assert verdicts == {Verdict.NOT_CHECKED}
    assert {finding.verdict for finding in deployment_findings(REGION, "")} == {Verdict.NOT_CHECKED}
