"""The connection to PostgreSQL: made from the secret, usable through a transaction pooler, its errors translated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from shared.adapters.postgres.certificates import fails_in_tls, tls_arguments
from shared.domain.errors import ConnectionLostError, StoreRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

type Connection = psycopg.Connection[dict[str, Any]]

# SQLSTATE classes and codes that pass: transaction rollback, insufficient resources, lock not available, shutdown.
_TRANSIENT = ("40", "53", "55P03", "57")
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_FIELDS = {name: name for name in ("host", "port", "dbname", "password")} | {"username": "user"}
_CONNECT_SECONDS = 10


@contextmanager
def connect(read_secret: Callable[[bool], Mapping[str, Any]]) -> Iterator[Connection]:
    """A connection in autocommit: every statement is a transaction of its own.

    `read_secret(fresh)` answers the secret in the form RDS writes it: host, port, dbname, username, password; and how
    TLS is done, as in `tls_arguments`. A refused login reads the secret afresh once, because a cached one may have been
    rotated. Raises ConnectionLostError, whose message is a code: what libpq says names hosts and users. The code
    `database_tls_failed` holds a refused certificate and what `fails_in_tls` cannot tell from one.
    """
    connection = _open(read_secret(False), retry=lambda: read_secret(True))
    try:
        with _translated(connection):
            yield connection
    finally:
        connection.close()


def _open(secret: Mapping[str, Any], *, retry: Callable[[], Mapping[str, Any]] | None) -> Connection:
    login = {theirs: secret[ours] for ours, theirs in _FIELDS.items() if ours in secret}
    arguments = login | tls_arguments(secret) | _KEEPALIVE
    try:
        return psycopg.connect(
            **arguments,
            connect_timeout=_CONNECT_SECONDS,
            application_name="certification",
            autocommit=True,
            prepare_threshold=None,  # a transaction pooler gives every statement another server connection
            row_factory=dict_row,
        )
    except psycopg.OperationalError as error:
        refused = error.sqlstate is None or error.sqlstate.startswith("28")
        if refused and retry is not None:
            fresh = retry()
            if fresh != secret:
                return _open(fresh, retry=None)
        # No `pgconn`: the host has no address, or did not answer in time.
        before_login = error.pgconn is not None and not error.pgconn.ssl_in_use
        if before_login and arguments["sslmode"] != "disable" and fails_in_tls(arguments, seconds=_CONNECT_SECONDS):
            raise ConnectionLostError("database_tls_failed") from None
        raise ConnectionLostError(f"database_connection_{error.sqlstate or 'failed'}") from None


def call(connection: Connection, query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
    """Run one statement, one transaction, and answer its rows. Raises the errors of shared.domain.errors."""
    with _translated(connection):
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def _translated(connection: Connection) -> Iterator[None]:
    # `from None`: what the server says may quote the row, and a row holds names and addresses (I11).
    try:
        yield
    except psycopg.Error as error:
        if connection.broken or connection.closed:
            raise ConnectionLostError("database_connection_lost") from None
        code = "_".join(filter(None, ("database", error.sqlstate, error.diag.constraint_name)))
        if (error.sqlstate or "").startswith(_TRANSIENT):
            raise StoreUnavailableError(code) from None
        raise StoreRefusedError(code) from None
