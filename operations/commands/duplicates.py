"""Read duplicate log entries and mark them as reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from operations.errors import NothingToDoError

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    import psycopg


class Kind(StrEnum):
    """Name the log that has the duplicate."""

    TRANSITION = "transition"
    REMINDER = "reminder"
    NOTICE = "notice"


@dataclass(frozen=True)
class Duplicate:
    """Describe `n` rows of a log where one is expected. For a digest, `mentor_id` is the coordinator's id."""

    kind: str
    mentor_id: UUID
    certification_expiry_date: date | None
    detail: str
    n: int
    found_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None


def read_duplicates(connection: psycopg.Connection, *, reviewed: bool = False) -> tuple[Duplicate, ...]:
    """Return the duplicates that await a review, the oldest first; with `reviewed`, also the others."""
    with connection.cursor(row_factory=class_row(Duplicate)) as cursor:
        return tuple(
            cursor.execute(
                "SELECT d.kind, d.mentor_id,"
                "       CASE WHEN d.certification_expiry_date BETWEEN '1900-01-01' AND '9999-12-30'"
                "            THEN d.certification_expiry_date END AS certification_expiry_date,"
                "       d.detail, d.n, d.found_at, d.reviewed_at, d.reviewed_by"
                "  FROM certification.duplicates AS d WHERE d.reviewed_at IS NULL OR %s"
                " ORDER BY d.reviewed_at IS NOT NULL, d.found_at, d.kind, d.mentor_id, d.detail",
                (reviewed,),
            ).fetchall()
        )


def review(connection: psycopg.Connection, mentor_id: UUID | None, kind: Kind | None, actor: str, reason: str) -> int:
    """Mark duplicates as reviewed, for one mentor or all, in one log or all. Return how many.

    Raises NothingToDoError if there are none.
    """
    n = 0
    for log in Kind if kind is None else (kind,):
        row = connection.execute(
            "SELECT certification.review_duplicates(%s, %s, %s, %s)", (log, mentor_id, actor, reason)
        ).fetchone()
        n += row[0] if row else 0
    if not n:
        raise NothingToDoError("no such duplicate awaits a review: nothing was done")
    return n
