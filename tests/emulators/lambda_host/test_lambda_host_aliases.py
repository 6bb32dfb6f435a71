"""Aliases: what triggers lead to, and what an invocation may name. Here all versions run the same code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import Stack
from emulators.lambda_host.triggers.invoke_api import InvokeApi, InvokeError, invoke
from local.stack.aws import CREDENTIALS, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK = Path(__file__).parent / "lambda_host_fixtures" / "task"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.echo
      Runtime: python3.13
      CodeUri: task/
      AutoPublishAlias: live
      FunctionUrlConfig: {AuthType: NONE}
      EventInvokeConfig: {MaximumRetryAttempts: 0}
      Events:
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)}}
        Rule: {Type: EventBridgeRule, Properties: {Pattern: {source: [a]}}}
  Bare:
    Type: AWS::Serverless::Function
    Properties: {Handler: sample.handlers.echo, Runtime: python3.13, CodeUri: task/}
Outputs:
  Alias: {Value: !Ref Echo.Alias}
  Version: {Value: !Ref Echo.Version}
  Number: {Value: !GetAtt Echo.Version.Version}
"""
ARN = f"arn:aws:lambda:{REGION}:000000000000:function:Echo"


def loaded(folder: Path, text: str = TEMPLATE) -> Any:
    path = folder / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return load_template(path)


def test_every_trigger_of_an_alias_leads_to_its_function(tmp_path: Path) -> None:
    template = loaded(tmp_path)
    assert [one.function for one in template.schedules] == ["Echo"]
    assert [one.function for one in template.function_urls] == ["Echo"]
    assert [(one.function, one.qualifier) for one in template.event_invoke_configs] == [("Echo", "live")]
    (target,) = template.event_rules[0].targets
    assert (target.function, target.arn) == ("Echo", f"{ARN}:live")
    assert template.outputs == {"Alias": f"{ARN}:live", "Version": f"{ARN}:1", "Number": "1"}


def test_a_trigger_on_an_alias_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """CloudFormation would find out when it makes the trigger."""
    extra = f"""
  Late:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 day)
      FlexibleTimeWindow: {{Mode: "OFF"}}
      Target: {{Arn: "{ARN}:beta", RoleArn: "arn:aws:iam::000000000000:role/x"}}
Outputs:
"""
    with pytest.raises(TemplateError, match="Late: its target is no function"):
        loaded(tmp_path, TEMPLATE.replace("Outputs:\n", extra.lstrip("\n")))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[InvokeApi]:
    with LambdaHost(Stack(loaded(tmp_path)), TASK) as host, InvokeApi(host) as api:
        yield api


def test_an_invocation_names_an_alias_that_is_there(api: InvokeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 sends it: a published version ran, or there is no such function."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("lambda", REGION, endpoint_url=api.url)
    live = client.invoke(FunctionName="Echo", Qualifier="live", Payload=b'{"a": 1}')
    assert (live["ExecutedVersion"], json.load(live["Payload"])) == ("1", {"a": 1})
    assert client.invoke(FunctionName="Echo", Payload=b"{}")["ExecutedVersion"] == "$LATEST"
    for function, qualifier in (("Echo", "beta"), ("Bare", "live")):
        with pytest.raises(ClientError, match=f"Function not found: {function}:{qualifier}"):
            client.invoke(FunctionName=function, Qualifier=qualifier, Payload=b"{}")
    client.close()


def test_the_own_client_calls_the_live_version(api: InvokeApi) -> None:
    assert invoke(api.url, "Echo", {"a": 1}).payload == {"a": 1}
    with pytest.raises(InvokeError, match="Function not found: Bare:live"):
        invoke(api.url, "Bare", {})


def test_values_of_this_machine_replace_the_templates(tmp_path: Path) -> None:
    """A function gets those that it has a variable for, and no other."""
    text = TEMPLATE.replace(
        "      AutoPublishAlias: live\n",
        "      AutoPublishAlias: live\n      Environment: {Variables: {URL: https://a}}\n",
    )
    stack = Stack(loaded(tmp_path, text), {"URL": "http://127.0.0.1:1", "OTHER": "x"})
    assert {one.logical_id: dict(one.environment) for one in stack.functions} == {
        "Echo": {"URL": "http://127.0.0.1:1"},
        "Bare": {},
    }
