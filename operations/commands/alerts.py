"""Read the conditions that hold now, and the alerts that operations received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import psycopg

_MOST_CLOSED = 200


@dataclass(frozen=True)
class Alert:
    """Describe one thing that is or was wrong. `ids` has at most 20 of the `n` affected.

    `sent_at` is the time of the last message to operations, None before the first. `closed_at` is the time when a run
    saw that the condition had ended.
    """

    condition: str
    subject: str
    since: datetime
    n: int
    ids: tuple[UUID, ...]
    facts: dict[str, Any]
    sent_at: datetime | None
    closed_at: datetime | None


def read_current_conditions(connection: psycopg.Connection) -> tuple[Alert, ...]:
    """Return the conditions that hold now, whether or not a run has seen them; the oldest first.

    `since` is the start of the open alert if there is one. Some conditions record no earlier time than the last run.
    """
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT t.condition, t.subject, coalesce(a.since, t.since, clock_timestamp()) AS since, t.n, t.ids,"
                "       t.facts, a.sent_at, a.closed_at"
                "  FROM certification.current_conditions() AS t"
                "  LEFT JOIN certification.alerts AS a"
                "    ON a.condition = t.condition AND a.subject = t.subject AND a.closed_at IS NULL"
                " ORDER BY 3, 1, 2"
            ).fetchall()
        )


def read_alerts(connection: psycopg.Connection, *, closed: bool = False) -> tuple[Alert, ...]:
    """Return the open alerts, the oldest first, and with `closed` also the latest closed ones."""
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT a.condition, a.subject, a.since, a.n, a.ids, a.facts, a.sent_at, a.closed_at"
                "  FROM certification.alerts AS a WHERE a.closed_at IS NULL OR %s"
                " ORDER BY a.closed_at DESC NULLS FIRST, a.since, a.id LIMIT %s",
                (closed, _MOST_CLOSED),
            ).fetchall()
        )
