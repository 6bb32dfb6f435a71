"""Connect to a database by its address."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations.errors import DatabaseNotReadableError, NotUnderstoodError
from operations.wording import speech
from shared.adapters.postgres.opening import BinaryCursor

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_SECONDS = 10
_PASSWORDS = {"password", "sslpassword"}


def checked(url: str) -> str:
    """Return an address that a person has typed. Raises NotUnderstoodError where it is none, or holds a password."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq quotes the string it cannot read, and a password may stand in it.
        raise NotUnderstoodError(
            "the database's address is not a connection string; percent-encode what is not a letter"
        ) from None
    if _PASSWORDS & given.keys():
        raise NotUnderstoodError(
            "a password among the arguments can be read by every user of this machine: leave it out of --database-url,"
            " and put it into PGPASSWORD or a file that PGPASSFILE names, or type it when asked"
        )
    return url


def as_owner(address: str) -> str:
    """Return the address for the role that owns the schema, or for PGUSER, without a password."""
    with connected(address) as connection:
        found = connection.execute(
            "SELECT r.rolname::text FROM pg_namespace AS n JOIN pg_roles AS r ON r.oid = n.nspowner"
            " WHERE n.nspname = 'certification'"
        ).fetchone()
    given = {name: value for name, value in conninfo_to_dict(address).items() if name not in _PASSWORDS}
    given["user"] = os.environ.get("PGUSER") or (found[0] if found else given.get("user"))
    return make_conninfo("", **given)


@contextmanager
def reading(address: str) -> Iterator[psycopg.Connection]:
    """Open a transaction that sees one moment and can write nothing. Raises DatabaseNotReadableError."""
    with connected(address) as connection:
        connection.cursor_factory = BinaryCursor
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            yield connection


@contextmanager
def writing(address: str) -> Iterator[psycopg.Connection]:
    """Open a transaction that is committed when the block ends. Raises DatabaseNotReadableError."""
    with connected(address) as connection, connection.transaction():
        connection.cursor_factory = BinaryCursor
        yield connection


@contextmanager
def connected(address: str) -> Iterator[psycopg.Connection]:
    """Open a connection in autocommit. Raises DatabaseNotReadableError, also for what goes wrong on it."""
    try:
        connection = _connect(address)
    except psycopg.Error as error:
        raise DatabaseNotReadableError(f"the database cannot be reached: {str(error).strip()}") from None
    with connection:
        try:
            yield connection
        except psycopg.Error as error:
            raise DatabaseNotReadableError(_said(error)) from None


def _connect(address: str) -> psycopg.Connection:
    """Connect; libpq finds the password where it is kept, and else the person types it."""
    try:
        return _open(address)
    except psycopg.OperationalError as error:
        if error.pgconn is None or not error.pgconn.needs_password:
            raise
    if not sys.stdin.isatty():
        raise DatabaseNotReadableError(
            "the database asks for a password: put it into PGPASSWORD or a file that PGPASSFILE names,"
            " or call this at a terminal, to be asked for it"
        )
    return _open(make_conninfo(address, password=_typed(address)))


def _open(address: str) -> psycopg.Connection:
    # A transaction pooler gives every transaction another server connection.
    return psycopg.connect(
        address, client_encoding="utf8", autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS
    )


@cache
def _typed(address: str) -> str:
    """Ask once, however often a command connects."""
    user = conninfo_to_dict(address).get("user")
    asked: str = typer.prompt(f"Password of {user}" if user else "Password", hide_input=True, err=True)
    return asked


def _said(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error).strip() or type(error).__name__
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"{said}: connect with a login of the role certification_operations"
        case (
            psycopg.errors.UndefinedTable()
            | psycopg.errors.UndefinedColumn()
            | psycopg.errors.UndefinedFunction()
            | psycopg.errors.InvalidSchemaName()
        ):
            return f"{said}: apply the migrations first, with {speech.command('migrate')}"
        case _:
            return f"the database refused: {said}"
