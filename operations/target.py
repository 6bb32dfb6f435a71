"""The system that a command works on. It is always named: nothing here guesses one."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from base64 import b64decode
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, override
from uuid import UUID

import typer  # noqa: TC002 - read by operations.mounting

from operations import databases, deployed
from operations.errors import FunctionFailedError, NotUnderstoodError, OperationsError
from operations.options import DatabaseUrl, Stack  # noqa: TC001 - read by operations.mounting
from shared.domain.commands import LOCAL, Target
from shared.domain.wording.texts import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import psycopg

    from operations.console import Progress
    from operations.deployed import Deployment

type Invoke = Callable[[str, object], Any]
"""Runs a function of template.yaml with an event, and returns its payload. Raises FunctionFailedError."""

_LANGUAGE = "OperationsLanguage"


class System(ABC):
    """A deployed system, a database of one, or the local stack.

    `target`: how its commands are printed. `shows_names`: whether people are named; the data of a deployed system are
    real, so ids stand for them there (I11).
    """

    target: Target
    shows_names: bool = False

    @property
    @abstractmethod
    def deployment(self) -> Deployment:
        """The queues of its stack. Raises OperationsError."""

    @property
    @abstractmethod
    def language(self) -> Language:
        """What operations is told in. Raises StackNotFoundError."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """What its stack was deployed with; empty where that is not known."""
        return {}

    @abstractmethod
    def database(self) -> AbstractContextManager[str]:
        """Hold the database, and return its connection string. Raises OperationsError."""

    def owned_database(self) -> AbstractContextManager[str]:
        """Hold the database as the role that owns the schema, whose password no stack holds."""
        return self.database()

    @abstractmethod
    def functions(self, progress: Progress) -> AbstractContextManager[Invoke]:
        """Hold what runs the functions."""

    def mentor_id(self, text: str) -> UUID | None:
        """Return the id that a person has written, if it is one."""
        try:
            return UUID(text.strip())
        except ValueError:
            return None

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection]:
        """Open a transaction that sees one moment and can write nothing."""
        with self.database() as address, databases.reading(address) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[psycopg.Connection]:
        """Open a transaction that is committed when the block ends."""
        with self.database() as address, databases.writing(address) as connection:
            yield connection


class NamedSystem(System):
    """The system that the options name: a stack, a database by its address, or a stack and its database."""

    def __init__(self, stack: str | None, database_url: str | None) -> None:
        """Check the address. Raises NotUnderstoodError."""
        self._stack = stack
        self._database_url = database_url and databases.checked(database_url)
        self.target = Target(stack or "", database_url or "")

    @cached_property
    @override
    def deployment(self) -> Deployment:
        if self._stack is None:
            raise NotUnderstoodError("this command asks the stack and not its database alone: name it with --stack")
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

    @contextmanager
    @override
    def database(self) -> Iterator[str]:
        yield self._database_url or deployed.database_of(self.deployment)

    @contextmanager
    @override
    def owned_database(self) -> Iterator[str]:
        yield self._database_url or databases.as_owner(deployed.database_of(self.deployment))

    @contextmanager
    @override
    def functions(self, progress: Progress) -> Iterator[Invoke]:
        deployment = self.deployment

        def invoke(function: str, event: object) -> Any:  # noqa: ANN401 - what JSON holds
            name = deployment.output(f"{function}Name")
            with deployed.refusals():
                reply = deployed.client("lambda").invoke(
                    FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail"
                )
                payload = json.load(reply["Payload"])
            if reply.get("FunctionError"):
                log = b64decode(reply.get("LogResult", "")).decode(errors="replace").splitlines()
                raise function_failed(payload, log)
            return payload

        yield invoke


def named(context: typer.Context, stack: Stack = None, database_url: DatabaseUrl = None) -> System:
    """Return the system that the options name. Raises NotUnderstoodError where they name none."""
    if stack is None and database_url is None:
        words = context.command_path.partition(" ")[2]
        raise NotUnderstoodError(
            "say which system: --stack NAME for a deployed one, --database-url URL for a database beside you;"
            f" the local stack has its own command, {LOCAL} {words}"
        )
    return NamedSystem(stack, database_url)


def function_failed(payload: object, log: list[str] | tuple[str, ...]) -> FunctionFailedError:
    """Return what a function's error says, with its log. Metrics are left out: they are for CloudWatch."""
    message = payload.get("errorMessage", "") if isinstance(payload, dict) else ""
    return FunctionFailedError(str(message), tuple(line for line in log if '"_aws"' not in line))
