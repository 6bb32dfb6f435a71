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
    """Validate an address. Raises NotUnderstoodError if it is invalid or contains a password."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The message of libpq quotes the whole string, which may contain a password.
        raise NotUnderstoodError(
            "the database's address is not a connection string; percent-encode special characters"
        ) from None
    if _PASSWORDS & given.keys():
        raise NotUnderstoodError(
            "every user of this machine can read a password in the arguments: leave it out of --database-url,"
            " and put it into PGPASSWORD or a file that PGPASSFILE names, or type it when asked"
        )
    return url


def as_owner(address: str) -> str:
    """Return the address without a password, for PGUSER or else for the role that owns the schema."""
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
    """Open a read-only transaction on one snapshot. Raises DatabaseNotReadableError."""
    with connected(address) as connection, read_only(connection):
        yield connection


@contextmanager
def read_only(connection: psycopg.Connection) -> Iterator[None]:
    """Hold a read-only transaction on one snapshot."""
    connection.cursor_factory = BinaryCursor
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with connection.transaction():
        yield


@contextmanager
def writing(address: str) -> Iterator[psycopg.Connection]:
    """Open a transaction that is committed when the block ends. Raises DatabaseNotReadableError."""
    with connected(address) as connection, connection.transaction():
        connection.cursor_factory = BinaryCursor
        yield connection


@contextmanager
def connected(address: str) -> Iterator[psycopg.Connection]:
    """Open a connection in autocommit. Raises DatabaseNotReadableError, also for errors inside the block."""
    try:
        connection = _connect(address)
    except psycopg.Error as error:
        raise DatabaseNotReadableError(f"the database cannot be reached: {str(error).strip()}") from None
    with connection, in_sentences():
        yield connection


@contextmanager
def in_sentences() -> Iterator[None]:
    """Turn an error of the database into a DatabaseNotReadableError that says what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseNotReadableError(_said(error)) from None


def _connect(address: str) -> psycopg.Connection:
    """Connect with the password that libpq finds, or else with the one that the operator types."""
    try:
        return _open(address)
    except psycopg.OperationalError as error:
        if error.pgconn is None or not error.pgconn.needs_password:
            raise
    if not sys.stdin.isatty():
        raise DatabaseNotReadableError(
            "the database asks for a password: put it into PGPASSWORD or a file that PGPASSFILE names,"
            " or run this at a terminal, which asks for it"
        )
    return _open(make_conninfo(address, password=_typed(address)))


def _open(address: str) -> psycopg.Connection:
    # A transaction pooler may give every transaction another server connection, so prepare nothing.
    return psycopg.connect(
        address, client_encoding="utf8", autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS
    )


@cache
def _typed(address: str) -> str:
    """Ask for the password once per command."""
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
