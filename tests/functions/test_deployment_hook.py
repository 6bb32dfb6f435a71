"""verify_integration as a deployment's PreTraffic hook, against a local CodeDeploy over HTTP."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from emulators.codedeploy.server import HookExecution, LocalCodeDeploy
from emulators.lambda_host.runtime.host import LambdaHost
from local.stack.alerts_inbox import OperationsInbox
from local.stack.stack import ROOT, endpoints
from shared.adapters.postgres.integration.server import server_points
from shared.domain.integration.deployments import DEPENDENCIES_THAT_STOP
from shared.domain.integration.website_tables import POINTS as TABLE_POINTS
from tests.functions.conftest import CREDENTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from emulators.lambda_host.runtime.invocation import Invocation
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.functions.conftest import DeployedStack
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

    type Running = Callable[..., AbstractContextManager[Hook]]

EVENT = json.loads((ROOT / "events/verify_integration.deployment.json").read_text(encoding="utf-8"))


@pytest.fixture
def codedeploy() -> Iterator[LocalCodeDeploy]:
    with LocalCodeDeploy() as server:
        yield server


class Hook:
    """The function, as CodeDeploy invokes it."""

    def __init__(self, host: LambdaHost, codedeploy: LocalCodeDeploy, alerts: Path) -> None:
        self._host, self._codedeploy, self._alerts = host, codedeploy, alerts

    def run(self) -> tuple[HookExecution, Invocation]:
        execution = self._codedeploy.begin()
        assert execution.event.keys() == EVENT.keys()
        return execution, self.invoke(execution.event)

    def invoke(self, event: object) -> Invocation:
        return self._host.invoke("VerifyIntegration", event)

    def mails(self) -> list[str]:
        """All that operations got, once the block has ended."""
        return [path.read_text(encoding="utf-8") for path in sorted(self._alerts.glob("*.txt"))]


@pytest.fixture
def hook(
    apis: tuple[LocalAws, Stack, Any],
    deployed: DeployedStack,
    site: EmulatedWebsite,
    codedeploy: LocalCodeDeploy,
    foundation: Foundation,
    tmp_path: Path,
) -> Running:
    """The function on a sound organisation; `environment` wins over the template's."""
    foundation.organisation()

    @contextmanager
    def running(**environment: str) -> Iterator[Hook]:
        here = {"DATAVERSE_URL": site.url, "ENTRA_AUTHORITY": site.url, "DNS_SERVER": deployed.names.address}
        here |= endpoints(apis[0].url, deployed.ses.url) | {"AWS_ENDPOINT_URL_CODEDEPLOY": codedeploy.url}
        topic = deployed.stack.physical_id("OperationsTopic")
        inbox = OperationsInbox(deployed.clients, topic, tmp_path / "alerts")
        with inbox, LambdaHost(deployed.stack, ROOT, here | environment) as host:
            yield Hook(host, codedeploy, tmp_path / "alerts")
        for one in deployed.clients.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
            if one["Endpoint"].endswith(":operations-inbox"):
                deployed.clients.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])

    return running


def logged(done: Invocation) -> dict[str, Any]:
    lines = [json.loads(line) for line in done.log_lines if line.startswith("{")]
    (line,) = [line for line in lines if line.get("message") == "deployment"]
    return line


@pytest.mark.usefixtures("sound")
def test_a_version_that_fits_gets_its_traffic(hook: Running) -> None:
    """The stack itself is not compared: while a deployment waits it is between two templates."""
    with hook(STACK_NAME="not-deployed") as running:
        execution, done = running.run()
    assert (execution.status, done.payload) == ("Succeeded", {"succeeded": True, "reasons": []}), done.log_lines
    assert logged(done)["succeeded"] is True
    assert running.mails() == []


@pytest.mark.usefixtures("sound")
def test_what_no_version_can_mend_stops_none(hook: Running, deployed: DeployedStack, foundation: Foundation) -> None:
    """A wrong row, a credential that has run out, SES's sandbox: the version may be the one that is to mend it."""
    mentor = foundation.mentor(foundation.organisation(name="Moss"), "2030-01-01")
    foundation.do("DELETE FROM certifications WHERE mentor_id = %s", mentor)
    deployed.clients.secretsmanager.put_secret_value(
        SecretId=deployed.stack.physical_id("DataverseSecret"),
        SecretString=json.dumps(CREDENTIAL | {"client_secret": "another"}),
    )
    deployed.ses.unverified.add("example.no")
    with hook() as running:
        execution, done = running.run()
    deployed.ses.unverified.clear()
    assert (execution.status, done.payload["reasons"]) == ("Succeeded", []), done.log_lines
    lines = [json.loads(line) for line in done.log_lines if line.startswith("{")]
    (points,) = [line["points"] for line in lines if "points" in line]
    assert {"data.active_uncertified", "dependencies.website.credential", "dependencies.mail.sender"} <= set(points)


