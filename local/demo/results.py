"""What the runs did, read back from the database for people to see."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from local.mentors_file.mentors import mentor_uuid

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

REMINDER_OUTCOMES = ("due", "claimed", "collapsed", "unreachable", "already")


@dataclass(frozen=True)
class OrganisationResult:
    """One organisation's part of a run; `counts` by measure and detail."""

    name: str
    as_of: date | None
    state: str
    reason: str | None
    thresholds: tuple[int, ...]
    counts: dict[tuple[str, str], int]

    def total(self, measure: str) -> int:
        """The sum of a measure over its details."""
        return sum(n for (name, _), n in self.counts.items() if name == measure)


@dataclass(frozen=True)
class RunRecord:
    """One run."""

    id: UUID
    function: str
    state: str
    reason: str | None
    organisations: tuple[OrganisationResult, ...]

    def total(self, measure: str) -> int:
        """The sum of a measure over the organisations."""
        return sum(organisation.total(measure) for organisation in self.organisations)


@dataclass(frozen=True)
class MoveRecord:
    """A mentor whom a run moved."""

    organisation: str
    mentor_id: UUID
    name: str
    to_status: str
    expires_on: date


@dataclass(frozen=True)
class Totals:
    """Everything that must not happen twice, counted over all runs."""

    reminders: int
    transitions: int
    log_rows: int
    notices: int
    sent: int


def read_run(dsn: str, run_id: UUID) -> RunRecord:
    """A run with its organisations and counts."""
    with psycopg.connect(dsn) as connection:
        head = connection.execute(
            "SELECT function, state, reason FROM certification.runs WHERE id = %s", (run_id,)
        ).fetchone()
        assert head is not None, run_id  # noqa: S101 - the caller has the id from the run itself
        counts: dict[UUID, dict[tuple[str, str], int]] = defaultdict(dict)
        for organisation_id, measure, detail, n in connection.execute(
            "SELECT organisation_id, measure, detail, n FROM certification.run_counts WHERE run_id = %s", (run_id,)
        ):
            counts[organisation_id][measure, detail] = n
        rows = connection.execute(
            "SELECT o.name, ro.as_of, ro.state, ro.reason, certification.effective_thresholds(o.id), o.id"
            " FROM certification.run_organisations AS ro JOIN public.organisations AS o ON o.id = ro.organisation_id"
            " WHERE ro.run_id = %s ORDER BY o.name",
            (run_id,),
        ).fetchall()
    return RunRecord(
        run_id,
        head[0],
        head[1],
        head[2],
        tuple(
            OrganisationResult(name, as_of, state, reason, tuple(thresholds), counts[organisation_id])
            for name, as_of, state, reason, thresholds, organisation_id in rows
        ),
    )


def read_moved(dsn: str, run_id: UUID) -> tuple[MoveRecord, ...]:
    """Whom a run moved, by organisation and date."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT o.name, m.id, m.first_name || ' ' || m.last_name, t.to_status, t.certification_expiry_date"
            " FROM certification.transitions AS t JOIN public.peer_mentors AS m ON m.id = t.mentor_id"
            " JOIN public.organisations AS o ON o.id = m.organisation_id"
            " WHERE t.run_id = %s ORDER BY 4 DESC, 1, 5, 3",
            (run_id,),
        ).fetchall()
    return tuple(MoveRecord(*row) for row in rows)


def read_totals(dsn: str) -> Totals:
    """The totals over all runs so far."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM certification.cert_expiry_reminders),"
            " (SELECT count(*) FROM certification.transitions),"
            " (SELECT count(*) FROM public.mentor_status_log),"
            " (SELECT count(*) FROM certification.notices),"
            " (SELECT count(*) FROM certification.notices WHERE state = 'sent')"
        ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return Totals(*row)


@dataclass(frozen=True)
class HeldChange:
    """A change above the mass-change limit, which the brake holds; `waiting` are kept on the website by it."""

    organisation: str
    kind: str
    n: int
    of_n: int
    waiting: int


def read_brakes(dsn: str) -> tuple[HeldChange, ...]:
    """What the brake holds now."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT coalesce(o.name, b.organisation_id::text), b.kind, b.n, b.of_n,"
            " (SELECT count(*) FROM certification.listings AS l WHERE l.organisation_id = b.organisation_id"
            "   AND l.synced_version < l.desired_version AND l.reason = 'brake')"
            " FROM certification.brakes AS b LEFT JOIN public.organisations AS o ON o.id = b.organisation_id"
            " WHERE b.closed_at IS NULL AND NOT certification.brake_release_is_in_force(b.released_at) ORDER BY 1, 2"
        ).fetchall()
    return tuple(HeldChange(*row) for row in rows)


def last_nightly_check(dsn: str) -> date | None:
    """The latest day that an expiry check has evaluated."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT max(ro.as_of) FROM certification.run_organisations AS ro"
            " JOIN certification.runs AS r ON r.id = ro.run_id AND r.function = 'expiry_check' AND r.undone_at IS NULL"
        ).fetchone()
    found: date | None = row[0] if row else None
    return found


