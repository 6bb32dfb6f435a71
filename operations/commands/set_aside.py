"""Listings that the website refused for good: what they are, and trying them again."""

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
class SetAside:
    """A listing that was set aside. `may_be_shown`: by the website, still; `should_be_shown`: says the app."""

    mentor_id: UUID
    organisation: str
    reason: str
    since: datetime
    attempts: int
    may_be_shown: bool
    should_be_shown: bool


_SET_ASIDE = """
WITH aside AS MATERIALIZED (
    SELECT l.mentor_id, l.organisation_id, l.reason, l.changed_at, l.attempts, l.website
      FROM certification.listings AS l WHERE l.state = 'set_aside'
)
SELECT a.mentor_id, coalesce(o.name::text, %(deleted)s) AS organisation, a.reason, a.changed_at AS since,
       a.attempts, a.website IS NOT NULL AS may_be_shown, coalesce(w.listed, false) AS should_be_shown
  FROM aside AS a
  LEFT JOIN public.organisations AS o ON o.id = a.organisation_id
  LEFT JOIN certification.wanted_listings(ARRAY(SELECT i.mentor_id FROM aside AS i)) AS w ON w.mentor_id = a.mentor_id
 ORDER BY a.website IS NOT NULL AND NOT coalesce(w.listed, false) DESC, a.changed_at, a.mentor_id
"""


def read_set_aside(connection: psycopg.Connection) -> tuple[SetAside, ...]:
    """Every one; first those whom the website may show although it must not."""
    with connection.cursor(row_factory=class_row(SetAside)) as cursor:
        return tuple(cursor.execute(_SET_ASIDE, {"deleted": speech.say("deleted organisation")}).fetchall())


def retry(connection: psycopg.Connection, mentors: Sequence[str], actor: str, reason: str) -> int:
    """Have these listings tried again, or all of them where none is named. Answers how many.

    Raises NotUnderstoodError for what is no id, and NothingToDoError if one of them, or every one, is not set aside.
    """
    ids = [_uuid(text) for text in mentors]
    aside = {
        row[0] for row in connection.execute("SELECT mentor_id FROM certification.listings WHERE state = 'set_aside'")
    }
    if not aside:
        raise NothingToDoError("no listing is set aside: there is nothing to try again")
    if strangers := [str(found) for found in ids if found not in aside]:
        raise NothingToDoError(f"not set aside, so nothing was done: {', '.join(strangers)}")
    row = connection.execute(
        "SELECT certification.retry_set_aside(%s, %s, %s)", (ids or None, actor, reason)
    ).fetchone()
    return int(row[0]) if row else 0


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotUnderstoodError(
            f"{text!r} is not a mentor's id; {speech.command('set-aside list')} shows them"
        ) from None
