"""Define the errors of the commands. Each message says what to do."""

from __future__ import annotations

from typing import ClassVar


class OperationsError(Exception):
    """A command cannot do what the operator asked for. docs/operations/commands.md lists the exit codes."""

    exit_code: ClassVar[int] = 1


class NotUnderstoodError(OperationsError):
    """The command line is ambiguous or incomplete."""

    exit_code = 2


class NotKnownError(OperationsError):
    """The result is unknown, or not known yet."""

    exit_code = 3


class DatabaseNotReadableError(NotKnownError):
    """The database cannot be reached, refuses the login, or lacks our schema."""


class StackNotFoundError(NotKnownError):
    """The deployed stack or a needed part of it was not found, or AWS refused the call."""


class FunctionFailedError(OperationsError):
    """A function ended with an error. `log` has its last lines, which contain no personal data."""

    def __init__(self, reason: str, log: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.log = log


class NothingToDoError(OperationsError):
    """The thing that the operator named does not exist, such as a brake that is not on."""
