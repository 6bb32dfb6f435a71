"""What a SAM template comes down to, held against what CloudFormation and the SAM transform document."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.load import load_template

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
"""
FUNCTION = """
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      CodeUri: app/
"""


def scheduled(properties):
    """A function with a schedule whose properties begin with its expression."""
    event = f"{{Type: ScheduleV2, Properties: {{ScheduleExpression: {properties}}}}}"
    return f"Resources:{FUNCTION}      Events: {{E: {event}}}\n"


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(body, **parameters):
        path = tmp_path / "template.yaml"
        path.write_text(HEAD + body, encoding="utf-8")
        return load_template(path, parameters)

    return load


def environment(load, expression, extra="", **parameters):
    """The value of a function's variable for this expression."""
    body = f"{extra}\nResources:\n  Jobs: {{Type: AWS::SQS::Queue}}{FUNCTION}      Environment:\n"
    return load(f"{body}        Variables:\n          VALUE: {expression}\n", **parameters).functions[0].environment


def test_globals_are_the_defaults_of_every_function(load: Any) -> None:
    """SAM Developer Guide, "Globals section of the AWS SAM template": values are merged, the function's own win."""
    (function,) = load(f"""
Globals:
  Function: {{Timeout: 30, MemorySize: 512, Environment: {{Variables: {{ONE: 1, TWO: 2}}}}}}
Resources:{FUNCTION}      Timeout: 60
      Environment: {{Variables: {{TWO: two, FLAG: true}}}}
""").functions
    assert (function.timeout_seconds, function.memory_mb) == (60, 512)
    assert function.environment == {"ONE": "1", "TWO": "two", "FLAG": "true"}


def test_what_is_not_said_has_the_default_of_lambda(load: Any) -> None:
    """CloudFormation template reference, AWS::Lambda::Function: Timeout 3, MemorySize 128."""
    (function,) = load(f"Resources:{FUNCTION}").functions
    assert (function.timeout_seconds, function.memory_mb, function.reserved_concurrency) == (3, 128, None)
    assert (function.logical_id, function.name, function.handler) == ("Fn", "Fn", "app.handler")
    assert dict(function.environment) == {}


def test_a_function_says_what_it_logs(load: Any) -> None:
    """Lambda Developer Guide, "Configuring advanced logging controls": levels come with JSON, INFO if not said."""
    (function,) = load(f"Resources:{FUNCTION}").functions
    assert (function.logging.log_format, function.logging.keeps("DEBUG")) == ("Text", True)
    config = "      LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN, LogGroup: mine}\n"
    (function,) = load(f"Resources:{FUNCTION}{config}").functions
    assert (function.logging.application_level, function.logging.log_group) == ("INFO", "mine")
    assert [function.logging.keeps(level) for level in ("DEBUG", "INFO", "WARN")] == [False, False, True]


@pytest.mark.parametrize(
    "config", ["{SystemLogLevel: WARN}", "{LogFormat: Xml}", "{LogFormat: JSON, SystemLogLevel: X}"]
)
def test_a_logging_config_that_aws_refuses_is_refused(load: Any, config: str) -> None:
    """CloudFormation template reference, AWS::Lambda::Function LoggingConfig."""
    with pytest.raises(TemplateError, match="LoggingConfig"):
        load(f"Resources:{FUNCTION}      LoggingConfig: {config}\n")


def test_a_function_may_have_a_name_of_its_own(load: Any) -> None:
    """CloudFormation template reference, AWS::Lambda::Function: FunctionName."""
    text = f"Resources:{FUNCTION}      FunctionName: !Sub ${{AWS::StackName}}-fn\n"
    (function,) = load(text).functions
    assert (function.logical_id, function.name) == ("Fn", "local-fn")
    assert function.arn == "arn:aws:lambda:eu-north-1:000000000000:function:local-fn"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref AWS::Region", "eu-north-1"),
        ("!Ref AWS::AccountId", "000000000000"),
        ("!Ref Jobs", "https://sqs.eu-north-1.amazonaws.com/000000000000/local-Jobs"),
        ("!GetAtt Jobs.Arn", "arn:aws:sqs:eu-north-1:000000000000:local-Jobs"),
        ("{'Fn::GetAtt': [Jobs, QueueName]}", "local-Jobs"),
        ('!Sub "${Stage}-${Jobs.QueueName}-${!Kept}-$x"', "dev-local-Jobs-${Kept}-$x"),
        ('!Sub ["${Who} at ${AWS::Partition}", {Who: !Ref Stage}]', "dev at aws"),
        ('!Join [":", [a, !Ref Stage, 3]]', "a:dev:3"),
        ('!Join ["+", !Ref Days]', "30+14+7"),
        ("!Select [1, !Ref Days]", "14"),
        ('!Select [4, !Split [":", !GetAtt Jobs.Arn]]', "000000000000"),
        ("!FindInMap [Size, !Ref Stage, Small]", "1"),
        ("!If [IsProd, many, few]", "few"),
        ("!If [Both, yes, !If [Either, second, third]]", "second"),
        ("!If [NotProd, !Sub 'not ${Stage}', x]", "not dev"),
    ],
)
def test_intrinsic_functions_have_cloudformations_values(load: Any, expression: str, value: str) -> None:
    """CloudFormation template reference, "Intrinsic function reference" and "Pseudo parameters reference"."""
    extra = """
Parameters:
  Stage: {Type: String, Default: dev}
  Days: {Type: CommaDelimitedList, Default: "30, 14,7"}
Mappings:
  Size: {dev: {Small: 1}, prod: {Small: 10}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  NotProd: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition NotProd]
  Either: !Or [!Condition IsProd, !Equals [!Ref Stage, dev]]
"""
    assert environment(load, expression, extra)["VALUE"] == value


