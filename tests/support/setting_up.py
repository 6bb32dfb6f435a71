"""A person who sets stacks up on one database server: an owner who is no superuser, and secrets over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, override
from uuid import uuid4

import boto3
import psycopg
from typer.testing import CliRunner

from emulators.lambda_host.triggers.invoke_api import InvokeApi
from emulators.local_server import LocalServer
from local.stack.aws import CREDENTIALS, LocalAws
from local.stack.database import ROLES
from operations.cli import app
from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.integration.data import data_points
from shared.adapters.postgres.integration.server import server_points
from shared.adapters.postgres.integration.structure import structure_points
from shared.adapters.postgres.migrate import migrate
from shared.domain.errors import ConnectionLostError
from shared.domain.integration.findings import Report, holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack.postgres import Postgres

ROOT = Path(__file__).parents[2]
OWNER, OWNERS_PASSWORD = "app_owner", "the owner's own"
TABLES = ("organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log")
WHO = ("--actor", "turid.vik", "--reason", "the first deployment")


def made_for_owner(server: Postgres, name: str, template: str | None = None) -> None:
    """Make a database whose app belongs to an owner who is no superuser; a copy has our migrations too."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
            connection.execute(
                psycopg.sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                    psycopg.sql.Identifier(OWNER), psycopg.sql.Literal(OWNERS_PASSWORD)
                )
            )
        copied = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        connection.execute(f"CREATE DATABASE {name}{copied}".encode())
        connection.execute(f"GRANT CREATE ON DATABASE {name} TO {OWNER}".encode())
    if template is None:
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            connection.execute((ROOT / "local" / "stack" / "foundation.sql").read_bytes())
            connection.execute((ROOT / "emulators" / "pg_net" / "pg_net.sql").read_bytes())
            connection.execute(f"GRANT CREATE ON SCHEMA public TO {OWNER}".encode())
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} OWNER TO {OWNER}".encode())
        with psycopg.connect(owners(server, name), autocommit=True) as connection:
            migrate(connection)


def owners(server: Postgres, name: str) -> str:
    """The owner's connection string, with the password."""
    return psycopg.conninfo.make_conninfo("", **_owner(server, name), password=OWNERS_PASSWORD)


def _owner(server: Postgres, name: str) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "dbname": name, "user": OWNER, "sslmode": "disable"}


def _all_holds() -> Report:
    points = structure_points() | server_points() | data_points()
    return Report(tuple(holds(point, expected) for point, expected in points.items()))


@dataclass
class Checkpoint:
    """The deployed `verify_integration`, which finds that everything holds, and a host for the Invoke API."""

    events: list[tuple[str, Any]] = field(default_factory=list)
    payload: Any = field(default_factory=lambda: _all_holds().as_json())
    function_error: str | None = None
    log_lines: tuple[str, ...] = ()
    duration_ms: float = 1.0
    init_ms: float | None = None
    max_memory_mb: int = 1

    def has_alias(self, _function: str, _alias: str) -> bool:
        """Return that it is there, as of every function that is deployed."""
        return True

    def invoke(self, function: str, event: Any) -> Checkpoint:
        """Keep the event, and return the report."""
        self.events.append((function, event))
        return self


