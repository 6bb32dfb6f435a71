"""`dlq` and `reconcile` on a deployed stack: CloudFormation, SQS and Lambda over real HTTP."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import psycopg
import pytest
from typer.testing import CliRunner

from emulators.lambda_host.template.provision import Stack, local_clients, provision
from emulators.lambda_host.triggers.invoke_api import InvokeApi
from emulators.ses.server import LocalSes
from local.stack.aws import CREDENTIALS, REGION, LocalAws
from local.stack.function_host import function_host
from local.stack.parameters import local_template
from local.stack.stack import endpoints
from operations.cli import app
from operations.through_function import Entry
from shared.domain.alert_message import message
from shared.domain.alerts import Alert, AlertMessageKind, Language
from shared.domain.commands import Target
from shared.domain.conditions import CONDITIONS
from shared.domain.integration.contract import CONTRACT_VERSION
from shared.domain.listings import SyncRequest
from shared.domain.sync_messages import parse, write
from shared.domain.wording.languages import TEXTS
from tests.support.operator import Operator
from tests.support.screens import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.runtime.host import LambdaHost
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

QUEUES = ("SyncDeadLetters", "DeadLetters", "RepairRequests", "SyncRequests")
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
PERSONAL = "kari.saether@example.no"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), "sqs,sns,cloudformation,secretsmanager") as aws:
        yield aws


@pytest.fixture
def stack(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The queues of template.yaml as a deployed stack, and its name."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    return deployed({f"{queue}Url": {"Value": {"Ref": queue}} for queue in QUEUES})


def deployed(outputs, parameters=None):
    name = f"hlf-{uuid4().hex[:8]}"
    outputs = {"ExpiryCheckName": {"Value": f"{name}-ExpiryCheck-1"}, **outputs}
    resources: dict[str, Any] = {queue: {"Type": "AWS::SQS::Queue"} for queue in QUEUES}
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["SyncDeadLetters", "Arn"]}, "maxReceiveCount": 10}
    resources["SyncRequests"]["Properties"] = {"RedrivePolicy": redrive}
    body = {"Resources": resources, "Outputs": outputs}
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


NOBODY = Operator("", {})
command = NOBODY.type


def test_what_was_given_up_is_listed_and_its_syncs_sent_again(stack: Any) -> None:
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
        f"sam remote invoke ExpiryCheck --stack-name {stack}"
        """ --event '{"scheduled_time": "2026-11-30T23:15:00Z"}'""" in printed
    )
    assert PERSONAL not in printed
    listed = json.loads(command("dlq", "list", "--stack", stack, "--json"))  # they are all there still
    mentors = {mentor for letter in listed for mentor in letter["mentor_ids"]}
    assert mentors == {str(request.mentor_id) for request in requests}

    assert "12 messages requested again" in (said := command("dlq", "replay", "--stack", stack, expect=1))
    assert "1 message left: it is not a sync request" in said
    assert {parse(body)[0] for body in bodies(stack, "RepairRequests")} == set(requests)
    assert bodies(stack, "SyncDeadLetters") == [f"not for us: {PERSONAL}"]
    assert "a person decides" in " ".join(
        command("dlq", "replay", "--queue", "DeadLetters", "--stack", stack, expect=1).split()
    )
    assert len(bodies(stack, "DeadLetters")) == 2


def test_a_replay_that_fails_loses_nothing(stack: Any) -> None:
    """What could not be sent lies where it lay, for everybody to see at once."""
    broken = deployed(
        {
            "SyncDeadLettersUrl": {"Value": {"Ref": "SyncDeadLetters"}},
            "RepairRequestsUrl": {"Value": "http://localhost/000000000000/there-is-none"},
        }
    )
    put(broken, "SyncDeadLetters", *write([SyncRequest(uuid4(), 1)]))
    assert "AWS refuses" in command("dlq", "replay", "--stack", broken, expect=3)
    assert len(bodies(broken, "SyncDeadLetters")) == 1


def test_a_stack_that_cannot_be_found_is_explained(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such stack, another's stack, no region, no local stack: a sentence that says what to do."""
    assert "Check the name, the region" in " ".join(command("dlq", "list", "--stack", "nobodys", expect=3).split())
    other = deployed({})
    said = " ".join(command("dlq", "replay", "--stack", other, expect=3).split())
    assert "the stack has no output SyncDeadLettersUrl" in said
    assert "no output ReconciliationName" in " ".join(command("reconcile", "--stack", other, expect=3).split())
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "AWS_REGION" in command("dlq", "list", "--stack", stack, expect=3)


