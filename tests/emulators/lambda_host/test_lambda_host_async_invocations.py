"""Events nobody waits for, held against "Invoking a Lambda function asynchronously" in Lambda's Developer Guide."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from emulators.lambda_host.errors import LambdaHostError
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack, local_clients, provision
from emulators.lambda_host.template.resources import Schedule
from emulators.lambda_host.triggers.async_invocations import AsyncInvocations
from emulators.lambda_host.triggers.schedules import Scheduler
from local.stack.aws import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK_ROOT = Path(__file__).parent / "lambda_host_fixtures" / "task"
HEAD = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
DESTINATION = "{Type: SQS, Destination: !GetAtt %s.Arn}"
TEMPLATE = f"""{HEAD}
  Failed: {{Type: AWS::SQS::Queue}}
  Succeeded: {{Type: AWS::SQS::Queue}}
  Raise:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.fail
      Runtime: python3.13
      EventInvokeConfig:
        DestinationConfig: {{OnFailure: {DESTINATION % "Failed"}, OnSuccess: {DESTINATION % "Succeeded"}}}
  Aging:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.fail
      Runtime: python3.13
      EventInvokeConfig: {{MaximumEventAgeInSeconds: 170, DestinationConfig: {{OnFailure: {DESTINATION % "Failed"}}}}}
  Once:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.fail
      Runtime: python3.13
      EventInvokeConfig: {{MaximumRetryAttempts: 0, DestinationConfig: {{OnFailure: {DESTINATION % "Failed"}}}}}
  SwitchedOff:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.fail
      Runtime: python3.13
      ReservedConcurrentExecutions: 0
      EventInvokeConfig: {{DestinationConfig: {{OnFailure: {DESTINATION % "Failed"}}}}}
  WaitAlone:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.wait
      Runtime: python3.13
      ReservedConcurrentExecutions: 1
      EventInvokeConfig: {{DestinationConfig: {{OnSuccess: {DESTINATION % "Succeeded"}}}}}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


class DestinationStack:
    """A stack, and what its destinations got."""

    def __init__(self, text, aws, folder):
        path = folder / "template.yaml"
        path.write_text(text)
        self.clients, self.starts = local_clients(aws.url), []
        self.stack = provision(load_template(path, stack_name=f"s{uuid4().hex[:8]}"), self.clients)
        self.host = LambdaHost(self.stack, TASK_ROOT, on_log=self._on_log)

    def _on_log(self, line):
        if line.text.startswith("START"):
            self.starts.append((line.request_id, time.monotonic()))

    def record(self, queue):
        reply = self.clients.sqs.receive_message(QueueUrl=self.stack.physical_id(queue), WaitTimeSeconds=10)
        return json.loads(reply["Messages"][0]["Body"])


@pytest.fixture
def world(aws: LocalAws, tmp_path: Path) -> Iterator[DestinationStack]:
    world = DestinationStack(TEMPLATE, aws, tmp_path)
    with world.host:
        yield world
    world.clients.sqs.close()


@pytest.fixture
def taken(world: DestinationStack, aws: LocalAws) -> Iterator[AsyncInvocations]:
    """A minute lasts 0.12 seconds."""
    with AsyncInvocations(world.stack, world.host, aws.url, clock_factor=0.002) as taken:
        yield taken


def test_an_event_that_fails_is_tried_twice_more_and_reported(world: DestinationStack, taken: AsyncInvocations) -> None:
    """ "Invoking a Lambda function asynchronously": one minute, two minutes; "Capturing records": the record."""
    before = datetime.now(UTC)
    request_id = taken.invoke("Raise", {"raise": True})
    record = world.record("Failed")
    (first, began), (second, again), (third, last) = world.starts
    assert {first, second, third} == {request_id}
    assert 0.12 <= again - began < 0.6  # the first start takes its time
    assert 0.24 <= last - again < 0.6
    moment = datetime.fromisoformat(record.pop("timestamp"))
    assert before - timedelta(milliseconds=1) < moment < datetime.now(UTC)
    responded = record.pop("responsePayload")
    assert (responded["errorType"], responded["errorMessage"]) == ("ValueError", "ugyldig dato: «31. februar»")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": "arn:aws:lambda:eu-north-1:000000000000:function:Raise:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"raise": True},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    }