@dataclass(frozen=True)
class Coming:
    """One line of the preview."""

    due_on: date
    organisation: str
    mentor_id: UUID
    name: str
    event: str
    threshold_day: int | None
    expires_on: date
    problem: str | None


def read_preview(dsn: str, first: date, days: int) -> tuple[Coming, ...]:
    """Who will be reminded, expired or reactivated on which nightly check, in a transaction that cannot write."""
    with psycopg.connect(dsn) as connection:
        connection.read_only = True
        rows = connection.execute(
            "SELECT p.due_on, o.name, p.mentor_id, m.first_name || ' ' || m.last_name, p.event, p.threshold_day,"
            " p.expires_on, p.problem FROM certification.preview(%s, %s) AS p"
            " JOIN public.peer_mentors AS m ON m.id = p.mentor_id"
            " JOIN public.organisations AS o ON o.id = p.organisation_id"
            " ORDER BY p.due_on, o.name, p.event, p.expires_on, p.mentor_id",
            (first, days),
        ).fetchall()
    return tuple(Coming(*row) for row in rows)


@dataclass(frozen=True)
class Mentor:
    """The mentor an explanation is about."""

    id: UUID
    name: str
    organisation: str
    status: str
    expires_on: date | None
    listing_consent: bool
    mail_problem: str | None
    impossible_date: str | None
    """When the certification ends, where that is a date that cannot be meant."""


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
    settled_at: datetime | None
    expires_on: date | None


@dataclass(frozen=True)
class Explanation:
    """Why a mentor was or was not reminded, and what moved them."""

    mentor: Mentor
    thresholds: tuple[ThresholdRecord, ...]
    log: tuple[tuple[datetime, str, str, str, str], ...]
    step_failures: tuple[tuple[str, str, str, int], ...]


def find_mentors(dsn: str, text: str) -> tuple[UUID, ...]:
    """The mentors a person may mean: by id, by their own file's id, by the beginning of the id, or by the full name."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT id FROM public.peer_mentors"
            " WHERE id = %(id)s OR (length(%(text)s) >= 6 AND starts_with(id::text, lower(%(text)s)))"
            " OR lower(first_name || ' ' || last_name) = lower(%(text)s) ORDER BY id LIMIT 100",
            {"id": _own_id(text), "text": text.strip()},
        ).fetchall()
    return tuple(row[0] for row in rows)


def _own_id(text: str) -> UUID | None:
    try:
        return mentor_uuid(text)
    except ValueError:
        return None


def read_explanation(dsn: str, mentor_id: UUID, today: date) -> Explanation | None:
    """Everything known of one mentor's reminders, or None if there is no such mentor."""
    with psycopg.connect(dsn) as connection:
        connection.read_only = True
        # A date of another age, such as infinity, is none that a program can read; it is told as it is written.
        head = connection.execute(
            "SELECT m.id, m.first_name || ' ' || m.last_name, o.name, m.status,"
            " CASE WHEN c.expires_on BETWEEN '1900-01-01' AND '9999-12-30' THEN c.expires_on END, m.listing_consent,"
            " certification.mail_problem(m.email),"
            " CASE WHEN c.expires_on NOT BETWEEN '1900-01-01' AND '9999-12-30' THEN c.expires_on::text END"
            " FROM public.peer_mentors AS m JOIN public.organisations AS o ON o.id = m.organisation_id"
            " LEFT JOIN public.certifications AS c ON c.mentor_id = m.id WHERE m.id = %s",
            (mentor_id,),
        ).fetchone()
        if head is None:
            return None
        thresholds = connection.execute("SELECT * FROM certification.explain(%s, %s)", (mentor_id, today)).fetchall()
        log = connection.execute(
            "SELECT occurred_at, from_status, to_status, reason, actor"
            " FROM public.mentor_status_log WHERE mentor_id = %s ORDER BY occurred_at",
            (mentor_id,),
        ).fetchall()
        failures = connection.execute(
            "SELECT step, reason, CASE WHEN certification_expiry_date BETWEEN '1900-01-01' AND '9999-12-30'"
            " THEN to_char(certification_expiry_date, 'DD.MM.YYYY') ELSE certification_expiry_date::text END, "
            "nightly_checks"
            " FROM certification.step_failures WHERE mentor_id = %s",
            (mentor_id,),
        ).fetchall()
    return Explanation(Mentor(*head), tuple(ThresholdRecord(*row) for row in thresholds), tuple(log), tuple(failures))
