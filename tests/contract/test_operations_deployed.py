"""`dlq` and `reconcile` on a deployed stack: CloudFormation, SQS and Lambda over real HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
import pytest
from typer.testing import CliRunner

from local.aws import CREDENTIALS, LocalAws
from local.cli import app
from local.invoke_api import InvokeApi
from shared.domain.listings import SyncRequest
from shared.domain.sync_messages import parse, write

QUEUES = ("SyncDeadLetters", "DeadLetters", "RepairRequests")
PERSONAL = "kari.saether@example.no"


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(tmp_path_factory.mktemp("aws"), "sqs,cloudformation") as aws:
        yield aws


@pytest.fixture
def stack(aws, monkeypatch):
    """The queues of template.yaml as a deployed stack, and its name."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    return deployed({f"{queue}Url": {"Value": {"Ref": queue}} for queue in QUEUES})


def deployed(outputs, parameters=None):
    name = f"hlf-{uuid4().hex[:8]}"
    outputs = {"ExpiryCheckName": {"Value": f"{name}-ExpiryCheck-1"}, **outputs}
    body = {"Resources": {queue: {"Type": "AWS::SQS::Queue"} for queue in QUEUES}, "Outputs": outputs}
    body |= {"Parameters": parameters} if parameters else {}
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(body))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    return name


def url_of(stack, queue):
    outputs = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return next(output["OutputValue"] for output in outputs if output["OutputKey"] == f"{queue}Url")


def bodies(stack, queue):
    sqs, found = boto3.client("sqs"), []
    while got := sqs.receive_message(QueueUrl=url_of(stack, queue), MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in got]
    return found


def put(stack, queue, *messages):
    for body in messages:
        boto3.client("sqs").send_message(QueueUrl=url_of(stack, queue), MessageBody=body)


def command(*words, expect=0):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == expect, result.output
    return result.output


def test_what_was_given_up_is_listed_and_the_syncs_are_asked_for_again(stack):
    """I7: sent before they are deleted, through the queue that holds up no live change. I11: ids and codes only."""
    requests = [SyncRequest(uuid4(), number) for number in range(1, 13)]
    put(stack, "SyncDeadLetters", *(write([request])[0] for request in requests), f"not for us: {PERSONAL}")
    arn = f"arn:aws:lambda:eu-north-1:1:function:{stack}-ExpiryCheck-1:$LATEST"
    put(
        stack,
        "DeadLetters",
        json.dumps(
            {
                "requestContext": {"functionArn": arn},
                "requestPayload": {"scheduled_time": "2026-11-30T23:15:00Z"},
                "responsePayload": {"errorType": "RunFailedError", "errorMessage": PERSONAL},
            }
        ),
        json.dumps({"scheduled_time": f"for {PERSONAL}"}),
    )
    printed = " ".join(command("dlq", "list", "--stack", stack).split())
    assert "Given up: 15 messages" in printed
    assert "ExpiryCheck for 2026-11-30T23:15:00Z (RunFailedError)" in printed
    assert (
        """sam remote invoke ExpiryCheck --stack-name … --event '{"scheduled_time": "2026-11-30T23:15:00Z"}'"""
        in printed
    )
    assert PERSONAL not in printed
    listed = json.loads(command("dlq", "list", "--stack", stack, "--json"))  # they are all there still
    mentors = {mentor for letter in listed for mentor in letter["mentor_ids"]}
    assert mentors == {str(request.mentor_id) for request in requests}

    assert "12 messages asked for again" in (said := command("dlq", "replay", "--stack", stack, expect=1))
    assert "1 message left: no sync request" in said
    assert {parse(body)[0] for body in bodies(stack, "RepairRequests")} == set(requests)
    assert bodies(stack, "SyncDeadLetters") == [f"not for us: {PERSONAL}"]
    assert "a person's decision" in " ".join(
        command("dlq", "replay", "--queue", "DeadLetters", "--stack", stack, expect=1).split()
    )
    assert len(bodies(stack, "DeadLetters")) == 2


