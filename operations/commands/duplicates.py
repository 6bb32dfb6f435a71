"""What stands in a log more than once, and saying that a person has looked at it."""

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
    """The log that it stands in twice."""

    TRANSITION = "transition"
    REMINDER = "reminder"
    NOTICE = "notice"


@dataclass(frozen=True)
class Duplicate:
    """`n` rows of a log where one should be. Of a digest the mentor id is the coordinator's."""

    kind: str
    mentor_id: UUID
    certification_expiry_date: date | None
    detail: str
    n: int
    found_at: datetime
    reviewed_at: datetime | None
    reviewed_by: str | None


def read_duplicates(connection: psycopg.Connection, *, reviewed: bool = False) -> tuple[Duplicate, ...]:
    """Those that nobody has looked at, the oldest first; `reviewed`: the others too."""
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
    """Say that these were looked at: of one mentor or everybody (None), of one log or all. Return how many.

    Raises NothingToDoError if there are none.
    """
    n = 0
    for log in Kind if kind is None else (kind,):
        row = connection.execute(
            "SELECT certification.review_duplicates(%s, %s, %s, %s)", (log, mentor_id, actor, reason)
        ).fetchone()
        n += row[0] if row else 0
    if not n:
        raise NothingToDoError("there is no such duplicate that nobody has reviewed: nothing was done")
    return n
