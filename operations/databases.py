"""The database a command of operations works on: a deployed one by its address, or the local one."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg

from local.mentors_file import loading
from operations import surroundings
from operations.errors import DatabaseNotReadableError
from shared.adapters.postgres.connection import BinaryCursor

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_SECONDS = 10


@contextmanager
def reading(url: str | None) -> Iterator[psycopg.Connection]:
    """A transaction that sees one moment and can write nothing. `url` None: the local database.

    Raises DatabaseNotReadableError.
    """
    with connected(url) as connection:
        connection.cursor_factory = BinaryCursor
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            yield connection


@contextmanager
def writing(url: str | None) -> Iterator[psycopg.Connection]:
    """A transaction, committed when the block ends. Raises DatabaseNotReadableError."""
    with connected(url) as connection, connection.transaction():
        connection.cursor_factory = BinaryCursor
        yield connection


@contextmanager
def connected(url: str | None) -> Iterator[psycopg.Connection]:
    """A connection in autocommit. Raises DatabaseNotReadableError, also for what goes wrong on it."""
    with ExitStack() as running:
        dsn = running.enter_context(loading.filled_database()) if url is None else url
        try:
            # A transaction pooler gives every transaction another server connection.
            connection = psycopg.connect(
                dsn,
                client_encoding="utf8",
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=_CONNECT_SECONDS,
            )
        except psycopg.ProgrammingError:
            # libpq quotes the string it cannot read, and a password may stand in it.
            raise DatabaseNotReadableError(
                "the database's address is not a connection string; percent-encode what is not a letter"
            ) from None
        except psycopg.Error as error:
            raise DatabaseNotReadableError(f"the database cannot be reached: {str(error).strip()}") from None
        with connection:
            try:
                yield connection
            except psycopg.Error as error:
                raise DatabaseNotReadableError(_said(error)) from None


def _said(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error).strip() or type(error).__name__
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"{said}: connect as the role that applied the migrations"
        case (
            psycopg.errors.UndefinedTable()
            | psycopg.errors.UndefinedColumn()
            | psycopg.errors.UndefinedFunction()
            | psycopg.errors.InvalidSchemaName()
        ):
            return f"{said}: apply the migrations first, with {surroundings.this_program()} migrate"
        case _:
            return f"the database refused: {said}"
