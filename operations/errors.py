"""What can go wrong with a command of operations. The message says what to do."""

from __future__ import annotations

from typing import ClassVar


class OperationsError(Exception):
    """When a command cannot do what it was asked for. `exit_code`: docs/operations/commands.md has the table."""

    exit_code: ClassVar[int] = 1


class NotUnderstoodError(OperationsError):
    """When the command line does not say clearly what is wanted."""

    exit_code = 2


class NotKnownError(OperationsError):
    """When what is asked cannot be told, or not yet."""

    exit_code = 3


class DatabaseNotReadableError(NotKnownError):
    """When the database cannot be reached, refuses the login, or is not one of ours."""


class StackNotFoundError(NotKnownError):
    """When the deployed stack, or what a command needs of it, is not to be found; or AWS refuses us."""


class FunctionFailedError(OperationsError):
    """When a function ended with an error. `log`: its last lines, which hold no personal data."""

    def __init__(self, reason: str, log: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.log = log


class NothingToDoError(OperationsError):
    """When what a person names is not there, such as a brake that is not on."""
