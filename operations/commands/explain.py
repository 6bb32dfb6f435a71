"""Why a mentor was or was not reminded, and what moved them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from operations.errors import NothingToDoError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class Mentor:
    """The mentor an explanation is about. `impossible_date`: the end of the certification, where it cannot be meant."""

    id: UUID
    organisation: str
    status: str
    expires_on: date | None
    impossible_date: str | None
    listing_consent: bool
    mail_problem: str | None


@dataclass(frozen=True)
class ThresholdRecord:
    """One threshold of one certification."""

    threshold_day: int
    due_on: date | None
    state: str
    reason: str | None
    run_id: UUID | None
    as_of: date | None
    notice_state: str | None
    notice_reason: str | None
    sent_at: datetime | None
    certification_expiry_date: date | None


@dataclass(frozen=True)
class StatusChange:
    """A row of the app's status log."""

    occurred_at: datetime
    from_status: str
    to_status: str
    reason: str
    actor: str


@dataclass(frozen=True)
class StepFailure:
    """A step that failed for a mentor, and in how many nightly checks."""

    step: str
    reason: str
    ends: str
    nightly_checks: int


@dataclass(frozen=True)
class Explanation:
    """Everything known of one mentor's reminders."""

    mentor: Mentor
    thresholds: tuple[ThresholdRecord, ...]
    log: tuple[StatusChange, ...]
    step_failures: tuple[StepFailure, ...]


def find_mentors(connection: psycopg.Connection, text: str, mentor_id: UUID | None) -> tuple[UUID, ...]:
    """Return the mentors whom a person may mean: by the id, its beginning, or the full name."""
    rows = connection.execute(
        "SELECT f.id FROM certification.find_mentors(%s, %s) AS f (id)", (text.strip(), mentor_id)
    ).fetchall()
    return tuple(row[0] for row in rows)


def read_explanation(connection: psycopg.Connection, mentor_id: UUID, today: date) -> Explanation:
    """Return everything known of one mentor's reminders. Raises NothingToDoError if there is no such mentor."""
    with connection.cursor(row_factory=class_row(Mentor)) as cursor:
        mentor = cursor.execute("SELECT * FROM certification.mentor_to_explain(%s)", (mentor_id,)).fetchone()
    if mentor is None:
        raise NothingToDoError(f"there is no mentor {mentor_id}")
    with connection.cursor(row_factory=class_row(ThresholdRecord)) as cursor:
        thresholds = cursor.execute("SELECT * FROM certification.explain(%s, %s)", (mentor_id, today)).fetchall()
    with connection.cursor(row_factory=class_row(StatusChange)) as cursor:
        log = cursor.execute("SELECT * FROM certification.status_log_of(%s)", (mentor_id,)).fetchall()
    with connection.cursor(row_factory=class_row(StepFailure)) as cursor:
        aside = cursor.execute(
            "SELECT s.step, s.reason,"
            "       CASE WHEN s.certification_expiry_date BETWEEN '1900-01-01' AND '9999-12-30'"
            "            THEN to_char(s.certification_expiry_date, 'DD.MM.YYYY')"
            "            ELSE s.certification_expiry_date::text END AS ends, s.nightly_checks"
            "  FROM certification.step_failures AS s WHERE s.mentor_id = %s",
            (mentor_id,),
        ).fetchall()
    return Explanation(mentor, tuple(thresholds), tuple(log), tuple(aside))


def read_names(connection: psycopg.Connection, mentors: Sequence[UUID]) -> dict[UUID, str]:
    """Return the mentors' names. The role of operations may not; the owner of local data may."""
    return dict(
        connection.execute(
            "SELECT m.id, m.first_name || ' ' || m.last_name FROM public.peer_mentors AS m WHERE m.id = ANY (%s)",
            (list(mentors),),
        ).fetchall()
    )