@dataclass
class SetUp:
    """One stack and one database, and the person between them."""

    server: Postgres
    database: str
    stack: str
    functions: tuple[str, ...]
    user: str = OWNER

    @property
    def url(self) -> str:
        """How the person names the database: without a password."""
        return psycopg.conninfo.make_conninfo("", **_owner(self.server, self.database))

    def words(self, *more: str) -> list[str]:
        """What is typed."""
        url = self.url.replace(OWNER, self.user)
        named = ["setup", "--stack", self.stack, "--database-url", url, *WHO]
        return [*named, "--functions-host", "127.0.0.1", *more]

    def type(self, *more: str, expect: int | None = 3, password: str = OWNERS_PASSWORD) -> str:
        """Type the command here, and return what it printed on one line."""
        result = CliRunner().invoke(app, self.words(*more), env={"PGPASSWORD": password})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output
        assert expect is None or result.exit_code == expect, result.output
        for secret in self.passwords() if self.functions else ():
            assert secret not in result.output
        return result.output

    def json(self, *more: str, expect: int | None = 3) -> Any:
        """Type the command, and return what it printed as JSON."""
        return json.loads(self.type("--json", *more, expect=expect))

    def start(self, endpoint: str, *more: str) -> subprocess.Popen[bytes]:
        """Type the command in a process of its own, whose AWS is at `endpoint`."""
        return subprocess.Popen(
            [sys.executable, "-m", "operations", *self.words(*more)],
            cwd=ROOT,
            env=os.environ | CREDENTIALS | {"AWS_ENDPOINT_URL": endpoint, "PGPASSWORD": OWNERS_PASSWORD},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def output(self, name: str) -> str:
        """Return an output of the stack."""
        described = boto3.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        return next(one["OutputValue"] for one in described["Outputs"] if one["OutputKey"] == name)

    def value(self, function: str) -> dict[str, Any]:
        """Return what a secret of the stack holds; empty if nothing."""
        return self._read(f"{function}DatabaseSecretArn")

    @property
    def webhook(self) -> dict[str, Any]:
        """Return what the webhook's secret holds."""
        return self._read("WebhookSecretArn")

    def _read(self, output: str) -> dict[str, Any]:
        client = boto3.client("secretsmanager")
        try:
            found: dict[str, Any] = json.loads(client.get_secret_value(SecretId=self.output(output))["SecretString"])
        except (client.exceptions.ResourceNotFoundException, ValueError, KeyError):
            return {}
        return found

    def put(self, output: str, value: object) -> None:
        """Put a value into a secret, as a person does."""
        text = value if isinstance(value, str) else json.dumps(value)
        boto3.client("secretsmanager").put_secret_value(SecretId=self.output(output), SecretString=text)

    def passwords(self) -> set[str]:
        """Return every password and key that the secrets hold now."""
        found = {str(self.value(one).get("password", "")) for one in self.functions}
        return (found | {str(self.webhook.get("current", ""))}) - {""}

    def accepts(self, function: str) -> bool:
        """Return whether the function's adapter connects with its secret, and has the role of the function."""
        try:
            with connect(lambda _: self.value(function)) as connection:
                row = connection.execute(b"SELECT pg_has_role(%s, 'MEMBER') AS has", (ROLES[function],)).fetchone()
        except (ConnectionLostError, KeyError):
            return False
        return bool(row and row["has"])

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query as the server's superuser."""
        with psycopg.connect(self.server.dsn(self.database), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def do(self, statement: str) -> None:
        """Run a statement as the server's superuser."""
        with psycopg.connect(self.server.dsn(self.database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def is_whole(self) -> bool:
        """Return whether every secret is accepted and the webhook's key is that of the database."""
        [(key,)] = self.all("SELECT w.secret FROM certification.webhook AS w") or [(None,)]
        return all(map(self.accepts, self.functions)) and key == self.webhook.get("current")


def deployed(functions: tuple[str, ...], parameters: dict[str, str] | None = None, name: str = "") -> str:
    """Deploy a stack with these secrets, which are empty, and the webhook's; return its name."""
    name = name or f"hlf-{uuid4().hex[:8]}"
    secrets = [*(f"{one}DatabaseSecret" for one in functions), "WebhookSecret", "DataverseSecret"]
    resources: dict[str, Any] = {one: {"Type": "AWS::SecretsManager::Secret"} for one in secrets}
    resources["OperationsTopic"] = {"Type": "AWS::SNS::Topic"}
    outputs: dict[str, Any] = {f"{one}Arn": {"Value": {"Ref": one}} for one in (*secrets, "OperationsTopic")}
    outputs |= {"WebhookUrl": {"Value": "https://abc.lambda-url.eu-north-1.on.aws/"}}
    outputs |= {f"{one}Name": {"Value": f"{name}-{one}"} for one in ("VerifyIntegration", "StatusChanged")}
    body = {"Resources": resources, "Outputs": outputs}
    body |= {"Parameters": {one: {"Type": "String", "Default": given} for one, given in (parameters or {}).items()}}
    client = boto3.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(body))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    return name


@contextmanager
def checkpoint() -> Iterator[tuple[Checkpoint, str]]:
    """Serve the Invoke API of a stack's functions; yield the function and the address."""
    with InvokeApi(found := Checkpoint()) as api:  # type: ignore[arg-type]
        yield found, api.url


class Guillotine(LocalServer):
    """Passes requests on to the local AWS APIs, and kills a process at one of them."""

    def __init__(self, aws: LocalAws, at: int, *, forwarded: bool) -> None:
        """`at`: before the request of this number, counted from 1; `forwarded`: after it was carried out."""
        super().__init__()
        self._aws = aws
        self.at, self.forwarded = at, forwarded
        self.seen: list[str] = []
        self.victim: subprocess.Popen[bytes] | None = None

    @override
    def _listen(self, address: tuple[str, int]) -> ThreadingHTTPServer:
        return ThreadingHTTPServer(address, type("Handler", (_Passing,), {"blade": self}))

    def passes(self, name: str, forward: Callable[[], Any]) -> Any:
        """Carry a request out, unless it is the last one of the process."""
        self.seen.append(name)
        if len(self.seen) < self.at:
            return forward()
        found = forward() if self.forwarded else None
        if self.victim is not None:
            self.victim.send_signal(signal.SIGKILL)
            self.victim.wait()
        return found


class _Passing(BaseHTTPRequestHandler):
    blade: Guillotine
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = urllib.request.Request(f"{self.blade._aws.url}{self.path}", data=body, method="POST")  # noqa: S310
        for name, value in self.headers.items():
            if name.lower() not in {"host", "connection", "content-length"}:
                asked.add_header(name, value)

        def forward() -> tuple[int, bytes, str]:
            try:
                with urllib.request.urlopen(asked) as reply:  # noqa: S310
                    return reply.status, reply.read(), reply.headers.get("Content-Type", "")
            except urllib.error.HTTPError as error:
                return error.code, error.read(), error.headers.get("Content-Type", "")

        name = self.headers.get("X-Amz-Target") or body.decode().partition("Action=")[2].partition("&")[0]
        found = self.blade.passes(name.rpartition(".")[2], forward)
        if found is None:
            self.close_connection = True
            return
        status, content, kind = found
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def together(*runs: Callable[[], object]) -> list[object]:
    """Run all of these at the same moment, and return what they returned."""
    found: list[object] = [None] * len(runs)
    begin = threading.Barrier(len(runs))

    def one(number: int, run: Callable[[], object]) -> None:
        begin.wait()
        found[number] = run()

    threads = [threading.Thread(target=one, args=(number, run)) for number, run in enumerate(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)
