"""A person who changes the website's credential, on the deployed functions and the secret of template.yaml."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, override

import psycopg
import typer
from typer.testing import CliRunner

from emulators.dataverse.model import defaults
from operations.command_line.rotation import rotate_credential
from operations.deployed import Deployment
from operations.exit_codes import in_sentences
from operations.mounting import Program
from operations.target import Invoke, System, function_failed
from shared.domain.alerts import Language
from shared.domain.commands import Target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import AwsClients, Stack
    from operations.console import Progress

IDS = {"tenant_id": defaults.TENANT_ID, "client_id": defaults.CLIENT_ID}
FIRST = {**IDS, "client_secret": defaults.CLIENT_SECRET, "client_secret_expires_on": "2099-01-31"}
SECOND = {**IDS, "client_secret": "second~secret", "client_secret_expires_on": "2099-05-31"}
FEDERATION = {**IDS, "federation": "aws"}


@dataclass
class DeployedSystem(System):
    """The system under test, as a login of operations sees it."""

    stack: Stack
    clients: AwsClients
    host: LambdaHost
    dsn: str
    target: Target = field(default_factory=lambda: Target("hlf-certification"))
    before_invoke: list[Any] = field(default_factory=list)
    """Called one by one, each before one invocation of a function."""

    @property
    @override
    def deployment(self) -> Deployment:
        return Deployment(
            self.stack.outputs, self.clients.sqs, self.clients.secretsmanager, self.clients.sesv2, self.clients.sns
        )

    @property
    @override
    def language(self) -> Language:
        return Language.EN

    @contextmanager
    @override
    def database(self) -> Iterator[str]:
        yield self.dsn

    @contextmanager
    @override
    def functions(self, progress: Progress) -> Iterator[Invoke]:
        def invoke(function: str, event: object) -> Any:
            if self.before_invoke:
                self.before_invoke.pop(0)()
            done = self.host.invoke(function, event)
            if done.function_error:
                raise function_failed(done.payload, done.log_lines)
            return done.payload

        yield invoke


@dataclass(frozen=True)
class Person:
    """Somebody who rotates, by name."""

    system: DeployedSystem
    folder: Path
    name: str = "Kari"

    def file(self, value: object, mode: int = 0o600) -> Path:
        """Write the credential to a file of one's own."""
        path = self.folder / f"{self.name}.json"
        path.unlink(missing_ok=True)
        path.touch(mode)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        path.chmod(mode)
        return path

    def rotate(self, *words: object, expect: int = 0) -> str:
        """Type the command, and return what it printed."""
        app = typer.Typer()
        Program(lambda: self.system, in_sentences).mount(app, {"rotate-credential": rotate_credential})
        given = [*map(str, words), "--actor", self.name, "--reason", "the old one ends"]
        result = CliRunner().invoke(app, given)
        assert result.exception is None or isinstance(result.exception, SystemExit | KeyboardInterrupt), (
            result.exception
        )
        assert "Traceback" not in result.output
        assert result.exit_code == expect, result.output
        assert "secret~" not in result.output
        return " ".join(result.output.split())

    def rotate_to(self, value: object, *words: object, expect: int = 0) -> str:
        """Type the command with a file."""
        return self.rotate("--file", self.file(value), "--wait-minutes", 0, *words, expect=expect)

    def state(self) -> tuple[str | None, ...]:
        """The states of all rotations, the oldest first."""
        with psycopg.connect(self.system.dsn) as connection:
            rows = connection.execute("SELECT state FROM certification.credential_rotations ORDER BY started_at")
            return tuple(row[0] for row in rows)

    def in_use(self) -> dict[str, Any]:
        """What is in use, and the version that waits beside it, if there is one."""
        secrets, arn = self.system.clients.secretsmanager, self.system.stack.physical_id("DataverseSecret")
        found: dict[str, Any] = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        return found

    def labels(self) -> set[str]:
        """The labels that are on any version."""
        secrets, arn = self.system.clients.secretsmanager, self.system.stack.physical_id("DataverseSecret")
        versions = secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
        return {label for labels in versions.values() for label in labels}
