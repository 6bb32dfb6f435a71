"""What can go wrong with a command of operations. The message says what to do."""

from __future__ import annotations


class OperationsError(Exception):
    """When a command cannot do what it was asked for."""


class DatabaseNotReadableError(OperationsError):
    """When the database cannot be reached, refuses the login, or is not one of ours."""


class StackNotFoundError(OperationsError):
    """When the deployed stack, or what a command needs of it, is not to be found; or AWS refuses us."""


class NothingToDoError(OperationsError):
    """When what a person names is not there, such as a brake that is not on."""


class NotKnownError(OperationsError):
    """When what is asked cannot be told (yet)."""
