"""Rules of the event bus, held against the EventBridge User Guide."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import local_clients, provision
from emulators.lambda_host.triggers.async_invocations import AsyncInvocations
from emulators.lambda_host.triggers.event_rules import BusEvent, EventRules
from emulators.lambda_host.triggers.events_api import EventsApi
from local.stack.aws import REGION, LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK_ROOT = Path(__file__).parent / "lambda_host_fixtures" / "task"
HEAD = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
SUCCESS = "DestinationConfig: {OnSuccess: {Type: SQS, Destination: !GetAtt Done.Arn}}"
FAILURE = "DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failed.Arn}}"
TEMPLATE = f"""{HEAD}
  Done: {{Type: AWS::SQS::Queue}}
  Failed: {{Type: AWS::SQS::Queue}}
  DeadLetters: {{Type: AWS::SQS::Queue}}
  Set: {{Type: AWS::SES::ConfigurationSet, Properties: {{Name: !Sub "${{AWS::StackName}}-mail"}}}}
  Mailed:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.fail
      Runtime: python3.13
      EventInvokeConfig: {{{SUCCESS}}}
      Events:
        Mail:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.ses]
              detail-type: [Email Bounced, Email Delivered]
              detail: {{mail: {{tags: {{"ses:configuration-set": [!Ref Set]}}}}}}
            RetryPolicy: {{MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 3600}}
            DeadLetterConfig: {{Arn: !GetAtt DeadLetters.Arn}}
  Failing:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.wait # it fails on an event that does not say for how long
      Runtime: python3.13
      EventInvokeConfig: {{{FAILURE}}}
      Events:
        Alarm: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [{{prefix: alarm.}}]}}}}}}
        Never: {{Type: EventBridgeRule, Properties: {{Pattern: {{source: [mine]}}, State: DISABLED}}}}
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


class BusStack:
    """A stack with a bus, and what its queues got."""

    def __init__(self, text: str, aws: LocalAws, folder: Path) -> None:
        path = folder / "template.yaml"
        path.write_text(text)
        self.clients, self.started = local_clients(aws.url), 0
        self.stack = provision(load_template(path, stack_name=f"s{uuid4().hex[:8]}"), self.clients)
        self.host = LambdaHost(self.stack, TASK_ROOT, on_log=self._on_log)
        self.rules: EventRules

    def _on_log(self, line: Any) -> None:
        self.started += line.text.startswith("START")

    def message(self, queue: str, seconds: int = 10) -> Any:
        reply = self.clients.sqs.receive_message(
            QueueUrl=self.stack.physical_id(queue), WaitTimeSeconds=seconds, MessageAttributeNames=["All"]
        )
        return next(iter(reply.get("Messages", [])), None)

    def mail_event(self, configuration_set: str | None = None) -> BusEvent:
        chosen = configuration_set or self.stack.physical_id("Set")
        detail = {"eventType": "Bounce", "mail": {"tags": {"ses:configuration-set": [chosen], "n": ["1"]}}}
        return BusEvent("aws.ses", "Email Bounced", detail, ["arn:a"], datetime(2026, 12, 1, 9, 30, 5, tzinfo=UTC))


@pytest.fixture
def world(aws: LocalAws, tmp_path: Path) -> Iterator[BusStack]:
    """A minute lasts 0.12 seconds."""
    world = BusStack(TEMPLATE, aws, tmp_path)
    with (
        world.host,
        AsyncInvocations(world.stack, world.host, aws.url, clock_factor=0.002) as taken,
        EventRules(world.stack, world.host, taken, aws.url, clock_factor=0.002) as rules,
    ):
        world.rules = rules
        yield world
    world.clients.sqs.close()