def test_given_parameters_beat_defaults_and_decide_conditions(load: Any) -> None:
    """CloudFormation User Guide, "Parameters" and "Conditions": a resource exists if its condition is true."""
    body = f"""
Parameters:
  Stage: {{Type: String, Default: dev, AllowedValues: [dev, prod]}}
  Days: {{Type: Number}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Extra: {{Type: AWS::SQS::Queue, Condition: IsProd}}{FUNCTION}      Environment:
        Variables:
          STAGE: !Ref Stage
          DAYS: !Ref Days
          EXTRA: !If [IsProd, !GetAtt Extra.QueueName, !Ref AWS::NoValue]
"""
    dev, prod = load(body, Days="7"), load(body, Days="30", Stage="prod")
    assert dev.queues == ()
    assert dev.functions[0].environment == {"STAGE": "dev", "DAYS": "7"}
    assert prod.functions[0].environment == {"STAGE": "prod", "DAYS": "30", "EXTRA": "local-Extra"}
    assert len(prod.queues) == 1
    with pytest.raises(TemplateError, match=r"Days.* no default"):
        load(body)
    with pytest.raises(TemplateError, match="test is not one of dev, prod"):
        load(body, Days="7", Stage="test")
    with pytest.raises(TemplateError, match="no parameter Daze"):
        load(body, Days="7", Daze="7")


def test_a_schedule_event_becomes_a_schedule_of_the_function(load: Any) -> None:
    """SAM Developer Guide, "ScheduleV2": an AWS::Scheduler::Schedule."""
    (schedule,) = load(f"""
Resources:
  Dead: {{Type: AWS::SQS::Queue}}{FUNCTION}      FunctionName: other-name
      Events:
        Nightly:
          Type: ScheduleV2
          Properties:
            Name: nightly
            ScheduleExpression: cron(15 0 * * ? *)
            ScheduleExpressionTimezone: Europe/Oslo
            Input: '{{"at": "<aws.scheduler.scheduled-time>", "n": <aws.scheduler.attempt-number>}}'
            State: DISABLED
            StartDate: "2026-12-01T00:00:00Z"
            FlexibleTimeWindow: {{Mode: FLEXIBLE, MaximumWindowInMinutes: 5}}
            RetryPolicy: {{MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 600}}
            DeadLetterConfig: {{Arn: !GetAtt Dead.Arn}}
""").schedules
    assert (schedule.name, schedule.function) == ("nightly", "Fn")
    assert (schedule.expression, schedule.timezone, schedule.enabled) == ("cron(15 0 * * ? *)", "Europe/Oslo", False)
    assert schedule.input == '{"at": "<aws.scheduler.scheduled-time>", "n": <aws.scheduler.attempt-number>}'
    assert (schedule.maximum_retry_attempts, schedule.maximum_event_age_seconds) == (3, 600)
    assert schedule.dead_letter_arn == "arn:aws:sqs:eu-north-1:000000000000:local-Dead"
    assert schedule.flexible_window_minutes == 5
    assert schedule.start.year == 2026


def test_the_other_triggers_of_a_function_are_read_too(load: Any) -> None:
    """SAM Developer Guide, "SQS", "FunctionUrlConfig", "EventInvokeConfiguration"."""
    template = load(f"""
Resources:
  Jobs: {{Type: AWS::SQS::Queue}}
  Dead: {{Type: AWS::SQS::Queue}}{FUNCTION}      FunctionUrlConfig: {{AuthType: NONE, Cors: {{AllowOrigins: ["*"]}}}}
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt Dead.Arn}}}}
      Events:
        Feed:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 25
            MaximumBatchingWindowInSeconds: 2
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {{MaximumConcurrency: 3}}
""")
    (mapping,), (url,), (config,) = (
        template.event_source_mappings,
        template.function_urls,
        template.event_invoke_configs,
    )
    assert {mapping.function, url.function, config.function} == {"Fn"}
    assert mapping.source_arn == "arn:aws:sqs:eu-north-1:000000000000:local-Jobs"
    assert (mapping.batch_size, mapping.window_seconds, mapping.maximum_concurrency) == (25, 2, 3)
    assert mapping.reports_batch_item_failures
    assert mapping.enabled
    assert (url.auth_type, url.cors) == ("NONE", {"AllowOrigins": ["*"]})
    assert config.maximum_retry_attempts == 0
    assert config.on_failure_arn == "arn:aws:sqs:eu-north-1:000000000000:local-Dead"


