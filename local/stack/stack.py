"""The whole system on this machine.

PostgreSQL with a stand-in for pg_net, the AWS APIs, a mail service, an event bus, Dataverse, an identity provider, and
the functions of template.yaml.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import psycopg

from emulators.codedeploy.server import LocalCodeDeploy
from emulators.dataverse.process import LocalDataverse
from emulators.dns.server import LocalDns
from emulators.identity.server import LocalIdentity
from emulators.lambda_host.template.provision import local_clients, provision
from emulators.lambda_host.triggers.event_sources import EventSources
from emulators.lambda_host.triggers.function_urls import FunctionUrls
from emulators.pg_net.worker import PgNet
from emulators.ses.server import LocalSes
from local import surroundings
from local.stack import database, mail
from local.stack.alerts_inbox import OperationsInbox
from local.stack.aws import CREDENTIALS, REGION, LocalAws
from local.stack.coordinators import identity_at, read_users
from local.stack.dataverse import TABLES
from local.stack.event_bus import EventBus, event_bus
from local.stack.federation import local_sts, trust
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.postgres import Postgres, PostgresError
from local.stack.private import keep_private
from shared.adapters.postgres.migrate import OtherVersionError, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.runtime.logs import LogLine
    from emulators.lambda_host.template.provision import Stack
    from emulators.sts.server import LocalSts
    from operations.console import Progress

ROOT = Path(__file__).parents[2]
# The folder of the local data, mails and logs. Tests set the variable, and so does a user who wants two stacks.
HOME = Path(os.environ.get("CERTIFICATION_LOCAL_HOME") or ROOT / ".local").absolute()

ADDRESSES = "stack.json"
"""The file in which `up` records the addresses of what it runs, for other commands."""


class StackRunningError(Exception):
    """Raised when another local stack holds this project's local data."""


@dataclass(frozen=True)
class LocalStack:
    """The running parts and their addresses."""

    postgres: Postgres
    dsn: str
    aws_url: str
    ses: LocalSes
    sts: LocalSts
    codedeploy: LocalCodeDeploy
    dataverse: LocalDataverse
    identity: LocalIdentity
    urls: FunctionUrls
    pg_net: PgNet
    stack: Stack
    host: LambdaHost
    bus: EventBus
    home: Path


def endpoints(aws_url: str, ses_url: str, sts_url: str = "", codedeploy_url: str = "") -> dict[str, str]:
    """Return the variables that tell the functions where AWS is. A service without a URL is where the others are."""
    found = {**CREDENTIALS, "AWS_ENDPOINT_URL": aws_url, "AWS_ENDPOINT_URL_SESV2": ses_url}
    own = {"AWS_ENDPOINT_URL_STS": sts_url, "AWS_ENDPOINT_URL_CODEDEPLOY": codedeploy_url}
    return found | {name: url for name, url in own.items() if url}


@contextmanager
def local_postgres(home: Path = HOME, *, durable: bool = True) -> Iterator[Postgres]:
    """Yield PostgreSQL alone, on the project's local data, which only one process at a time may hold."""
    keep_private(home)
    surroundings.forget_connections()
    with _hold(home / "lock"), Postgres(home / "postgres", durable=durable) as postgres:
        yield postgres


