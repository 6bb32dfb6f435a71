"""The functions of template.yaml in processes of their own, on the test's database."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.model import defaults
from emulators.dns.server import LocalDns
from emulators.identity.server import LocalIdentity
from emulators.lambda_host.template.provision import Stack, local_clients, provision
from emulators.ses.server import LocalSes
from local.stack.aws import REGION, LocalAws
from local.stack.database import ROLES
from local.stack.function_host import function_host
from local.stack.mail import DNS_RECORDS, create_configuration_sets
from local.stack.parameters import local_template
from local.stack.stack import endpoints
from tests.support.force_sync_url import opened
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from emulators.dataverse.process import LocalDataverse
    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.runtime.invocation import Invocation
    from tests.conftest import TestDatabase
    from tests.support.force_sync_url import ForceSyncUrl
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite, SyncWorker

CREDENTIAL = {
    "tenant_id": defaults.TENANT_ID,
    "client_id": defaults.CLIENT_ID,
    "client_secret": defaults.CLIENT_SECRET,
    "client_secret_expires_on": "2030-01-31",
}


@dataclass(frozen=True)
class DeployedStack:
    """The stack, its mail service and name server, and every line it logs."""

    stack: Stack
    host: LambdaHost
    ses: LocalSes
    names: LocalDns
    clients: Any
    lines: list[str]

    def put_secret(self, function: str, value: object) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.clients.secretsmanager.put_secret_value(
            SecretId=self.stack.physical_id(f"{function}DatabaseSecret"), SecretString=text
        )

    def invoke(self, function: str, event: object) -> Invocation:
        return self.host.invoke(function, event)

    def logged(self, invocation: Invocation) -> list[dict[str, Any]]:
        """Its structured lines."""
        return [json.loads(line) for line in invocation.log_lines if line.startswith("{")]


@pytest.fixture(scope="session")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalAws, Stack, Any]]:
    """The AWS APIs with what the template defines."""
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        clients = local_clients(aws.url, REGION)
        yield aws, provision(local_template(region=REGION), clients), clients


@pytest.fixture
def deployed(apis: tuple[LocalAws, Stack, Any], database: Any, site: EmulatedWebsite) -> Iterator[DeployedStack]:
    """Cold functions with logins to the test's database and to the website."""
    aws, stack, clients = apis
    environment = {"DATAVERSE_URL": site.url, "ENTRA_AUTHORITY": site.url}
    with ExitStack() as running:
        ses = running.enter_context(LocalSes())
        names = running.enter_context(LocalDns(dict(DNS_RECORDS)))
        create_configuration_sets(stack, ses)
        lines: list[str] = []
        host = running.enter_context(
            function_host(
                stack,
                endpoints(aws.url, ses.url) | environment | {"DNS_SERVER": names.address},
                on_log=lambda line: lines.append(line.text),
            )
        )
        deployed = DeployedStack(stack, host, ses, names, clients, lines)
        for function in ROLES:
            deployed.put_secret(function, database.login(function))
        clients.secretsmanager.put_secret_value(
            SecretId=stack.physical_id("DataverseSecret"), SecretString=json.dumps(CREDENTIAL)
        )
        yield deployed


@pytest.fixture
def sound(deployed: DeployedStack, foundation: Foundation) -> Iterator[None]:
    """A stack in which everything holds that a stack on one machine has."""
    foundation.do("DO $$BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END$$")
    foundation.do("INSERT INTO certification.webhook (url, secret) VALUES ('https://x.example.no/', repeat('k', 40))")
    deployed.clients.secretsmanager.put_secret_value(
        SecretId=deployed.stack.physical_id("WebhookSecret"), SecretString=json.dumps({"current": "k" * 40})
    )
    deployed.clients.secretsmanager.put_secret_value(
        SecretId=deployed.stack.physical_id("OperationsDatabaseSecret"),
        SecretString=json.dumps({"host": "h", "dbname": "d", "username": "u", "password": "p"}),
    )
    topic = deployed.stack.physical_id("OperationsTopic")
    post = "arn:aws:sqs:eu-north-1:000000000000:post"
    subscription = deployed.clients.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=post)["SubscriptionArn"]
    yield
    deployed.clients.sns.unsubscribe(SubscriptionArn=subscription)


# --- force_sync, as dashboards call it


@pytest.fixture(scope="module")
def identity() -> Iterator[LocalIdentity]:
    """The identity provider that force_sync trusts."""
    with LocalIdentity() as identity:
        yield identity


@pytest.fixture(scope="module")
def warm_force_sync(
    apis: tuple[LocalAws, Stack, Any], identity: LocalIdentity, emulator_process: LocalDataverse
) -> Iterator[ForceSyncUrl]:
    """One host for all tests of a module that leave the function's environment as it is."""
    with opened(apis, identity, emulator_process.url) as dashboard:
        yield dashboard


@pytest.fixture
def dashboard(warm_force_sync: ForceSyncUrl, database: TestDatabase, site: EmulatedWebsite) -> ForceSyncUrl:
    """force_sync on the test's database and website, with an empty queue and nothing logged."""
    warm_force_sync.log_in(database.login("ForceSync"))
    warm_force_sync.forget()
    return warm_force_sync


@pytest.fixture
def moss(foundation: Foundation) -> UUID:
    """An organisation whose day has been checked."""
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def turid(foundation: Foundation, moss: UUID) -> UUID:
    """The organisation's coordinator."""
    return foundation.coordinator(moss)


@pytest.fixture
def kari(foundation: Foundation, moss: UUID, worker: SyncWorker) -> UUID:
    """A mentor whom the website shows."""
    mentor = foundation.mentor(moss, DAY + days(100), consent=True, phone="400 00 000", area="Moss")
    worker.sync(mentor)
    return mentor
