"""The IAM policies of people: exactly what `hlf-operations --stack` calls, for each command (least privilege).

Every command is typed on a stack whose database no laptop reaches; botocore's own events say what was called.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from typer.testing import CliRunner

from emulators.ses.server import LocalSes
from local.stack.parameters import local_template
from operations.cli import COMMANDS, app
from operations.dates import OSLO
from operations.mounting import ForDatabase, Group
from operations.through_function import Entry
from shared.domain.integration.contract import CONTRACT_VERSION
from shared.domain.listings import SyncRequest
from shared.domain.sync_messages import write
from tests.support.iam import actions_of
from tests.support.vpc import Vpc, vpc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

TEMPLATE = local_template()
WHO = ("--actor", "turid", "--reason", "a test")
ID = "11111111-1111-4111-8111-111111111111"
MAPPING = "thresholds=45 21 7"


def hours_ago(hours: int) -> str:
    """Return a moment of Oslo as a person types it."""
    return f"{datetime.now(OSLO) - timedelta(hours=hours):%Y-%m-%dT%H:%M}"


# What each command is typed with, so that it makes every call it can. None: it needs more than the policies give.
TYPED: dict[str, list[tuple[str, ...]]] = {
    "status": [()],
    "alerts": [()],
    "proof": [()],
    "explain": [(ID,)],
    "preview": [()],
    "retention": [()],
    "settings show": [()],
    "settings history": [()],
    "rejected list": [()],
    "duplicates list": [()],
    "export-proofs": [("--from", "2026-01-01", "--to", "2026-12-31", "--out", "-")],
    "break-glass-export": [("-",)],
    "verify-integration": [()],
    "dlq list": [()],
    "release-brake": [("--org", "x", *WHO)],
    "undo-run": [(ID, *WHO)],
    "settings set": [(MAPPING, "--standard", "--yes", *WHO)],
    "rejected retry": [("--all", *WHO)],
    "duplicates review": [("--all", *WHO)],
    "allow-mail": [(ID, *WHO)],
    "forget-person": [(ID, "--yes", *WHO)],
    "reconcile": [("--full",), ("--sweep",)],
    "dlq replay": [()],
    "dlq drop": [("LETTER OF SYNCS", *WHO), ("LETTER OF EVENTS", *WHO)],
    "test-alert": [WHO, ("--acknowledge", "K7PD4W", "--actor", "turid")],
    "after-restore": [("--restored-to", hours_ago(48), "--lost-at", hours_ago(24), *WHO), ("--undo", *WHO)],
    "mail-drill": [("--wait", "0", *WHO)],
    "rotate-credential": [
        ("--form", "federation", "--wait-minutes", "0", *WHO),
        ("--file", "FILE", "--wait-minutes", "0", *WHO),
        ("--undo", "--wait-minutes", "0", *WHO),
    ],
}
# The schema's owner types it, who is the administrator of the account and of the database.
OWNERS = {"migrate", "setup"}
NO_SYSTEM = {"verify-proofs"}
READS = {"verify-integration", "dlq list"}  # beside what OperationsReader runs


@dataclass
class StandIn:
    """Respond for the functions that need a website."""

    function_error: str | None = None
    log_lines: tuple[str, ...] = ()
    duration_ms: float = 1.0
    init_ms: float | None = None
    max_memory_mb: int = 1
    payload: Any = field(
        default_factory=lambda: {
            "run_id": str(uuid4()),
            "state": "succeeded",
            "reason": None,
            "findings": [],
            "contract_version": CONTRACT_VERSION,
        }
    )

    def invoke(self, *_: object) -> StandIn:
        return self


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vpc]:
    with vpc(tmp_path_factory.mktemp("aws"), StandIn()) as running:
        yield running


@pytest.fixture
def called(running: Vpc, database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, str]]]:
    """What is called from here on: rights, each with the resource, by its name in the template."""
    running.log_in(database)
    with LocalSes() as ses:
        for name, value in {**running.environment, "AWS_ENDPOINT_URL_SESV2": ses.url}.items():
            monkeypatch.setenv(name, value)
        found: set[tuple[str, str]] = set()
        kinds = {"AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::SES::ConfigurationSet", "AWS::SNS::Topic"}
        named = [name for name, one in TEMPLATE.resources.items() if one["Type"] in kinds]
        names = {running.stack.physical_id(name): name for name in named}

        def record(params: dict[str, Any], model: Any, **_: Any) -> None:
            service = str(model.service_model.service_name)
            assert "FunctionName" not in params or params["Qualifier"] == "live"
            for action in actions_of((service, str(model.name))):
                found.add((action, resource(params, names, running.name)))

        boto3.setup_default_session()
        session = boto3.DEFAULT_SESSION
        assert session is not None
        session.events.register("before-parameter-build", record)
        yield found
        boto3.DEFAULT_SESSION = None


def resource(params: dict[str, Any], names: dict[str, str], stack: str) -> str:
    """Return the resource that a call names."""
    for key in ("FunctionName", "QueueUrl", "SecretId", "ConfigurationSetName", "StackName", "TopicArn"):
        if key in params:
            given = str(params[key])
            return "AWS::StackName" if given == stack else names.get(given, given)
    raise AssertionError(f"a call of a resource that is not looked at: {params}")


def leaves() -> dict[str, Any]:
    return {
        " ".join([name, *([inner] if inner else [])]): one
        for name, mounted in COMMANDS.items()
        for inner, one in (mounted.commands.items() if isinstance(mounted, Group) else [("", mounted)])
    }


def reads(name: str) -> bool:
    mounted = leaves()[name]
    return name in READS or (isinstance(mounted, ForDatabase) and mounted.entry is Entry.READER)


def letters(running: Vpc) -> dict[str, str]:
    """Put a sync request and others among the dead letters, and return the others' ids by what they are typed as."""
    send = running.clients.sqs.send_message
    syncs, events = (running.stack.physical_id(queue) for queue in ("SyncDeadLetters", "DeadLetters"))
    send(QueueUrl=syncs, MessageBody=write([SyncRequest(uuid4(), 1)])[0])
    return {
        "LETTER OF SYNCS": send(QueueUrl=syncs, MessageBody="neither")["MessageId"],
        "LETTER OF EVENTS": send(QueueUrl=events, MessageBody="{}")["MessageId"],
    }


