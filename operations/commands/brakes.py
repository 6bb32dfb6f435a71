"""Release a brake, which is a mass-change limit: the next run makes the change that was stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from operations.commands import organisations
from operations.errors import NothingToDoError, NotUnderstoodError
from operations.wording.speech import say

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import psycopg


class Kind(StrEnum):
    """What a brake (the mass-change limit) stops:
    reminders or expiries of the nightly check, or repairs of the website.
    """

    REMINDER = "reminder"
    EXPIRY = "expiry"
    REPAIR = "repair"


@dataclass(frozen=True)
class Brake:
    """A brake that is on: the last run it stopped would have changed `n` of `of_n` mentors."""

    organisation_id: UUID
    organisation: str
    kind: Kind
    tripped_at: datetime
    n: int
    of_n: int
    run_id: UUID
    released_at: datetime | None
    released_by: str | None


def read_brakes(connection: psycopg.Connection, at: datetime | None = None) -> tuple[Brake, ...]:
    """The brakes that are on, or released and not used yet; the oldest first. `at`: those that were on then."""
    rows = connection.execute(
        "SELECT b.organisation_id, coalesce(o.name, %(deleted)s || ' ' || b.organisation_id), b.kind, b.tripped_at,"
        "       b.n, b.of_n, b.run_id, b.released_at, b.released_by"
        "  FROM certification.brakes_on(%(at)s) AS b"
        "  LEFT JOIN certification.organisation_names() AS o ON o.id = b.organisation_id"
        " ORDER BY b.tripped_at, b.kind",
        {"at": at, "deleted": say("(deleted)")},
    ).fetchall()
    return tuple(Brake(row[0], row[1], Kind(row[2]), *row[3:]) for row in rows)


def release(connection: psycopg.Connection, organisation: str, kind: Kind | None, actor: str, reason: str) -> Brake:
    """Release the organisation's brake: `organisation` is its name or id; `kind` None where only one is on.

    Raises NothingToDoError if none is on or it is released already, OperationsError if it is not clear which.
    """
    organisation_id, name = organisations.find(connection, organisation)
    on = [b for b in read_brakes(connection) if b.organisation_id == organisation_id and kind in {None, b.kind}]
    if not on:
        raise NothingToDoError(f"no brake{' for ' + kind if kind else ''} is on in {name}: nothing was released")
    if len(on) > 1:
        kinds = " or ".join(f"--kind {brake.kind}" for brake in on)
        number = "two" if len(on) == 2 else "three"  # noqa: PLR2004
        raise NotUnderstoodError(f"{number} brakes are on in {name}: say which with {kinds}")
    row = connection.execute(
        "SELECT certification.release_brake(%s, %s, %s, %s)", (organisation_id, on[0].kind, actor, reason)
    ).fetchone()
    match row and row[0]:
        case "released":
            return on[0]
        case "already_released":
            raise NothingToDoError(f"the brake of {name} is released already, by {on[0].released_by}")
        case _:
            raise NothingToDoError(f"no brake is on in {name} any more: a run has closed it")