def test_the_region_may_be_set_as_the_documents_say(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's CLI reads AWS_REGION, boto3 by itself only AWS_DEFAULT_REGION."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", CREDENTIALS["AWS_DEFAULT_REGION"])
    assert "No message was given up" in command("dlq", "list", "--stack", stack)


@pytest.mark.parametrize(("limit", "said"), [("0", "no limit on public calls"), ("10", "at most 10 calls at a time")])
def test_status_says_whether_strangers_have_a_limit(stack: Any, operator: Operator, limit: str, said: str) -> None:
    """An account with a small quota turns the limit off, and is not to forget it."""
    name = deployed({}, {"WebhookConcurrency": {"Type": "Number", "Default": limit}})
    assert said in operator.run("status", "--stack", name)
    assert json.loads(operator.run("status", "--stack", name, "--json"))["webhook_concurrency"] == int(limit)
    assert "Webhook" not in operator.run("status")


@dataclass
class Lambda:
    """Respond to every invocation alike, and keeps the events."""

    payload: Any
    function_error: str | None = None
    log_lines: tuple[str, ...] = ("a line of the log",)
    duration_ms: float = 1.0
    init_ms: float | None = None
    max_memory_mb: int = 1
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    aliases: list[tuple[str, str]] = field(default_factory=list)

    def invoke(self, function, event):
        self.events.append((function, event))
        return self

    def has_alias(self, function, name):
        self.aliases.append((function, name))
        return name == "live"


def test_reconciliation_is_called_once_and_reported_in_words(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconciliation of a deployed stack is called once and reported in words."""
    name = deployed({"ReconciliationName": {"Value": "hlf-Reconciliation-1"}})
    run = str(uuid4())
    with InvokeApi(host := Lambda({"run_id": run, "state": "degraded", "reason": "repairs_braked"})) as api:  # type: ignore[arg-type]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        said_yes = ("--accept-small", "--actor", "turid", "--reason", "it is so")
        printed = command("reconcile", "--stack", name, *said_yes, expect=3)  # what it found cannot be read here
        assert f"Done, but a brake holds repairs back (repairs_braked); run {run}" in " ".join(printed.split())
        assert json.loads(command("reconcile", "--sweep", "--stack", name, "--json", expect=1))["run_id"] == run
        (function, full), (_, sweep) = host.events
        assert function == "hlf-Reconciliation-1"
        assert set(host.aliases) == {(function, "live")}  # not a version that a deployment has stopped
        assert full["accept"] == {"actor": "turid", "reason": "it is so"}
        assert [event.get("mode") for event in (full, sweep)] == ["full", "sweep"]
        assert set(sweep) == {"scheduled_time", "mode"}
        host.payload, host.function_error = {"errorMessage": "RunFailedError: entra_7000222"}, "Unhandled"
        failed = command("reconcile", "--stack", name, expect=3)
        assert "the client secret has expired (entra_7000222)" in " ".join(failed.split())
        assert "Create a new client secret" in failed
        assert "a line of the log" not in failed
        assert len(host.events) == 3


METRIC = '{"_aws": {"CloudWatchMetrics": []}, "RunsFailed": [1.0]}'


@pytest.mark.parametrize(
    ("reason", "said", "first"),
    [
        ("dataverse_ConnectError,entra_ConnectError", "Dynamics cannot be reached", "This usually passes"),
        ("dataverse_403_0x80072560", "our application user is missing", "Add the application user again"),
        ("dataverse_403_0x80042f09", "our application user has no security role", "Give the application user"),
        ("entra_90002", "no such tenant", "Correct tenant_id"),
        ("no_time_left", "there was no time left", ""),
    ],
)
def test_reconcile_in_an_outage_says_why_in_sentences(
    stack: Any, monkeypatch: pytest.MonkeyPatch, reason: str, said: str, first: str
) -> None:
    """No class, no metric, no traceback; what it means and what to do. Exit code 3: it is not known."""
    name = deployed({"ReconciliationName": {"Value": "hlf-Reconciliation-1"}})
    log = ("Traceback (most recent call last):", METRIC, "[ERROR] RunFailedError: x")
    host = Lambda({"errorMessage": f"RunFailedError: {reason}", "errorType": "FunctionFailedError"}, "Unhandled", log)
    with InvokeApi(host) as api:  # type: ignore[arg-type]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        printed = " ".join(command("reconcile", "--stack", name, expect=3).split())
    assert f"Nothing was compared: {said}" in printed
    assert first in printed
    assert "new client secret" not in printed
    for machinery in ("Traceback", "_aws", "RunFailedError"):
        assert machinery not in printed


def test_reconcile_shows_the_log_of_what_is_not_known(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the metrics."""
    name = deployed({"ReconciliationName": {"Value": "hlf-Reconciliation-1"}})
    with InvokeApi(Lambda({"errorMessage": "something new"}, "Unhandled", ("where it was", METRIC))) as api:  # type: ignore[arg-type]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        printed = command("reconcile", "--stack", name, expect=3)
    assert "something new" in printed
    assert "where it was" in printed
    assert "_aws" not in printed


@pytest.mark.parametrize("scheduled", [None, "tomorrow", ["2026-11-30T23:15:00Z"]])
def test_a_nightly_check_without_a_time_is_no_command_to_paste(stack: Any, scheduled: Any) -> None:
    """What is printed works as printed; the runbook says how a day is run again."""
    arn = f"arn:aws:lambda:eu-north-1:1:function:{stack}-ExpiryCheck-1:$LATEST"
    event = {"requestContext": {"functionArn": arn}, "requestPayload": {"scheduled_time": scheduled}}
    put(stack, "DeadLetters", json.dumps(event))
    printed = command("dlq", "list", "--stack", stack)
    assert "sam remote invoke" not in printed
    assert "The other functions" not in printed
    assert '"A run failed"' in printed


@pytest.mark.slow
def test_looking_at_dead_letters_is_no_try(stack: Any) -> None:
    """The tries are those of the functions, however often somebody looks."""
    put(stack, "SyncDeadLetters", write([SyncRequest(uuid4(), 1)])[0])
    failed = {"requestContext": {"functionArn": "x", "approximateInvokeCount": 3}, "requestPayload": {}}
    put(stack, "DeadLetters", json.dumps(failed), "neither")
    for _ in range(3):
        listed = json.loads(command("dlq", "list", "--stack", stack, "--json"))
        assert sorted(str(letter["tries"]) for letter in listed) == ["10", "3", "None"]


@pytest.mark.slow
def test_a_letter_that_is_no_sync_request_can_be_removed(
    stack: Any, operator: Operator, foundation: Foundation
) -> None:
    """By a named person, audited by its id alone (I11); a sync request is asked for again instead."""
    put(stack, "SyncDeadLetters", write([SyncRequest(uuid4(), 1)])[0], f"not for us: {PERSONAL}")
    put(stack, "DeadLetters", json.dumps({"scheduled_time": f"for {PERSONAL}"}))
    letters = json.loads(command("dlq", "list", "--stack", stack, "--json"))
    [sync] = [letter["message_id"] for letter in letters if letter["mentor_ids"]]
    others = [letter["message_id"] for letter in letters if not letter["mentor_ids"]]
    who = ("--actor", "turid", "--reason", "looked at it", "--stack", stack)
    for letter in others:
        assert "Removed from" in operator.run("dlq", "drop", letter, *who)
    assert "is a sync request" in operator.run("dlq", "drop", sync, *who, expect=1)
    assert "there is no message" in operator.run("dlq", "drop", others[0], *who, expect=1)
    assert "--actor is empty" in operator.run("dlq", "drop", sync, "--actor", " ", *who[2:], expect=2)
    left = json.loads(command("dlq", "list", "--stack", stack, "--json"))
    assert [letter["message_id"] for letter in left] == [sync]
    kept = foundation.all("SELECT action, actor, reason, facts FROM certification.audit ORDER BY id")
    assert [(action, facts["message_id"]) for action, _, _, facts in kept] == [("drop_dead_letter", m) for m in others]
    assert PERSONAL not in str(kept)


@pytest.fixture(scope="module")
def running(aws: LocalAws) -> Iterator[tuple[Stack, LambdaHost]]:
    """The functions of template.yaml, beside the same AWS APIs."""
    stack = provision(local_template(region=REGION), local_clients(aws.url, REGION))
    with function_host(stack, endpoints(aws.url, aws.url)) as host:
        yield stack, host


@dataclass
class RealCommands:
    """Run commands of the database in their functions; each other function responds as it is told."""

    real: LambdaHost
    others: Lambda

    def has_alias(self, function, name):
        return (self.real if function in Entry else self.others).has_alias(function, name)

    def invoke(self, function, event):
        return (self.real if function in Entry else self.others).invoke(function, event)


@pytest.fixture
def stack_with_login(stack: Any, running: tuple[Stack, LambdaHost], database: TestDatabase) -> Any:
    """A stack whose functions have logins of the test's database, and that speaks bokmål."""
    outputs: dict[str, Any] = {f"{queue}Url": {"Value": {"Ref": queue}} for queue in QUEUES}
    for entry in Entry:
        arn = running[0].physical_id(f"{entry}DatabaseSecret")
        login = json.dumps(database.login(entry))
        boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=login)
        outputs |= {f"{entry}DatabaseSecretArn": {"Value": arn}, f"{entry}Name": {"Value": entry.value}}
    dataverse = boto3.client("secretsmanager").create_secret(Name=f"s-{uuid4()}", SecretString="{}")["ARN"]
    outputs |= {"ReconciliationName": {"Value": "hlf-Reconciliation-1"}, "DataverseSecretArn": {"Value": dataverse}}
    outputs |= {"MailSenderAddress": {"Value": "ikke-svar@example.no"}, "MailConfigurationSetName": {"Value": "none"}}
    outputs |= {"VerifyIntegrationName": {"Value": "hlf-VerifyIntegration-1"}}
    return deployed(outputs, {"OperationsLanguage": {"Type": "String", "Default": "nb"}})


def test_the_stack_alone_says_which_database_and_language(
    stack_with_login: Any,
    running: tuple[Stack, LambdaHost],
    foundation: Foundation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What an alert prints can be typed as it stands; an option or the environment may choose otherwise."""
    with InvokeApi(running[1]) as api:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        assert command("status", "--stack", stack_with_login).startswith("Alt er som det skal være.")
        english = command("status", "--stack", stack_with_login, "--language", "en")
        assert english.startswith("Everything is as it should")
        monkeypatch.setenv("OPERATIONS_LANGUAGE", "en")
        assert command("alerts", "--stack", stack_with_login).startswith("No alert is open.")


@pytest.mark.parametrize("language", [Language.NB, pytest.param(Language.EN, marks=pytest.mark.slow)])
def test_every_command_that_an_alert_prints_runs(
    stack_with_login: Any,
    running: tuple[Stack, LambdaHost],
    database: TestDatabase,
    foundation: Foundation,
    monkeypatch: pytest.MonkeyPatch,
    language: Language,
) -> None:
    """As printed, on a deployed stack. It may find nothing to do; it is never not understood, nor lost."""
    report = {"findings": [], "contract_version": CONTRACT_VERSION}
    others = Lambda({"run_id": str(uuid4()), "state": "succeeded", "reason": None, **report})
    host = RealCommands(running[1], others)
    organisation = foundation.organisation()
    texts, printed = TEXTS[language], set()
    every = [(one, about, "") for one, entry in CONDITIONS.items() for about in ("", *entry.subjects)]
    every += [(one, "", form) for one, entry in CONDITIONS.items() for form in entry.forms]
    for condition, subject, form in every:
        facts = {"organisation_id": str(organisation), "kind": "expiry", "form": form}
        made = Alert(7, AlertMessageKind.OPENED, condition, subject, NOW, None, 2, (uuid4(),), facts, "")
        body = message(made, NOW, texts, Target(stack_with_login)).body
        printed |= {line.strip() for line in body.splitlines() if line.strip().startswith("hlf-operations ")}
    assert len(printed) >= 12
    with InvokeApi(host) as api, LocalSes() as ses:  # type: ignore[arg-type]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.url)  # it has no configuration set, so a drill is over at once
        owner = psycopg.conninfo.conninfo_to_dict(database.dsn)
        monkeypatch.setenv(
            "PGPASSWORD", str(owner["password"])
        )  # for `migrate`, which the login of the stack may not do
        for line in sorted(printed):
            result = CliRunner().invoke(app, shlex.split(line)[1:])
            # This database has no proof, and the stand-in for the function has checked nothing.
            unknown = "there is no proof" in result.output or "verify-integration" in line
            assert result.exit_code in ({3} if unknown else {0, 1}), (line, result.output)
            assert result.exception is None or isinstance(result.exception, SystemExit), (line, result.exception)


def test_a_stack_without_a_login_says_how_to_put_one_in(
    stack: Any, stack_with_login: Any, running: tuple[Stack, LambdaHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is guessed, least of all the local database."""
    arn = running[0].physical_id("OperationsReaderDatabaseSecret")
    boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString="{}")
    with InvokeApi(running[1]) as api:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", api.url)
        said = " ".join(command("status", "--stack", stack_with_login, "--language", "en", expect=3).split())
    assert "OperationsReaderDatabaseSecret holds no login" in said
    assert "no output OperationsReaderName" in " ".join(command("alerts", "--stack", stack, expect=3).split())


@pytest.mark.slow
def test_a_narrow_terminal_cuts_no_letter(stack: Any) -> None:
    """Ids, ages, tries and times stand there whole at 80 columns and at 60."""
    put(stack, "SyncDeadLetters", *(write([SyncRequest(uuid4(), number)])[0] for number in range(1, 4)))
    event = {"requestContext": {"functionArn": f"arn:aws:lambda:x:1:function:{stack}-ExpiryCheck-1:$LATEST"}}
    put(stack, "DeadLetters", json.dumps(event | {"requestPayload": {"scheduled_time": "2026-11-30T23:15:00Z"}}))
    letters = json.loads(command("dlq", "list", "--stack", stack, "--json"))
    named = {one["message_id"] for one in letters} | {mentor for one in letters for mentor in one["mentor_ids"]}
    assert len(named) == 7
    for columns in (80, 60):
        printed = NOBODY.screen(columns, "dlq", "list", "--stack", stack)
        assert named | {"10", "2026-11-30T23:15:00Z"} <= figures(printed)
        commands = ("hlf-operations", "sam remote")
        lines = [line for line in printed.splitlines() if not any(command in line for command in commands)]
        assert max(map(len, map(str.rstrip, lines))) <= columns
