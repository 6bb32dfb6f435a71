"""A dry run of the nights to come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class Coming:
    """A reminder, an expiry or a return to active that is due on a night."""

    due_on: date
    organisation: str
    mentor_id: UUID
    event: str
    threshold_day: int | None
    expires_on: date
    problem: str | None


def last_nightly_check(connection: psycopg.Connection) -> date | None:
    """Return the latest day that an expiry check has evaluated."""
    row = connection.execute(
        "SELECT max(ro.as_of) FROM certification.run_organisations AS ro"
        " JOIN certification.runs AS r ON r.id = ro.run_id AND r.function = 'expiry_check' AND r.undone_at IS NULL"
    ).fetchone()
    found: date | None = row[0] if row else None
    return found


def read_preview(connection: psycopg.Connection, first: date, days: int) -> tuple[Coming, ...]:
    """Return who will be reminded, expired or reactivated on which night."""
    with connection.cursor(row_factory=class_row(Coming)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT p.due_on, o.name AS organisation, p.mentor_id, p.event, p.threshold_day, p.expires_on,"
                "       p.problem"
                "  FROM certification.preview(%s, %s) AS p"
                "  JOIN certification.organisation_names() AS o ON o.id = p.organisation_id"
                " ORDER BY p.due_on, o.name, p.event, p.expires_on, p.mentor_id",
                (first, days),
            ).fetchall()
        )
