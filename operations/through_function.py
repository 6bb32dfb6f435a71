"""Run a command in a function of the stack, which reaches the database that no laptop does.

The function runs the same program, as deployed, and returns what it printed. Nothing but AWS credentials is needed.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from operations import console
from operations.errors import FunctionFailedError, NotKnownError, OperationsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from shared.domain.alerts import Language

type Functions = AbstractContextManager[Callable[[str, object], Any]]
"""The means to invoke a function of the stack: `System.functions`."""


class Entry(StrEnum):
    """Name the functions of template.yaml that run commands. The reader's login can change nothing."""

    READER = "OperationsReader"
    OPERATOR = "Operations"


@dataclass(frozen=True)
class Reply:
    """Hold what the program printed in the function, and how it ended."""

    exit_code: int
    stdout: str
    stderr: str


def arguments_of(context: typer.Context, given: Mapping[str, Any]) -> list[str]:
    """Return the command line that has these values, as the function's own program parses it."""
    words = context.command_path.split()[1:] if context.parent else []
    positional: list[str] = []
    for parameter in context.command.params:
        value = given.get(parameter.name or "")
        if value is None or value == parameter.default:
            continue
        values = [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]
        if parameter.param_type_name == "argument":
            positional += values
        elif isinstance(value, bool):
            no = getattr(parameter, "secondary_opts", [])
            words += [parameter.opts[0]] if value else no[:1]
        else:
            words += [f"{parameter.opts[0]}={one}" for one in values]
    return [*words, *(["--", *positional] if positional else [])]


def ask(functions: Functions, entry: Entry, arguments: Sequence[str], language: Language) -> Reply:
    """Run the program with these arguments in the function. Raises NotKnownError if the function fails."""
    event = {
        "arguments": list(arguments),
        "language": language.value,
        "width": console.out.width,
        "colour": console.out.is_terminal and console.out.color_system is not None,
    }
    with functions as invoke:
        try:
            reply = invoke(entry.value, event)
        except FunctionFailedError as error:
            raise NotKnownError(
                f"the function {entry} ended with an error, so it is not known what was done: {error}"
            ) from None
    try:
        return Reply(int(reply["exit_code"]), str(reply["stdout"]), str(reply["stderr"]))
    except (KeyError, TypeError, ValueError):
        raise NotKnownError(f"the reply of the function {entry} cannot be read: is it of this version?") from None


def printed(functions: Functions, entry: Entry, arguments: Sequence[str], language: Language) -> str:
    """Run the program there and return what it printed. Raises OperationsError with its message if it failed."""
    reply = ask(functions, entry, arguments, language)
    if reply.exit_code:
        error = NotKnownError if reply.exit_code == NotKnownError.exit_code else OperationsError
        raise error(reply.stderr.strip().removeprefix("✗ ") or f"the function {entry} ended with {reply.exit_code}")
    return reply.stdout


def show(reply: Reply) -> None:
    """Print what the program printed there, and end as it ended."""
    sys.stdout.write(reply.stdout)
    sys.stdout.flush()
    sys.stderr.write(reply.stderr)
    if reply.exit_code:
        raise typer.Exit(reply.exit_code)