def test_an_event_reaches_the_function_in_its_envelope(world: BusStack) -> None:
    """ "Event structure reference": these fields, time without fractions; the pattern names a set by its Ref."""
    event = world.mail_event()
    event_id = world.rules.publish(event)
    got = json.loads(world.message("Done")["Body"])["requestPayload"]
    assert got == {
        "version": "0",
        "id": event_id,
        "detail-type": "Email Bounced",
        "source": "aws.ses",
        "account": "000000000000",
        "time": "2026-12-01T09:30:05Z",
        "region": "eu-north-1",
        "resources": ["arn:a"],
        "detail": event.detail,
    }
    UUID(event_id)


def test_an_event_that_no_rule_is_for_starts_nothing(world: BusStack) -> None:
    """Another system's configuration set, another type, and a rule that is disabled."""
    world.rules.publish(world.mail_event("theirs"))
    world.rules.publish(BusEvent("aws.ses", "Email Opened", {"mail": {}}))
    world.rules.publish(BusEvent("mine", "Anything", {}))
    world.rules.publish(world.mail_event())  # the bus has taken the others by the time this one is done
    assert world.message("Done")
    assert world.message("Failed", seconds=2) is None
    assert world.started == 1


def test_a_function_that_fails_is_lambdas_matter(world: BusStack) -> None:
    """EventBridge invokes asynchronously: Lambda tries twice more, and the function's own queue gets the record."""
    world.rules.publish(BusEvent("alarm.here", "Alarm", {}))
    record = json.loads(world.message("Failed")["Body"])
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert world.message("DeadLetters", seconds=0) is None


def test_an_event_that_lambda_does_not_take_is_tried_again(world: BusStack) -> None:
    """ "Retrying event delivery": with a pause that grows, as often as the target's RetryPolicy has it."""
    world.rules.refuse_deliveries(2)
    world.rules.publish(world.mail_event())
    assert world.message("Done")
    assert world.message("DeadLetters", seconds=0) is None


def test_an_event_that_is_given_up_is_a_dead_letter_of_the_rule(world: BusStack) -> None:
    """ "Using dead-letter queues": the event as it was, and why in the message's attributes."""
    world.rules.refuse_deliveries(3)
    event_id = world.rules.publish(world.mail_event())
    letter = world.message("DeadLetters")
    assert json.loads(letter["Body"])["id"] == event_id
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    (rule,) = (rule for rule in world.stack.template.event_rules if rule.logical_id == "MailedMail")
    assert attributes == {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": "arn:aws:lambda:eu-north-1:000000000000:function:Mailed",
        "ERROR_CODE": "THROTTLING",
        "ERROR_MESSAGE": "Rate exceeded",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "2",
    }
    assert world.started == 0


def test_an_event_after_the_end_is_lost_and_no_error(aws: LocalAws, world: BusStack) -> None:
    """A service that publishes while the stack stops must not fail."""
    world.rules.__exit__()
    world.rules.publish(world.mail_event())
    time.sleep(0.05)
    assert world.started == 0


def test_put_events_over_http(world: BusStack) -> None:
    """API reference, "PutEvents": an entry fails alone; a time that is given is the event's."""
    with EventsApi(world.rules) as api:
        client = boto3.client("events", REGION, endpoint_url=api.url, aws_access_key_id="a", aws_secret_access_key="b")
        good = {"Source": "alarm.a", "DetailType": "T", "Detail": "{}", "Time": datetime(2026, 1, 2, tzinfo=UTC)}
        bad = [
            good | {"Source": "aws.ses"},
            good | {"Detail": "[1]"},
            good | {"Detail": "{"},
            good | {"EventBusName": "other"},
            {"Source": "alarm.a", "DetailType": "T"},
        ]
        reply = client.put_events(Entries=[*bad, good])
        assert reply["FailedEntryCount"] == len(bad)
        assert [entry.get("ErrorCode") for entry in reply["Entries"]] == [
            "NotAuthorizedForSourceException",
            "MalformedDetail",
            "MalformedDetail",
            "ResourceNotFoundException",
            "InvalidArgument",
            None,
        ]
        with pytest.raises(ClientError, match="ValidationException"):
            client.put_events(Entries=[good] * 11)
        assert client.test_event_pattern(EventPattern='{"source": ["a"]}', Event='{"source": "a"}')["Result"]
        with pytest.raises(ClientError, match="InvalidEventPatternException"):
            client.test_event_pattern(EventPattern='{"source": "a"}', Event='{"source": "a"}')
        with pytest.raises(ClientError, match="UnknownOperationException"):
            client.list_rules()
        client.close()
    event = json.loads(world.message("Failed")["Body"])["requestPayload"]
    assert (event["id"], event["time"]) == (reply["Entries"][-1]["EventId"], "2026-01-02T00:00:00Z")


