"""Run a command inside a function of the stack: the same program, on the database that the function's login reaches."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, override

import typer
from psycopg.rows import tuple_row

from operations import console, databases
from operations.database_commands import commands_of
from operations.errors import DatabaseNotReadableError, NotKnownError, NotUnderstoodError, StackNotFoundError
from operations.exit_codes import in_sentences
from operations.mounting import Group, Program
from operations.target import System
from operations.through_function import Entry, Reply
from shared.domain.commands import DEPLOYED
from shared.domain.errors import ConnectionLostError, SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    import psycopg

    from operations.console import Progress
    from operations.deployed import Deployment
    from operations.mounting import Mounted
    from operations.target import Invoke
    from shared.adapters.aws.recipients import Recipients
    from shared.bootstrap.operations import CommandPorts
    from shared.domain.alerts import Language
    from shared.events import CommandEvent
    from shared.ports import Report

# Lambda returns at most 6 MB (6,291,556 bytes), as JSON.
MOST_BYTES = 5_500_000
_EXIT_CODES = (0, 1, 2, 3)
_COMMANDS = {entry: commands_of(entry) for entry in Entry}
_ELSEWHERE = "a function of the stack runs no such command"


class FunctionSystem(System):
    """Represent the stack as one of its functions sees it: a database, and nothing else of the stack."""

    reads_files = False

    def __init__(self, entry: Entry, ports: CommandPorts, language: Language) -> None:
        """Open the database under the function's own login."""
        self._entry = entry
        self._connect = ports.connect
        self.target = ports.target
        self._language = language
        self._parameters = ports.parameters
        self._recipients = ports.recipients

    @property
    @override
    def has_functions(self) -> bool:
        return False

    @property
    @override
    def deployment(self) -> Deployment:
        raise NotUnderstoodError(_ELSEWHERE)

    @property
    @override
    def language(self) -> Language:
        return self._language

    @property
    @override
    def parameters(self) -> Mapping[str, str]:
        return self._parameters

    @override
    def recipients(self) -> Recipients | None:
        return self._recipients()

    @override
    def database(self) -> AbstractContextManager[str]:
        raise NotUnderstoodError(_ELSEWHERE)

    @override
    def functions(self, progress: Progress) -> AbstractContextManager[Invoke]:
        raise NotUnderstoodError(_ELSEWHERE)

    @contextmanager
    @override
    def reading(self) -> Iterator[psycopg.Connection]:
        with self._connected() as connection, databases.read_only(connection):
            yield connection

    @contextmanager
    @override
    def writing(self) -> Iterator[psycopg.Connection]:
        with self._connected() as connection, connection.transaction():
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        try:
            with self._connect() as opened:
                connection: psycopg.Connection[Any] = opened
                connection.row_factory = tuple_row
                with databases.in_sentences():
                    yield connection
        except (ConnectionLostError, SecretMalformedError) as error:
            if not str(error).startswith("secret_"):
                raise DatabaseNotReadableError(f"the function cannot reach the database: {error}") from None
            raise StackNotFoundError(
                f"the stack's {self._entry}DatabaseSecret holds no login ({error};"
                ' docs/operations/deploy.md, "Making the logins"): put it in'
            ) from None


def serve(entry: Entry, asked: CommandEvent, ports: CommandPorts, report: Report) -> dict[str, Any]:
    """Run the command of an event, and log its name and nothing else of it: the rest may name a person (I11)."""
    system = FunctionSystem(entry, ports, asked.language or ports.language)
    commands = _COMMANDS[entry]
    reply = run(system, commands, asked.arguments, width=asked.width, colour=asked.colour)
    report.work(
        entry.name.lower(),
        {f"commands_ended_{code}": int(reply.exit_code == code) for code in _EXIT_CODES},
        command=_name(commands, asked.arguments),
    )
    return asdict(reply)


def _name(commands: Mapping[str, Mounted], arguments: Sequence[str]) -> str:
    """Return the words of a command that there is."""
    first, second, *_ = [*arguments, "", ""]
    group = commands.get(first)
    if isinstance(group, Group):
        return f"{first} {second}" if second in group.commands else first
    return first if group else ""


def run(
    system: System, commands: Mapping[str, Mounted], arguments: Sequence[str], *, width: int, colour: bool
) -> Reply:
    """Run the program with these commands and no others, and return what it printed."""
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich"
    )
    app.callback()(lambda: None)  # with one command only, typer would take its name for an argument
    Program(lambda: system, in_sentences).mount(app, commands)
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors), console.printing(width=width, colour=colour):
        try:
            app(list(arguments), prog_name=DEPLOYED)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else NotKnownError.exit_code
    reply = Reply(code, out.getvalue(), errors.getvalue())
    if len(json.dumps(asdict(reply))) > MOST_BYTES:
        return Reply(
            NotKnownError.exit_code,
            "",
            "this is more than a function can return: ask for less, or name the database with --database-url\n",
        )
    return reply
