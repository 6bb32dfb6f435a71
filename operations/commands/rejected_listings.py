"""Read the rejected listings and retry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from psycopg.rows import class_row

from operations.errors import NothingToDoError, NotUnderstoodError
from operations.wording import speech

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import psycopg


@dataclass(frozen=True)
class RejectedListing:
    """Describe a rejected listing: whether the website may still show it, and whether the app wants it shown."""

    mentor_id: UUID
    organisation: str
    reason: str
    since: datetime
    attempts: int
    may_be_shown: bool
    should_be_shown: bool


_REJECTED = """
SELECT a.mentor_id, coalesce(o.name, %(deleted)s) AS organisation, a.reason, a.since, a.attempts, a.may_be_shown,
       a.should_be_shown
  FROM certification.rejected_listings() AS a
  LEFT JOIN certification.organisation_names() AS o ON o.id = a.organisation_id
 ORDER BY a.may_be_shown AND NOT a.should_be_shown DESC, a.since, a.mentor_id
"""


def read_rejected(connection: psycopg.Connection) -> tuple[RejectedListing, ...]:
    """Return every rejected listing; first those that may be shown but must not be."""
    with connection.cursor(row_factory=class_row(RejectedListing)) as cursor:
        return tuple(cursor.execute(_REJECTED, {"deleted": speech.say("deleted organisation")}).fetchall())


def retry(connection: psycopg.Connection, mentors: Sequence[str], actor: str, reason: str) -> int:
    """Retry these listings, or all rejected ones if none is named. Return how many.

    Raises NotUnderstoodError for an invalid id, and NothingToDoError if a named listing is not rejected or none is.
    """
    ids = [_uuid(text) for text in mentors]
    rejected = {
        row[0]
        for row in connection.execute(
            "SELECT l.mentor_id FROM certification.listings AS l"
            " WHERE l.synced_version < l.desired_version AND l.state = 'rejected'"
        )
    }
    if not rejected:
        raise NothingToDoError("no listing is rejected: there is nothing to retry")
    if strangers := [str(found) for found in ids if found not in rejected]:
        raise NothingToDoError(f"not rejected, so nothing was done: {', '.join(strangers)}")
    row = connection.execute("SELECT certification.retry_rejected(%s, %s, %s)", (ids or None, actor, reason)).fetchone()
    return int(row[0]) if row else 0


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotUnderstoodError(
            f"{text!r} is not a mentor's id; {speech.command('rejected list')} shows them"
        ) from None