def test_managed_and_template_policies_need_no_account(load: Any) -> None:
    """SAM Developer Guide, "AWS SAM policy templates": policies are expanded without asking AWS."""
    policies = (
        "      Policies: [AWSLambdaBasicExecutionRole, {SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}}]"
    )
    assert load(f"Resources:\n  Jobs: {{Type: AWS::SQS::Queue}}{FUNCTION}{policies}\n").functions


def test_reading_a_template_leaves_the_environment_as_it_was(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The translator wants a region and would read a person's AWS profile; neither may show outside."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    before = dict(os.environ)
    load(f"Resources:{FUNCTION}")
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("!Ref Nobody", "Fn.Environment.Variables.VALUE: the template has no parameter or resource Nobody"),
        ("!GetAtt Jobs.Colour", r"VALUE: Fn::GetAtt Jobs.Colour: no such attribute here \(there is: Arn, QueueName"),
        ('!Sub "${Nobody.Arn}"', "VALUE: the template has no parameter or resource Nobody"),
        ("!ImportValue x", "VALUE: Fn::ImportValue is not supported here"),
        ("!Base64 x", "VALUE: Fn::Base64 is not supported here"),
        ("!Select [3, [a, b]]", "VALUE: Fn::Select 3 of .*: there is no such item"),
        ("!FindInMap [a, b, c]", "VALUE: Fn::FindInMap a.b.c: there is no a"),
        ("!If [Nothing, a, b]", "VALUE: there is no usable condition Nothing"),
        ("!Join [a]", "VALUE: Fn::Join needs a list of 2"),
        ("'{{resolve:ssm:name}}'", "VALUE: dynamic references"),
        ("[a, b]", "VALUE: the value must be text"),
    ],
)
def test_an_expression_without_a_value_is_a_located_error(load: Any, expression: str, reason: str) -> None:
    """An expression that has no value is an error that says where.

    CloudFormation User Guide, "Troubleshooting": template validation errors.
    """
    with pytest.raises(TemplateError, match=reason):
        environment(load, expression)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("Resources: [", "not valid YAML"),
        ("Outputs: {}", "needs a Resources section"),
        ("Parameters: {A: text}\nResources: {}", "Parameters.A must be a map"),
        (f"Resources:{FUNCTION}      Timeout: 901\n", "Fn.Timeout: 901 is not between 1 and 900"),
        (f"Resources:{FUNCTION}      Timeout: soon\n", "Fn.Timeout: 'soon' is not a whole number"),
        (f"Resources:{FUNCTION}      Environment: {{Variables: {{AWS_REGION: x}}}}\n", "AWS_REGION: Lambda does not"),
        (f"Resources:{FUNCTION}      Environment: {{Variables: {{A-B: x}}}}\n", "A-B: Lambda does not"),
        ("Resources:" + FUNCTION.replace("Handler: app.handler", "Unknown: 1"), "Fn.*Unknown"),
        (
            f"Resources:{FUNCTION}      Events: {{E: {{Type: Schedule, Properties: {{Schedule: rate(1 day)}}}}}}\n",
            "ScheduleV2",
        ),
        (scheduled("daily"), "FnE.ScheduleExpression: daily is not cron"),
        (scheduled("rate(1 day), ScheduleExpressionTimezone: Europe/Olso"), "there is no time zone Europe/Olso"),
        (scheduled("rate(1 day), Input: hello"), "FnE.Target.Input: a Lambda function's input must be JSON"),
        (
            "Conditions: {A: !Condition B, B: !Condition A}\nResources: {Q: {Type: AWS::SQS::Queue, Condition: A}}",
            "usable",
        ),
        ("Resources: {Q: {Type: AWS::SQS::Queue, Properties: [1]}}", "Q"),
        ("Resources: {Q: text}", "."),
    ],
)
def test_a_mistake_in_a_template_is_one_clear_error(load: Any, body: Any, reason: str) -> None:
    """CloudFormation and SAM refuse these; so does reading them, before anything is created."""
    with pytest.raises(TemplateError, match=reason):
        load(body)


def test_a_template_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    """A mistyped path is the commonest mistake of all."""
    with pytest.raises(TemplateError, match="No such file"):
        load_template(tmp_path / "tamplate.yaml")
