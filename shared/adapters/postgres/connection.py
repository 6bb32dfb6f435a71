"""The connection to PostgreSQL: kept or reopened, usable through a transaction pooler, with translated errors."""

from __future__ import annotations

import selectors
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.rows import tuple_row

from shared.adapters.postgres.opening import LONGEST_STATEMENT_SECONDS, BoundedConnection, open_connection
from shared.domain.errors import ConnectionLostError, DayAheadError, StoreRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

type Connection = psycopg.Connection[dict[str, Any]]

# Transient SQLSTATEs: transaction rollback, insufficient resources, lock not available, operator intervention.
_TRANSIENT = ("40", "53", "55P03", "57")
_DAY_AHEAD = "AHEAD"  # the SQLSTATE that certification.refuse_day_ahead raises (database/functions/time.sql)
_PROBE_SECONDS = 5.0
_LONGEST_IDLE_SECONDS = 120.0
# Windows has no poll; elsewhere select takes no descriptor above 1,023.
_SELECTOR = getattr(selectors, "PollSelector", selectors.SelectSelector)


@contextmanager
def connect(read_secret: Callable[[bool], Mapping[str, Any]]) -> Iterator[Connection]:
    """Open a connection in autocommit: every statement is a transaction, and a dead connection is replaced before it.

    `read_secret(fresh)` returns the secret in the form that RDS writes: host, port, dbname, username, password; and the
    fields of `tls_arguments`. After a refused login the secret is read afresh once, because the cached one may have
    been rotated. Raises ConnectionLostError, whose message is a code because libpq's text names hosts and users. The
    code `database_tls_failed` stands for a refused certificate and everything that `fails_in_tls` cannot tell from it.
    """
    connection = cast(
        "Connection", _Reopening(lambda: open_connection(read_secret(False), retry=lambda: read_secret(True)))
    )
    try:
        with translated(connection):
            yield connection
    finally:
        connection.close()


class _Reopening:
    """A connection that is reopened if it has died before a statement, so that a run can record how it ended.

    If it dies during a statement, the error is raised. In autocommit nothing is lost between two statements.
    """

    def __init__(self, connect_anew: Callable[[], Connection]) -> None:
        self._connect_anew = connect_anew
        self._connection = connect_anew()

    def execute(self, *statement: Any, **how: Any) -> Any:  # noqa: ANN401 - as psycopg has it
        if self._has_died():
            self._connection.close()
            self._connection = self._connect_anew()
        return self._connection.execute(*statement, **how)

    def _has_died(self) -> bool:
        """Return whether the server has closed the connection; probe it only if the server has sent something."""
        if self._connection.closed:
            return True
        try:
            with _SELECTOR() as selector:
                selector.register(self._connection.fileno(), selectors.EVENT_READ)
                readable = selector.select(0)
            if readable:
                self._connection.execute("SELECT 1")
        except psycopg.Error:
            return True
        return False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)


class KeptConnection:
    """One connection for the life of a container, for a function that is called many times a minute.

    A container sleeps between two calls, and a proxy or firewall on the way may have dropped the connection meanwhile.
    So a connection that was idle for minutes is not used again, and any other is probed first.
    """

    def __init__(self, read_secret: Callable[[bool], Mapping[str, Any]]) -> None:
        self._read_secret = read_secret
        self._connection: BoundedConnection | None = None
        self._used_at = 0.0

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """Yield the kept connection or a new one; errors are translated as by `connect`. Raises ConnectionLostError."""
        connection = self._connection
        if connection is not None and not self._is_good(connection):
            self.close()
            connection = None
        if connection is None:
            connection = open_connection(self._read_secret(False), retry=lambda: self._read_secret(True))
            self._connection = connection
        try:
            with translated(connection):
                yield connection
        finally:
            self._used_at = time.time()

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_good(self, connection: BoundedConnection) -> bool:
        if connection.closed or time.time() - self._used_at > _LONGEST_IDLE_SECONDS:
            return False
        connection.longest = _PROBE_SECONDS
        try:
            connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        finally:
            connection.longest = LONGEST_STATEMENT_SECONDS
        return True


def call(connection: Connection, query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
    """Run one statement, which is one transaction, and return its rows. Raises the errors of shared.domain.errors."""
    with translated(connection):
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def call_for_tuples(connection: Connection, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run one statement as `call` does. Return tuples: for thousands of rows, a dictionary for each is slow."""
    with translated(connection):
        cursor = connection.execute(query.encode(), parameters)
        cursor.row_factory = tuple_row  # type: ignore[assignment]
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


@contextmanager
def translated(connection: Connection) -> Iterator[None]:
    """Turn the driver's errors into those of shared.domain.errors, with codes only."""
    # `from None`: the server's message may quote the row, which holds names and addresses (I11).
    try:
        yield
    except psycopg.Error as error:
        if connection.broken or connection.closed:
            raise ConnectionLostError("database_connection_lost") from None
        if error.sqlstate == _DAY_AHEAD:
            raise DayAheadError("day_ahead") from None
        code = "_".join(filter(None, ("database", error.sqlstate, error.diag.constraint_name)))
        if (error.sqlstate or "").startswith(_TRANSIENT):
            raise StoreUnavailableError(code) from None
        raise StoreRefusedError(code) from None
