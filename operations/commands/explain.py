"""Explain why a mentor was or was not reminded, what became of each mail, and each status change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row, dict_row

from operations.errors import NothingToDoError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class Mentor:
    """Describe the mentor to explain. `impossible_date` is an expiry date that cannot be right."""

    id: UUID
    organisation: str
    status: str
    expires_on: date | None
    impossible_date: str | None
    listing_consent: bool
    mail_problem: str | None


@dataclass(frozen=True)
class ThresholdRecord:
    """Record what happened at one threshold of one certification."""

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
class MailEvent:
    """One event of SES about a mail. `at` is as SES states it; `waits_until`: not applied to the notice yet."""

    kind: str
    at: datetime
    bounce_type: str | None
    code: str | None
    status: str | None
    waits_until: datetime | None


@dataclass(frozen=True)
class Mail:
    """The life of one notice and its mail. `reported_at`: when the coordinator's digest that reports it was sent."""

    notice_id: int
    kind: str
    threshold_day: int | None
    certification_expiry_date: date | None
    state: str
    reason: str | None
    attempts: int
    claimed_at: datetime | None
    accepted_at: datetime | None
    message_id: str | None
    arrival: str | None
    arrival_at: datetime | None
    arrival_code: str | None
    delays: int
    reported_at: datetime | None
    events: tuple[MailEvent, ...]


@dataclass(frozen=True)
class Address:
    """What is known against the mentor's present address. Without a `problem` a person has allowed it again."""

    problem: str | None
    since: datetime
    allowed_at: datetime | None


@dataclass(frozen=True)
class StatusChange:
    """Represent a row of the app's status log."""

    occurred_at: datetime
    from_status: str
    to_status: str
    reason: str
    actor: str


@dataclass(frozen=True)
class StepFailure:
    """Describe a step that failed for a mentor, and in how many nightly checks."""

    step: str
    reason: str
    ends: str
    nightly_checks: int


@dataclass(frozen=True)
class Explanation:
    """Collect everything known about one mentor's reminders."""

    mentor: Mentor
    thresholds: tuple[ThresholdRecord, ...]
    log: tuple[StatusChange, ...]
    step_failures: tuple[StepFailure, ...]
    mails: tuple[Mail, ...]
    address: Address | None


def find_mentors(connection: psycopg.Connection, text: str, mentor_id: UUID | None) -> tuple[UUID, ...]:
    """Return the mentors that match an id, the start of an id, or a full name."""
    rows = connection.execute(
        "SELECT f.id FROM certification.find_mentors(%s, %s) AS f (id)", (text.strip(), mentor_id)
    ).fetchall()
    return tuple(row[0] for row in rows)


def read_explanation(connection: psycopg.Connection, mentor_id: UUID, today: date) -> Explanation:
    """Return everything known about one mentor's reminders. Raises NothingToDoError if there is no such mentor."""
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
    with connection.cursor(row_factory=class_row(Address)) as cursor:
        address = cursor.execute("SELECT * FROM certification.address_of_mentor(%s)", (mentor_id,)).fetchone()
    return Explanation(mentor, tuple(thresholds), tuple(log), tuple(aside), read_mails(connection, mentor_id), address)


def read_mails(connection: psycopg.Connection, mentor_id: UUID) -> tuple[Mail, ...]:
    """Return the life of each mail of a mentor, the oldest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM certification.mail_history(%s)", (mentor_id,)).fetchall()
    return tuple(Mail(**row | {"events": tuple(map(_event, row["events"]))}) for row in rows)


def _event(found: dict[str, Any]) -> MailEvent:
    until = found["waits_until"]
    return MailEvent(
        **found
        | {
            "at": datetime.fromisoformat(found["at"]),
            "waits_until": datetime.fromisoformat(until) if until else None,
        }
    )


def read_names(connection: psycopg.Connection, mentors: Sequence[UUID]) -> dict[UUID, str]:
    """Return the mentors' names. Only the owner of local data may read them; the operations role may not."""
    return dict(
        connection.execute(
            "SELECT m.id, m.first_name || ' ' || m.last_name FROM public.peer_mentors AS m WHERE m.id = ANY (%s)",
            (list(mentors),),
        ).fetchall()
    )
