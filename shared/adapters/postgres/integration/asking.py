"""Statements of the checkpoint: each is a short transaction of its own, so that no lock outlives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Mapping

type Rows = list[dict[str, Any]]


# Functions that show definitions lock what they show, so a catalogue query can wait too. statement_timeout leaves a
# million mentors time.
_LIMITS = b"SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '25s', true)"


def ask(connection: psycopg.Connection[Any], query: str, parameters: Mapping[str, object] | None = None) -> Rows:
    """Run one statement that reads, and return its rows. It waits at most two seconds for a lock.

    Raises psycopg.Error.
    """
    with connection.transaction():  # inside another one a savepoint, so that an error spoils nothing else
        connection.execute(_LIMITS)
        return connection.cursor(row_factory=dict_row).execute(query.encode(), parameters).fetchall()


def why(error: psycopg.Error) -> str:
    """Return why a statement could not be run, as a code: the server's message may quote a row (I11)."""
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return "this login may not look there (42501)"
        case psycopg.errors.LockNotAvailable():
            return "another transaction holds the table (55P03); try again"
        case psycopg.errors.QueryCanceled():
            return "it took too long (57014); try again"
        case _:
            return f"SQLSTATE {error.sqlstate or 'unknown'}"
