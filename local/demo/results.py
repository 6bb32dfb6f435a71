"""The results of runs, read back from the database for people to see."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

REMINDER_OUTCOMES = ("due", "claimed", "collapsed", "unreachable", "already")


@dataclass(frozen=True)
class OrganisationResult:
    """One organisation's part of a run, with `counts` by measure and detail."""

    name: str
    as_of: date | None
    state: str
    reason: str | None
    thresholds: tuple[int, ...]
    counts: dict[tuple[str, str], int]

    def total(self, measure: str) -> int:
        """Return the sum of a measure over its details."""
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
        """Return the sum of a measure over the organisations."""
        return sum(organisation.total(measure) for organisation in self.organisations)


@dataclass(frozen=True)
class MoveRecord:
    """A mentor that a run moved."""

    organisation: str
    mentor_id: UUID
    name: str
    to_status: str
    expires_on: date


@dataclass(frozen=True)
class Totals:
    """The counts, over all runs, of everything that must not happen twice."""

    reminders: int
    transitions: int
    log_rows: int
    notices: int
    sent: int


def read_run(dsn: str, run_id: UUID) -> RunRecord:
    """Return a run with its organisations and counts."""
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
    """Return the mentors that a run moved, by organisation and date."""
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
    """Return the totals over all runs so far."""
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
    """A change above the mass-change limit, which the brake holds. It keeps `waiting` mentors on the website."""

    organisation: str
    kind: str
    n: int
    of_n: int
    waiting: int


def read_brakes(dsn: str) -> tuple[HeldChange, ...]:
    """Return the changes that the brake holds now."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT coalesce(o.name, b.organisation_id::text), b.kind, b.n, b.of_n,"
            " (SELECT count(*) FROM certification.listings AS l WHERE l.organisation_id = b.organisation_id"
            "   AND l.synced_version < l.desired_version AND l.reason = 'brake')"
            " FROM certification.brakes AS b LEFT JOIN public.organisations AS o ON o.id = b.organisation_id"
            " WHERE b.closed_at IS NULL AND NOT certification.brake_release_is_in_force(b.released_at) ORDER BY 1, 2"
        ).fetchall()
    return tuple(HeldChange(*row) for row in rows)
