"""Define the system that a command works on. The caller always names it; nothing here guesses one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from base64 import b64decode
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, override
from uuid import UUID

import typer  # noqa: TC002 - read by operations.mounting
from botocore.exceptions import BotoCoreError, ClientError

from operations import databases, deployed, through_function
from operations.commands import steps
from operations.errors import FunctionFailedError, NotUnderstoodError, OperationsError
from operations.options import DatabaseUrl, Stack  # noqa: TC001 - read by operations.mounting
from operations.through_function import Entry
from shared.adapters.aws.recipients import Recipients, count_recipients
from shared.domain.alerts import Language
from shared.domain.commands import LOCAL, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    import psycopg

    from operations.console import Progress
    from operations.deployed import Deployment

type Invoke = Callable[[str, object], Any]
"""Run a function of template.yaml with an event and return its payload. Raises FunctionFailedError."""

_LANGUAGE = "OperationsLanguage"
LIVE = "live"
"""The alias that the template gives each function. Without it Lambda runs what was deployed last, also what a
deployment has stopped."""


class System(ABC):
    """Represent a deployed system, its database alone, or the local stack.

    `target` says how commands are printed. `shows_names` says whether screens name people. The data of a deployed
    system are real, so screens show ids there (I11).
    """

    target: Target
    shows_names: bool = False
    reads_files: bool = True
    """Whether the files that an option names are the operator's."""

    @property
    def is_reached_by_functions(self) -> bool:
        """Return whether the stack's own functions, and nothing here, open the database."""
        return False

    @property
    def has_functions(self) -> bool:
        """Return whether functions can be invoked, rather than a database alone be read."""
        return True

    @property
    @abstractmethod
    def deployment(self) -> Deployment:
        """Return the stack's outputs, parameters and queues. Raises OperationsError."""

    @property
    @abstractmethod
    def language(self) -> Language:
        """Return the language of the screens. Raises StackNotFoundError."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the stack; empty where they are unknown."""
        return {}

    def recipients(self) -> Recipients | None:
        """Return how many hear the alerts of a deployed stack; None where that is unknown, or not to be asked."""
        return None

    @abstractmethod
    def database(self) -> AbstractContextManager[str]:
        """Keep the database available and yield its connection string. Raises OperationsError."""

    def owned_database(self) -> AbstractContextManager[str]:
        """Keep the database available for the role that owns the schema. No stack stores that role's password."""
        return self.database()

    @abstractmethod
    def functions(self, progress: Progress) -> AbstractContextManager[Invoke]:
        """Keep the functions available and yield the callable that invokes one."""

    def check_output(self, file: Path) -> None:
        """Check that a file that is to be written would be the operator's. Raises NotUnderstoodError."""
        if not self.reads_files and str(file) != "-":
            raise NotUnderstoodError("no file is written here: name - to have it printed")

    def mentor_id(self, text: str) -> UUID | None:
        """Parse the id that the operator typed; return None if it is not one."""
        try:
            return UUID(text.strip())
        except ValueError:
            return None

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """Open a read-only transaction on one snapshot."""
        with self.database() as address, databases.reading(address) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[psycopg.Connection]:
        """Open a transaction that is committed when the block ends."""
        with self.database() as address, databases.writing(address) as connection:
            yield connection

    def step(self, name: str, *parameters: object) -> list[Any]:
        """Make one statement of operations.commands.steps, and return its rows as JSON values."""
        with self.writing() as connection:
            return steps.make(connection, name, json.loads(json.dumps(parameters, default=str)))


class NamedSystem(System):
    """Represent the system that the options name: a stack, a database by its address, or both."""

    def __init__(self, stack: str | None, database_url: str | None) -> None:
        """Check the address. Raises NotUnderstoodError."""
        self._stack = stack
        self._database_url = database_url and databases.checked(database_url)
        self.target = Target(stack or "", database_url or "")

    @property
    @override
    def is_reached_by_functions(self) -> bool:
        return self._database_url is None

    @property
    @override
    def has_functions(self) -> bool:
        return self._stack is not None

    @cached_property
    @override
    def deployment(self) -> Deployment:
        if self._stack is None:
            raise NotUnderstoodError("this command needs the stack, not only its database: name it with --stack")
        return deployed.find(self._stack)

    @property
    @override
    def language(self) -> Language:
        try:
            return Language(self.parameters.get(_LANGUAGE, Language.EN))
        except OperationsError:
            if self._database_url is None:
                raise
            return Language.EN

    @property
    @override
    def parameters(self) -> Mapping[str, str]:
        return {} if self._stack is None else self.deployment.parameters

    @override
    def recipients(self) -> Recipients | None:
        try:
            return count_recipients(self.deployment.sns, self.deployment.output("OperationsTopicArn"))
        except (ClientError, BotoCoreError, OperationsError):  # the reader's policy does not give this right
            return None

    @contextmanager
    @override
    def database(self) -> Iterator[str]:
        if self._database_url is None:
            raise NotUnderstoodError(
                "functions of the stack reach its database, and this needs it from here: name it with --database-url"
            )
        yield self._database_url

    @contextmanager
    @override
    def owned_database(self) -> Iterator[str]:
        yield self._database_url or databases.as_owner(deployed.database_of(self.deployment))

    @override
    def step(self, name: str, *parameters: object) -> list[Any]:
        if not self.is_reached_by_functions:
            return super().step(name, *parameters)
        words = ["step", "--", name, json.dumps(parameters, default=str)]
        functions = self.functions(lambda _: None)
        made: list[Any] = json.loads(through_function.printed(functions, Entry.OPERATOR, words, self.language))
        return made

    @contextmanager
    @override
    def functions(self, progress: Progress) -> Iterator[Invoke]:
        deployment = self.deployment

        def invoke(function: str, event: object) -> Any:  # noqa: ANN401 - any JSON value
            name = deployment.output(f"{function}Name")
            with deployed.refusals():
                reply = deployed.client("lambda").invoke(
                    FunctionName=name, Qualifier=LIVE, Payload=json.dumps(event).encode(), LogType="Tail"
                )
                payload = json.load(reply["Payload"])
            if reply.get("FunctionError"):
                log = b64decode(reply.get("LogResult", "")).decode(errors="replace").splitlines()
                raise function_failed(payload, log)
            return payload

        yield invoke


def named(context: typer.Context, stack: Stack = None, database_url: DatabaseUrl = None) -> System:
    """Return the system that the options name. Raises NotUnderstoodError if they name none."""
    if stack is None and database_url is None:
        words = context.command_path.partition(" ")[2]
        raise NotUnderstoodError(
            "say which system: --stack NAME for a deployed one, --database-url URL for a database beside you;"
            f" the local stack has its own command, {LOCAL} {words}"
        )
    return NamedSystem(stack, database_url)


def function_failed(payload: object, log: list[str] | tuple[str, ...]) -> FunctionFailedError:
    """Build the error for a failed function, with its log. Lines of metrics are dropped: they are for CloudWatch."""
    message = payload.get("errorMessage", "") if isinstance(payload, dict) else ""
    return FunctionFailedError(str(message), tuple(line for line in log if '"_aws"' not in line))