def test_a_success_has_a_destination_of_its_own(world: DestinationStack, taken: AsyncInvocations) -> None:
    """ "Capturing records of Lambda asynchronous invocations": OnSuccess."""
    taken.invoke("Raise", {})
    record = world.record("Succeeded")
    assert (record["requestContext"]["condition"], record["requestContext"]["approximateInvokeCount"]) == ("Success", 1)
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] > 1


@pytest.mark.parametrize(
    ("function", "condition", "runs"),
    [("Aging", "EventAgeExceeded", 2), ("Once", "RetriesExhausted", 1), ("SwitchedOff", "ZeroReservedConcurrency", 0)],
)
def test_an_event_is_given_up_for_a_reason(
    world: DestinationStack, taken: AsyncInvocations, function: str, condition: str, runs: int
) -> None:
    """ "Configuring error handling settings": maximum age, retry attempts; "Configuring reserved concurrency": zero."""
    if runs:
        world.host.invoke(function, {})  # the first start takes its time
        world.starts.clear()
    taken.invoke(function, {"raise": True})
    context = world.record("Failed")["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == (condition, runs)
    assert len(world.starts) == runs


def test_a_throttled_event_waits_until_there_is_room(world: DestinationStack, taken: AsyncInvocations) -> None:
    """ "Invoking a Lambda function asynchronously": throttling is retried for the event's whole age."""
    with ThreadPoolExecutor() as pool:
        running = pool.submit(world.host.invoke, "WaitAlone", {"seconds": 0.2})
        while not world.starts:
            time.sleep(0.005)
        taken.invoke("WaitAlone", {"seconds": 0})
        record = world.record("Succeeded")
        assert running.result().function_error is None
    assert record["requestContext"]["approximateInvokeCount"] == 1


def test_a_schedule_hands_its_event_over_and_lambda_tries_again(
    world: DestinationStack, taken: AsyncInvocations
) -> None:
    """EventBridge Scheduler User Guide: the target is invoked asynchronously, so its retries are Lambda's."""
    moment = datetime.now(UTC) + timedelta(seconds=1)
    schedule = Schedule(
        logical_id="Soon",
        name="soon",
        arn="arn:aws:scheduler:eu-north-1:000000000000:schedule/default/soon",
        function="Raise",
        expression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        timezone="UTC",
        input='{"raise": true}',
        enabled=True,
        start=None,
        end=None,
        maximum_retry_attempts=0,
        maximum_event_age_seconds=60,
        dead_letter_arn=None,
        flexible_window_minutes=None,
    )
    scheduler = Scheduler(SimpleNamespace(schedules=[schedule]), taken)  # type: ignore[arg-type]
    scheduler.start()
    record = world.record("Failed")
    scheduler.stop()
    assert record["requestContext"]["approximateInvokeCount"] == 3


def test_only_queues_are_destinations(tmp_path: Path) -> None:
    """Others are not built here; to be told so at the start is better than to miss a record."""
    path = tmp_path / "template.yaml"
    config = "EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SNS, Destination: !Ref News}}}"
    function = f"{{Handler: sample.handlers.fail, Runtime: python3.13, {config}}}"
    resources = (
        f"  News: {{Type: AWS::SNS::Topic}}\n  Fn: {{Type: AWS::Serverless::Function, Properties: {function}}}\n"
    )
    path.write_text(HEAD + resources)
    stack = Stack(load_template(path))
    with pytest.raises(LambdaHostError, match="only queues are destinations here, not arn:aws:sns"):
        AsyncInvocations(stack, None, "http://127.0.0.1:1")  # type: ignore[arg-type]


def test_a_function_that_is_not_there_takes_no_events(taken: AsyncInvocations) -> None:
    """Lambda API reference, "Invoke": ResourceNotFoundException."""
    with pytest.raises(LambdaHostError, match="There is no function Nobody"):
        taken.invoke("Nobody", {})
