"""Release a brake, which is a mass-change limit: the next run makes the change that was stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from operations.errors import NothingToDoError, NotUnderstoodError, OperationsError
from operations.wording.speech import say

if TYPE_CHECKING:
    from datetime import datetime

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
        "SELECT b.organisation_id, coalesce(o.name::text, %(deleted)s || ' ' || b.organisation_id), b.kind,"
        "       b.tripped_at, b.n, b.of_n, b.last_run_id,"
        "       CASE WHEN certification.brake_release_is_in_force(b.released_at) THEN b.released_at END, b.released_by"
        "  FROM certification.brakes AS b LEFT JOIN public.organisations AS o ON o.id = b.organisation_id"
        " WHERE b.tripped_at <= coalesce(%(at)s, b.tripped_at) AND (b.closed_at IS NULL OR b.closed_at > %(at)s)"
        " ORDER BY b.tripped_at, b.id",
        {"at": at, "deleted": say("(deleted)")},
    ).fetchall()
    return tuple(Brake(row[0], row[1], Kind(row[2]), *row[3:]) for row in rows)


def release(connection: psycopg.Connection, organisation: str, kind: Kind | None, actor: str, reason: str) -> Brake:
    """Release the organisation's brake: `organisation` is its name or id; `kind` None where only one is on.

    Raises NothingToDoError if none is on or it is released already, OperationsError if it is not clear which.
    """
    organisation_id, name = _organisation(connection, organisation)
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


def _organisation(connection: psycopg.Connection, text: str) -> tuple[UUID, str]:
    """Also one that is gone, by its id: its brake may still be on."""
    rows: list[tuple[UUID, str]] = connection.execute(
        "SELECT o.id, o.name::text FROM public.organisations AS o ORDER BY o.name, o.id"
    ).fetchall()
    found = [row for row in rows if text.strip().lower() in {row[1].lower(), str(row[0])}]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotUnderstoodError(f"{len(found)} organisations are called {text}: give the id")
    try:
        return UUID(text.strip()), text.strip()
    except ValueError:
        known = ", ".join(name for _, name in rows) or "none"
        raise OperationsError(f"there is no organisation {text!r}; there are: {known}") from None