@pytest.mark.usefixtures("sound")
def test_a_version_that_does_not_fit_is_stopped(hook: Running, foundation: Foundation) -> None:
    """CodeDeploy takes no reason: the log has it, and operations is told, by points and without a person (I11)."""
    foundation.mentor(foundation.organisation(name="Moss"), "2030-01-01", name=("Kari", "Nes"))
    foundation.do("ALTER TABLE peer_mentors ALTER COLUMN listing_consent SET DEFAULT true")
    with hook(STACK_NAME="hlf-prod", OPERATIONS_LANGUAGE="nb") as running:
        execution, done = running.run()
    assert execution.status == "Failed"
    assert done.payload == {"succeeded": False, "reasons": ["structure.consent (does_not_hold)"]}
    assert logged(done)["reasons"] == done.payload["reasons"]
    (mail,) = running.mails()
    assert mail.startswith("Subject: HLF-sertifisering: en ny versjon ble stoppet\n")
    assert execution.deployment in mail
    assert "  structure.consent (does_not_hold)\n" in mail
    assert "hlf-operations verify-integration --stack hlf-prod" in mail
    assert "Nes" not in mail + "".join(done.log_lines)


@pytest.mark.usefixtures("sound")
def test_a_database_out_of_reach_stops_a_version(hook: Running, deployed: DeployedStack) -> None:
    """Whether it fits cannot be known. Its other neighbours may be away: that is no fault of the new version."""
    deployed.put_secret(
        "VerifyIntegration", {"host": "127.0.0.1", "port": 1, "dbname": "d", "username": "u", "password": "p"}
    )
    with hook() as running:
        execution, done = running.run()
    assert execution.status == "Failed"
    assert {reason.partition(".")[0] for reason in done.payload["reasons"]} == {"structure"}


@pytest.mark.usefixtures("sound")
def test_the_secret_of_a_new_function_stops_nothing(hook: Running, deployed: DeployedStack) -> None:
    """The deployment that makes the function makes its secret too, and nobody can have filled it yet."""
    deployed.clients.secretsmanager.delete_secret(
        SecretId=(made := deployed.clients.secretsmanager.create_secret(Name="of-a-new-function")["ARN"]),
        ForceDeleteWithoutRecovery=True,
    )
    verify = next(one for one in deployed.stack.functions if one.logical_id == "VerifyIntegration")
    arns = json.loads(verify.environment["SECRET_ARNS"]) | {"operations": made}
    with hook(SECRET_ARNS=json.dumps(arns)) as running:
        execution, done = running.run()
    assert (execution.status, done.payload["reasons"]) == ("Succeeded", [])
    points = [json.loads(line) for line in done.log_lines if '"verify_integration"' in line and '"points"' in line]
    assert "dependencies.secrets.operations" in points[0]["points"]


def test_a_checkpoint_that_fails_itself_reports_so(hook: Running) -> None:
    """Otherwise CodeDeploy would wait for an hour."""
    with hook(SECRET_ARNS="[") as running:
        execution, done = running.run()
    assert execution.status == "Failed"
    assert done.payload["succeeded"] is False
    (mail,) = running.mails()
    assert done.payload["reasons"][0] in mail


def test_a_codedeploy_that_cannot_be_told_is_an_error(hook: Running, codedeploy: LocalCodeDeploy) -> None:
    """I18: within the function's time, and as the function's error, which its log shows."""
    codedeploy.hang()
    with hook() as running:
        execution, done = running.run()
    assert execution.status == "Pending"
    assert done.function_error == "Unhandled"
    assert done.payload["errorMessage"].startswith("OperationsUnreachableError: codedeploy_")


def test_an_execution_is_answered_once(hook: Running, codedeploy: LocalCodeDeploy) -> None:
    """Lambda may invoke the hook a second time: it is done then, no error, and operations is told once."""
    with hook(SECRET_ARNS="[") as running:
        execution, first = running.run()
        again = running.invoke(execution.event)
    assert execution.status == "Failed"
    assert (again.function_error, again.payload) == (None, first.payload)
    assert len(running.mails()) == 1


def test_a_deployment_that_is_made_up_is_told_to_nobody(hook: Running) -> None:
    """Who may invoke the function with an event of their own mails operations nothing."""
    with hook(SECRET_ARNS="[") as running:
        done = running.invoke(EVENT)
    assert done.payload["errorMessage"].startswith("OperationsUnreachableError: codedeploy_Invalid")
    assert running.mails() == []


def test_what_stops_is_a_point_of_the_checkpoint() -> None:
    """A point that has another name now would stop nothing."""
    assert TABLE_POINTS.keys() | server_points().keys() >= DEPENDENCIES_THAT_STOP


@pytest.mark.parametrize("event", [{"DeploymentId": "d-ABCDEF123"}, {**EVENT, "DeploymentId": "../x"}])
def test_an_event_that_is_neither_is_refused(hook: Running, event: dict[str, str]) -> None:
    """Neither of CodeDeploy nor of a person: half of an event is no person's."""
    with hook() as running:
        done = running.invoke(event)
    assert done.payload["errorMessage"].startswith("InvalidEventError: ")
