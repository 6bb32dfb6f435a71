"""What is wrong now, and what operations was alerted of."""

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
    """Something that is, or was, wrong since a time. `ids`: at most 20 of the `n` it concerns.

    `sent_at`: when operations last heard of it; None: not yet. `closed_at`: when a run saw that it was over.
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
    """What is wrong this moment, whether or not a run has seen it yet; the oldest first.

    Since when it was alerted of, where that is so: of some there is nothing older than the last run.
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
    """The open alerts, the oldest first; `closed`: after them the last that are over."""
    with connection.cursor(row_factory=class_row(Alert)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT a.condition, a.subject, a.since, a.n, a.ids, a.facts, a.sent_at, a.closed_at"
                "  FROM certification.alerts AS a WHERE a.closed_at IS NULL OR %s"
                " ORDER BY a.closed_at DESC NULLS FIRST, a.since, a.id LIMIT %s",
                (closed, _MOST_CLOSED),
            ).fetchall()
        )