@contextmanager
def local_stack(
    home: Path = HOME,
    *,
    fresh: bool,
    progress: Progress = lambda _: None,
    on_log: Callable[[LogLine], None] | None = None,
    parameters: dict[str, str] | None = None,
) -> Iterator[LocalStack]:
    """Yield the whole system, and stop it in order however the block ends. `fresh` starts with an empty database."""
    with ExitStack() as running:
        alerts, mails, rows = home / "alerts", home / "mail", home / "dataverse.json"
        progress("Starting PostgreSQL")
        postgres = running.enter_context(local_postgres(home))
        if fresh:
            for old in (*alerts.glob("*.txt"), *mails.glob("*.eml"), rows):
                old.unlink(missing_ok=True)
        progress("Starting the AWS APIs, the mail service and Dataverse")
        aws = running.enter_context(LocalAws(home))
        ses = running.enter_context(LocalSes(mails))
        names = running.enter_context(LocalDns(mail.DNS_RECORDS))
        dataverse = running.enter_context(LocalDataverse(home, schema=TABLES, rows=rows))
        lost = not rows.exists()  # or it could not be read and was put aside
        progress("Applying the migrations")
        made = fresh or not database.exists(postgres)
        dsn = database.create(postgres) if made else _migrated(postgres)
        identity = running.enter_context(LocalIdentity(partial(read_users, dsn)))
        progress("Creating what template.yaml defines")
        clients = local_clients(aws.url, REGION)
        # A write to the emulator is visible at once, so nothing needs to settle before a person sees it.
        chosen = {"SettlingSeconds": "0"}
        # A deployed system notifies operations in bokmål. The default here is English, the language of the documents.
        chosen["OperationsLanguage"] = os.environ.get("OPERATIONS_LANGUAGE") or "en"
        chosen |= parameters or {}
        here = {**website_at(dataverse.url), **identity_at(identity)}
        stack = provision(local_template(chosen, region=REGION), clients, here)
        mail.create_configuration_sets(stack, ses)
        webhook_key = secrets.token_urlsafe(32)
        values: dict[str, Mapping[str, str | int]] = {
            **{f"{whose}DatabaseSecret": database.make_login(postgres, whose) for whose in database.ROLES},
            "DataverseSecret": {
                "tenant_id": dataverse.tenant_id,
                "client_id": dataverse.client_id,
                "client_secret": dataverse.client_secret,
                "client_secret_expires_on": (datetime.now(UTC) + timedelta(days=365)).date().isoformat(),
            },
            "WebhookSecret": {"current": webhook_key},
        }
        for name, value in values.items():
            clients.secretsmanager.put_secret_value(SecretId=stack.physical_id(name), SecretString=json.dumps(value))
        # Without a stack's name the commands that an alert names are those of this machine.
        sts = running.enter_context(local_sts(stack))
        trust(dataverse.url, sts, stack)
        codedeploy = running.enter_context(LocalCodeDeploy())
        codedeploy.expect(json.loads((ROOT / "events/verify_integration.deployment.json").read_text(encoding="utf-8")))
        environment = endpoints(aws.url, ses.url, sts.url, codedeploy.url) | {
            "STACK_NAME": "",
            "DNS_SERVER": names.address,
        }
        inbox = running.enter_context(OperationsInbox(clients, stack.physical_id("OperationsTopic"), alerts))
        host = running.enter_context(function_host(stack, environment, on_log=on_log, log_directory=home / "logs"))
        urls = running.enter_context(FunctionUrls(stack, host))
        database.store_webhook(dsn, urls.url("StatusChanged"), webhook_key)
        pg_net = running.enter_context(PgNet(dsn))
        running.enter_context(EventSources(stack, host, aws.url))
        bus = running.enter_context(event_bus(stack, host, aws.url))
        running.enter_context(mail.publish_events(ses, bus.rules))
        running.callback(inbox.stop_soon)
        if lost and not made:
            database.publish_again(dsn)  # the website's rows were lost, as after `kill -9`
        yield LocalStack(
            postgres=postgres,
            dsn=dsn,
            aws_url=aws.url,
            ses=ses,
            sts=sts,
            codedeploy=codedeploy,
            dataverse=dataverse,
            identity=identity,
            urls=urls,
            pg_net=pg_net,
            stack=stack,
            host=host,
            bus=bus,
            home=home,
        )


def _migrated(postgres: Postgres) -> str:
    dsn = postgres.dsn(database.NAME)
    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            migrate(connection)
        except OtherVersionError as error:
            raise PostgresError(
                f"the local data are of another version ({error}): `python -m local up --fresh` makes them anew"
            ) from None
    return dsn


@contextmanager
def _hold(path: Path) -> Iterator[IO[str]]:
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackRunningError(
                "a local stack is running already on this project's data: stop it first (Ctrl-C where it runs)"
            ) from None
        path.with_name(ADDRESSES).unlink(missing_ok=True)  # left behind by a stack that was killed
        yield lock
