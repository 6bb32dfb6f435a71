"""Read the result of a full comparison, for a board or an auditor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from operations.commands.brakes import Brake, read_brakes
from operations.errors import NotKnownError
from operations.wording import speech
from shared.domain.comparison import CLASSES, ProofVerdict, verdict_of

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class Difference:
    """Describe a difference between the website and the app by ids, classes and column names, without any values."""

    class_: str
    cause: str
    mentor_id: UUID | None
    row_id: UUID | None
    organisation: str | None
    fields: tuple[str, ...]
    opened_at: datetime
    repairs: int
    closed_at: datetime | None
    closed_in: UUID | None
    outcome: str | None


@dataclass(frozen=True)
class ProofHead:
    """Represent a row of certification.proofs."""

    run_id: UUID
    at: datetime
    ended_at: datetime
    complete: bool
    reason: str | None
    app_listed: int | None
    website_listed: int | None
    equal: int | None
    app_hash: str | None
    website_hash: str | None
    counts: dict[str, int]

    facts: dict[str, str] = field(default_factory=dict)
    """May contain brake_since and known_at."""
    over_since: int = 0
    """How many of the differences a later run has closed."""
    verdict: ProofVerdict = field(init=False)

    def __post_init__(self) -> None:
        """Derive the verdict from the counts, so that an old proof has one too."""
        equal = self.app_hash == self.website_hash
        object.__setattr__(self, "verdict", verdict_of(complete=self.complete, counts=self.counts, equal=equal))

    def count(self, name: str) -> int:
        """Return one count; zero if it is missing."""
        return self.counts.get(name, 0)

    @property
    def in_flight(self) -> int:
        """Count the differences that are too recent to judge: just changed, or awaiting the day's check."""
        return self.count("in_flight") + self.count("day_turns")

    @property
    def is_over(self) -> bool:
        """Return whether later runs have closed every difference."""
        return self.over_since >= sum(self.count(name) for name in CLASSES) - self.in_flight > 0

    def moment(self, name: str) -> datetime | None:
        """Return the time that a fact holds, if there is one."""
        return datetime.fromisoformat(self.facts[name]) if name in self.facts else None


@dataclass(frozen=True)
class ProofPage:
    """Collect a proof, its open differences when it ended, and their outcome since."""

    proof: ProofHead
    differences: tuple[Difference, ...]
    confirmed: tuple[Difference, ...] = field(default=())
    """Earlier differences whose repair this run confirmed."""
    brakes: tuple[Brake, ...] = ()
    """The brakes that were on when the run ended."""
    verdict: ProofVerdict = field(init=False)

    def __post_init__(self) -> None:
        """Copy the verdict to the top level of the JSON."""
        object.__setattr__(self, "verdict", self.proof.verdict)


_HEAD = (
    "SELECT p.run_id, p.at, p.ended_at, p.complete, p.reason, p.app_listed, p.website_listed, p.equal, p.app_hash,"
    "       p.website_hash, p.counts, p.facts, (SELECT count(*) FROM certification.findings AS f"
    "        WHERE f.opened_at <= p.ended_at AND f.closed_at > p.ended_at)::integer AS over_since"
    "  FROM certification.proofs AS p"
)
_DIFFERENCE = (
    "SELECT f.class AS class_, f.cause, f.mentor_id, f.row_id, o.name AS organisation, f.fields, f.opened_at,"
    "       f.repairs, f.closed_at, f.closed_in, f.outcome"
    "  FROM certification.findings AS f LEFT JOIN certification.organisation_names() AS o ON o.id = f.organisation_id"
)
_STANDING = " WHERE f.opened_at <= %(at)s AND (f.closed_at IS NULL OR f.closed_at > %(at)s)"
_ORDER = " ORDER BY array_position(%(classes)s::text[], f.class), f.opened_at, f.mentor_id, f.row_id"


def read_head(connection: psycopg.Connection, run_id: UUID | None = None) -> ProofHead | None:
    """Return the proof of a run, or the last one."""
    with connection.cursor(row_factory=class_row(ProofHead)) as cursor:
        if run_id is not None:
            return cursor.execute(_HEAD + " WHERE p.run_id = %s", (run_id,)).fetchone()
        return cursor.execute(_HEAD + " ORDER BY p.at DESC, p.ended_at DESC LIMIT 1").fetchone()


def read_proof(connection: psycopg.Connection, run_id: UUID | None = None) -> ProofPage:
    """Return a proof with its differences. Raises NotKnownError if there is none."""
    head = read_head(connection, run_id)
    if head is None:
        which = f"of run {run_id}" if run_id else "yet"
        raise NotKnownError(f"there is no proof {which}: make one with {speech.command('reconcile --full')}")
    known = {"run": head.run_id, "at": head.ended_at, "classes": list(CLASSES)}
    with connection.cursor(row_factory=class_row(Difference)) as cursor:
        differences = cursor.execute(_DIFFERENCE + _STANDING + _ORDER, known).fetchall()
        confirmed = cursor.execute(
            _DIFFERENCE + " WHERE f.closed_in = %(run)s AND f.outcome = 'confirmed'" + _ORDER, known
        ).fetchall()
    brakes = read_brakes(connection, at=head.ended_at)
    return ProofPage(head, tuple(differences), tuple(confirmed), brakes)