def credential_file(running: Vpc, folder: Path) -> Path:
    """Write a new credential, beside the one that is in use."""
    file, ids = folder / "credential.json", {"tenant_id": ID, "client_id": ID}
    new, old = ({**ids, "client_secret": one * 40, "client_secret_expires_on": "2099-01-31"} for one in "xy")
    file.write_text(json.dumps(new))
    file.chmod(0o600)
    secret = running.stack.physical_id("DataverseSecret")
    running.clients.secretsmanager.put_secret_value(SecretId=secret, SecretString=json.dumps(old))
    return file


def type_all(running: Vpc, folder: Path, *, reading: bool) -> None:
    filled = {"FILE": str(credential_file(running, folder)), **letters(running)}
    for name, lines in TYPED.items():
        for line in lines if reads(name) is reading else ():
            words = [filled.get(word, word) for word in line]
            result = CliRunner().invoke(app, [*name.split(), *words, "--stack", running.name])
            assert result.exception is None or isinstance(result.exception, SystemExit), (name, result.exception)
            assert result.exit_code != 2, (name, result.output)  # it was understood
            assert "Traceback" not in result.output, (name, result.output)
            assert "AWS refuses" not in result.output, (name, result.output)


def allowed(policy: str) -> set[tuple[str, str]]:
    """Return the rights of a policy, each with a resource; the alias of a function is the function."""
    return {
        (action, name)
        for one in TEMPLATE.resources[policy]["Properties"]["PolicyDocument"]["Statement"]
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
        for resource in (one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]])
        for name in named_in(resource)
    }


def named_in(resource: Any) -> set[str]:
    found = set(re.findall(r"'(?:Ref|Fn::GetAtt)': \[?'(\w+)'", str(resource)))
    found |= {name.partition(".")[0] for name in re.findall(r"\$\{([\w.]+|AWS::StackName)\}", str(resource))}
    return found


def test_every_command_is_typed_here() -> None:
    """A new one has to be, before it can be deployed without its rights."""
    assert TYPED.keys() | OWNERS | NO_SYSTEM == leaves().keys()


def test_the_readers_policy_is_what_reading_calls(called: Any, running: Vpc, tmp_path: Path) -> None:
    """Nothing missing, nothing superfluous; the login of the database is no part of it."""
    type_all(running, tmp_path, reading=True)
    assert called == allowed("ReaderPolicy")


@pytest.mark.slow
def test_the_operators_policy_is_what_changing_calls_beside(
    called: Any, running: Vpc, foundation: Foundation, tmp_path: Path
) -> None:
    """Nothing that the reader's policy has already."""
    foundation.organisation()
    type_all(running, tmp_path, reading=False)
    assert called - allowed("ReaderPolicy") == allowed("OperatorPolicy")
    assert allowed("OperatorPolicy") & allowed("ReaderPolicy") == set()


def test_a_drill_reaches_the_simulator_and_nobody_else() -> None:
    """The policy says so, not only the command."""
    statements = TEMPLATE.resources["OperatorPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    (sending,) = [one["Condition"] for one in statements if "ses:SendEmail" in one["Action"]]
    assert sending["ForAllValues:StringLike"] == {"ses:Recipients": "*@simulator.amazonses.com"}
    assert sending["Null"] == {"ses:Recipients": "false"}


def test_a_function_is_invoked_by_its_alias_alone() -> None:
    """Which is what the program calls; an older version is nobody's to run."""
    for policy in ("ReaderPolicy", "OperatorPolicy"):
        (invoking,) = [
            one["Resource"]
            for one in TEMPLATE.resources[policy]["Properties"]["PolicyDocument"]["Statement"]
            if one["Action"] == "lambda:InvokeFunction"
        ]
        assert {one["Fn::Sub"].partition("}")[2] for one in invoking} == {":live"}
