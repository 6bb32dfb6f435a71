"""The connection to PostgreSQL: made from the secret, usable through a transaction pooler, its errors translated."""

from __future__ import annotations

import select
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg.pq import Format
from psycopg.rows import dict_row

from shared.adapters.postgres.certificates import fails_in_tls, tls_arguments
from shared.adapters.within import DeadlineExceededError, within
from shared.domain.deadlines import all_but, at_most
from shared.domain.errors import ConnectionLostError, DayAheadError, StoreRefusedError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

type Connection = psycopg.Connection[dict[str, Any]]

# SQLSTATE classes and codes that pass: transaction rollback, insufficient resources, lock not available, shutdown.
_TRANSIENT = ("40", "53", "55P03", "57")
# tcp_user_timeout, in milliseconds: what nobody acknowledges ends the connection, instead of a wait for a dead peer.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_DAY_AHEAD = "AHEAD"  # certification.refuse_day_ahead
_FIELDS = {name: name for name in ("host", "port", "dbname", "password")} | {"username": "user"}
_CONNECT_SECONDS = 10
# libpq bounds each address of the host by itself, and looking its name up not at all.
_LONGEST_CONNECT_SECONDS = 15.0
# What is kept to write down how the run ended, on another connection than the one that does not respond.
_SECONDS_TO_RECORD = 15.0
_LONGEST_STATEMENT_SECONDS = 3600.0  # outside a function
_PROBE_SECONDS = 5.0
_INTERVAL = 0.1  # psycopg's own, in which Ctrl-C is heard
_LONGEST_IDLE_SECONDS = 120.0


class BinaryCursor[Row](psycopg.Cursor[Row]):
    """Reads values in binary: neither DateStyle nor IntervalStyle of the app's database is in them.

    No session setting, so it works through a transaction pooler too.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as psycopg has it
        super().__init__(*arguments, **options)
        self.format = Format.BINARY


@contextmanager
def connect(read_secret: Callable[[bool], Mapping[str, Any]]) -> Iterator[Connection]:
    """A connection in autocommit: every statement is a transaction of its own, and goes by another after one has died.

    `read_secret(fresh)` answers the secret in the form RDS writes it: host, port, dbname, username, password; and how
    TLS is done, as in `tls_arguments`. A refused login reads the secret afresh once, because a cached one may have been
    rotated. Raises ConnectionLostError, whose message is a code: what libpq says names hosts and users. The code
    `database_tls_failed` holds a refused certificate and what `fails_in_tls` cannot tell from one.
    """
    connection = cast("Connection", _Reopening(lambda: _open(read_secret(False), retry=lambda: read_secret(True))))
    try:
        with translated(connection):
            yield connection
    finally:
        connection.close()


class _Bounded(psycopg.Connection[dict[str, Any]]):
    """Gives a statement up before the function's time is over, and closes the connection (I18).

    A server that takes what it is sent and says nothing looks alive to TCP. What was given up may have been carried
    out, as with any lost reply.
    """

    longest = _LONGEST_STATEMENT_SECONDS

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:  # noqa: ANN401
        """Wait for the server as psycopg does, and no longer than the function can."""
        seconds = min(all_but(_SECONDS_TO_RECORD), self.longest)
        try:
            return super().wait(gen, interval, seconds if timeout is None else min(seconds, timeout))
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - the OperationalError of a wait that has ended
            self.pgconn.finish()
            raise


class _Reopening:
    """A connection that is opened anew when it has died before a statement, so that a run can say how it ended.

    What dies with a statement is raised. In autocommit nothing is lost between two statements.
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
        """Whether the server has said goodbye since the last statement. Costs nothing where it has said nothing."""
        if self._connection.closed:
            return True
        poll = select.poll()
        poll.register(self._connection.fileno(), select.POLLIN)
        try:
            if poll.poll(0):
                self._connection.execute("SELECT 1")
        except psycopg.Error:
            return True
        return False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._connection, name)


class KeptConnection:
    """One connection for the life of a container, for a function that is called many times a minute.

    A container sleeps between two calls, and what is between it and the database may have forgotten the connection: one
    that was idle for minutes is not used again, any other is asked first.
    """

    def __init__(self, read_secret: Callable[[bool], Mapping[str, Any]]) -> None:
        self._read_secret = read_secret
        self._connection: _Bounded | None = None
        self._used_at = 0.0

    @contextmanager
    def use(self) -> Iterator[Connection]:
        """The connection, as `connect` gives it. Raises ConnectionLostError."""
        connection = self._connection
        if connection is not None and not self._is_good(connection):
            self.close()
            connection = None
        if connection is None:
            connection = _open(self._read_secret(False), retry=lambda: self._read_secret(True))
            self._connection = connection
        try:
            with translated(connection):
                yield connection
        finally:
            self._used_at = time.time()

    def close(self) -> None:
        """Give it back; the next use opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_good(self, connection: _Bounded) -> bool:
        if connection.closed or time.time() - self._used_at > _LONGEST_IDLE_SECONDS:
            return False
        connection.longest = _PROBE_SECONDS
        try:
            connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        finally:
            connection.longest = _LONGEST_STATEMENT_SECONDS
        return True


def login_of(secret: Mapping[str, Any]) -> dict[str, Any]:
    """What libpq is told of a secret in the form RDS writes it. Raises ConnectionLostError, as `tls_arguments`."""
    return {theirs: secret[ours] for ours, theirs in _FIELDS.items() if ours in secret} | tls_arguments(secret)


def _open(secret: Mapping[str, Any], *, retry: Callable[[], Mapping[str, Any]] | None) -> _Bounded:
    arguments = login_of(secret) | _KEEPALIVE
    try:
        return within(
            _LONGEST_CONNECT_SECONDS,
            lambda: _Bounded.connect(
                **arguments,
                connect_timeout=_CONNECT_SECONDS,
                application_name="certification",
                client_encoding="utf8",
                autocommit=True,
                prepare_threshold=None,  # a transaction pooler gives every statement another server connection
                cursor_factory=BinaryCursor,
                row_factory=dict_row,
            ),
        )
    except DeadlineExceededError:
        raise ConnectionLostError("database_connection_failed") from None
    except psycopg.OperationalError as error:
        refused = error.sqlstate is None or error.sqlstate.startswith("28")
        if refused and retry is not None:
            fresh = retry()
            if fresh != secret:
                return _open(fresh, retry=None)
        # No `pgconn`: the host has no address, or did not answer in time.
        before_login = error.pgconn is not None and not error.pgconn.ssl_in_use
        if before_login and arguments["sslmode"] != "disable" and _fails_in_tls(arguments):
            raise ConnectionLostError("database_tls_failed") from None
        raise ConnectionLostError(f"database_connection_{error.sqlstate or 'failed'}") from None


def _fails_in_tls(arguments: Mapping[str, Any]) -> bool:
    try:
        return within(_LONGEST_CONNECT_SECONDS, lambda: fails_in_tls(arguments, seconds=at_most(_CONNECT_SECONDS)))
    except DeadlineExceededError:
        return False


def call(connection: Connection, query: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
    """Run one statement, one transaction, and answer its rows. Raises the errors of shared.domain.errors."""
    with translated(connection):
        cursor = connection.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def translated(connection: Connection) -> Iterator[None]:
    """Turn what the driver raises into the errors of shared.domain.errors; codes only."""
    # `from None`: what the server says may quote the row, and a row holds names and addresses (I11).
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
