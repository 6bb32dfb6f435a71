"""The opening of a connection to PostgreSQL from a secret: signed in, encrypted, bounded in time (I18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import Format
from psycopg.rows import dict_row

from shared.adapters.postgres.certificates import fails_in_tls, tls_arguments
from shared.adapters.within import DeadlineExceededError, within
from shared.domain.deadlines import all_but, at_most
from shared.domain.errors import ConnectionLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# tcp_user_timeout, in milliseconds, ends a connection whose data is not acknowledged: no endless wait for a dead peer.
_KEEPALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_FIELDS = {name: name for name in ("host", "port", "dbname", "password")} | {"username": "user"}
_CONNECT_SECONDS = 10
# libpq bounds each address of the host separately, and the lookup of its name not at all.
_LONGEST_CONNECT_SECONDS = 15.0
# Reserved for recording how the run ended, on another connection than the one that does not respond.
_SECONDS_TO_RECORD = 15.0
LONGEST_STATEMENT_SECONDS = 3600.0  # for a caller that is no Lambda function and so has no deadline
_INTERVAL = 0.1  # psycopg's default: the longest wait before Ctrl-C is noticed


class BinaryCursor[Row](psycopg.Cursor[Row]):
    """A cursor that reads values in binary, which do not depend on the database's DateStyle and IntervalStyle.

    It needs no session setting, so it works through a transaction pooler too.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - as psycopg has it
        super().__init__(*arguments, **options)
        self.format = Format.BINARY


class BoundedConnection(psycopg.Connection[dict[str, Any]]):
    """A connection that gives up a statement, and closes itself, before the function's time is over (I18).

    A server that accepts data and never replies looks alive to TCP. A statement that was given up may have been carried
    out, as after any lost reply.
    """

    longest = LONGEST_STATEMENT_SECONDS

    def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:  # noqa: ANN401
        """Wait for the server as psycopg does, but no longer than the function can."""
        seconds = min(all_but(_SECONDS_TO_RECORD), self.longest)
        try:
            return super().wait(gen, interval, seconds if timeout is None else min(seconds, timeout))
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 - the OperationalError of a wait that has ended
            self.pgconn.finish()
            raise


def login_of(secret: Mapping[str, Any]) -> dict[str, Any]:
    """Return libpq's arguments from a secret in the form that RDS writes. Raises ConnectionLostError with a code."""
    return {theirs: secret[ours] for ours, theirs in _FIELDS.items() if ours in secret} | tls_arguments(secret)


def open_connection(secret: Mapping[str, Any], *, retry: Callable[[], Mapping[str, Any]] | None) -> BoundedConnection:
    """Open a connection in autocommit. Raises ConnectionLostError with a code.

    `retry` reads the secret afresh after a refused login; a secret that has changed is tried once.
    """
    arguments = login_of(secret) | _KEEPALIVE
    try:
        return within(
            _LONGEST_CONNECT_SECONDS,
            lambda: BoundedConnection.connect(
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
    except (DeadlineExceededError, UnicodeError):  # UnicodeError: a host that can be no name
        raise ConnectionLostError("database_connection_failed") from None
    except psycopg.OperationalError as error:
        refused = error.sqlstate is None or error.sqlstate.startswith("28")
        if refused and retry is not None:
            fresh = retry()
            if fresh != secret:
                return open_connection(fresh, retry=None)
        # Without a `pgconn` the host has no address or did not respond in time.
        before_login = error.pgconn is not None and not error.pgconn.ssl_in_use
        if before_login and arguments["sslmode"] != "disable" and _fails_in_tls(arguments):
            raise ConnectionLostError("database_tls_failed") from None
        raise ConnectionLostError(f"database_connection_{error.sqlstate or 'failed'}") from None


def _fails_in_tls(arguments: Mapping[str, Any]) -> bool:
    try:
        return within(_LONGEST_CONNECT_SECONDS, lambda: fails_in_tls(arguments, seconds=at_most(_CONNECT_SECONDS)))
    except DeadlineExceededError:
        return False