# --- What the template reader makes of it


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ("ScheduleExpression: rate(1 day)", "not run here without an EventPattern: use the event type ScheduleV2"),
        ("EventPattern: {source: a}", "EventPattern.source: must be an object, or an array"),
        ("EventPattern: {source: [a]}, EventBusName: mine", "only the default event bus"),
        ("EventPattern: {source: [a]}, Targets: [{Id: q, Arn: !GetAtt Done.Arn}]", "only functions are targets"),
        (
            'EventPattern: {source: [a]}, Targets: [{Id: q, Arn: "arn:aws:lambda:x:y:function:f", Input: "{}"}]',
            "a target gets the whole event",
        ),
        (
            'EventPattern: {source: [a]}, Targets: [{Id: q, Arn: "arn:aws:lambda:x:y:function:f"}]',
            "Rule: its target is no function of this template",
        ),
    ],
)
def test_a_rule_that_cannot_be_run_is_refused(tmp_path: Path, properties: str, said: str) -> None:
    """Every mistake shows when the template is read, and nothing that is not served is passed over."""
    path = tmp_path / "template.yaml"
    rule = f"  Rule: {{Type: AWS::Events::Rule, Properties: {{{properties}}}}}\n"
    path.write_text(f"{HEAD}  Done: {{Type: AWS::SQS::Queue}}\n{rule}")
    with pytest.raises(TemplateError, match=said):
        load_template(path)


def test_a_configuration_set_and_its_destination_are_read(tmp_path: Path) -> None:
    """Template reference: Ref of the set is its name; without SuppressionOptions those of the account hold."""
    path = tmp_path / "template.yaml"
    bus = "!Sub 'arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default'"
    path.write_text(f"""{HEAD}
  Mail:
    Type: AWS::SES::ConfigurationSet
    Properties:
      Name: !Ref AWS::StackName
      ReputationOptions: {{ReputationMetricsEnabled: true}}
      SuppressionOptions: {{SuppressedReasons: [BOUNCE, COMPLAINT]}}
  Plain: {{Type: AWS::SES::ConfigurationSet}}
  Events:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Mail
      EventDestination:
        Name: bus
        Enabled: true
        MatchingEventTypes: [BOUNCE, complaint]
        EventBridgeDestination: {{EventBusArn: {bus}}}
""")
    template = load_template(path, stack_name="hlf")
    mail, plain = template.configuration_sets
    assert (mail.name, mail.reputation_metrics, mail.suppressed_reasons) == ("hlf", True, ("BOUNCE", "COMPLAINT"))
    assert (plain.name, plain.sending, plain.reputation_metrics, plain.suppressed_reasons) == (
        "hlf-Plain",
        True,
        False,
        None,
    )
    (destination,) = template.mail_event_destinations
    assert (destination.configuration_set, destination.name, destination.enabled) == ("hlf", "bus", True)
    assert destination.event_types == ("BOUNCE", "COMPLAINT")
    assert destination.event_bus_arn == "arn:aws:events:eu-north-1:000000000000:event-bus/default"
    path.write_text(path.read_text().replace(bus, "arn:aws:events:eu-north-1:000000000000:event-bus/mine"))
    with pytest.raises(TemplateError, match="only the default event bus is supported"):
        load_template(path)