def test_a_replay_that_fails_loses_nothing(stack):
    """What could not be sent lies where it lay, for everybody to see at once."""
    broken = deployed(
        {
            "SyncDeadLettersUrl": {"Value": {"Ref": "SyncDeadLetters"}},
            "RepairRequestsUrl": {"Value": "http://localhost/000000000000/there-is-none"},
        }
    )
    put(broken, "SyncDeadLetters", *write([SyncRequest(uuid4(), 1)]))
    assert "AWS refuses" in command("dlq", "replay", "--stack", broken, expect=1)
    assert len(bodies(broken, "SyncDeadLetters")) == 1


def test_a_stack_that_cannot_be_found_is_explained(stack, monkeypatch):
    """No such stack, another's stack, no region, no local stack: a sentence that says what to do."""
    assert "Check the name, the region" in " ".join(command("dlq", "list", "--stack", "nobodys", expect=1).split())
    other = deployed({})
    said = " ".join(command("dlq", "replay", "--stack", other, expect=1).split())
    assert "the stack has no output SyncDeadLettersUrl" in said
    assert "no output ReconciliationName" in " ".join(command("reconcile", "--stack", other, expect=1).split())
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "AWS_REGION" in command("dlq", "list", "--stack", stack, expect=1)


@pytest.mark.parametrize(("limit", "said"), [("0", "no limit for strangers"), ("10", "at most 10 calls at a time")])
def test_status_says_whether_strangers_have_a_limit(stack, database, limit, said):
    """Issue 8 D4: an account with a small quota turns the limit off, and is not to forget it."""
    name = deployed({}, {"DoorbellConcurrency": {"Type": "Number", "Default": limit}})
    result = CliRunner().invoke(app, ["status", "--stack", name, "--database-url", database.dsn])
    assert said in result.output, result.output
    shown = CliRunner().invoke(app, ["status", "--stack", name, "--database-url", database.dsn, "--json"]).output
    assert json.loads(shown)["doorbell_concurrency"] == int(limit)
    assert "Doorbell" not in CliRunner().invoke(app, ["status", "--database-url", database.dsn]).output


@dataclass
class Lambda:
    """Answers every invocation alike, and keeps the events."""

    payload: Any
    function_error: str | None = None
    log_lines: tuple[str, ...] = ("a line of the log",)
    duration_ms: float = 1.0
    init_ms: float | None = None
    max_memory_mb: int = 1
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def invoke(self, function, event):
        self.events.append((function, event))
        return self


def test_reconciliation_of_a_deployed_stack_is_called_once_and_told_in_words(stack, monkeypatch):
    name = deployed({"ReconciliationName": {"Value": "hlf-Reconciliation-1"}})
    run = str(uuid4())
    with InvokeApi(host := Lambda({"run_id": run, "state": "degraded", "reason": "repairs_braked"})) as api:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        printed = command("reconcile", "--stack", name, "--accept-small", "--actor", "turid", "--reason", "it is so")
        assert f"Done, but a brake holds repairs back (repairs_braked); run {run}" in " ".join(printed.split())
        assert json.loads(command("reconcile", "--sweep", "--stack", name, "--json"))["run_id"] == run
        (function, full), (_, sweep) = host.events
        assert function == "hlf-Reconciliation-1"
        assert full["accept"] == {"actor": "turid", "reason": "it is so"}
        assert [event.get("mode") for event in (full, sweep)] == ["full", "sweep"]
        assert set(sweep) == {"scheduled_time", "mode"}
        host.payload, host.function_error = {"errorMessage": "entra_7000222"}, "Unhandled"
        failed = command("reconcile", "--stack", name, expect=1)
        assert "the client secret has expired (entra_7000222)" in " ".join(failed.split())
        assert "a line of the log" in failed
        assert len(host.events) == 3
