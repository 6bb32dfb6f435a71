"""Forget a person: what this system has of one, what stands in the way, and the removal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg.rows import dict_row

from operations.errors import NothingToDoError, NotKnownError, OperationsError
from operations.wording import speech, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from uuid import UUID

    import psycopg

    from operations.console import Progress

_POLL_SECONDS = 2.0
_MOST_PLACES = 20


class Kind(StrEnum):
    """Say what the person is in the app."""

    MENTOR = "mentor"
    COORDINATOR = "coordinator"


class Elsewhere(StrEnum):
    """Name each place outside the schema that may still have the person; docs/privacy.md describes them."""

    APP = "app"
    LISTING = "listing"
    AUDIT = "audit"
    DYNAMICS = "dynamics"
    DYNAMICS_HISTORY = "dynamics_history"
    SUPPRESSION_LIST = "suppression_list"
    MESSAGES = "messages"
    LOGS = "logs"
    BACKUPS = "backups"


@dataclass(frozen=True)
class PersonOnRecord:
    """Say what is known of a person before anything is done (certification.person_to_forget)."""

    kind: Kind
    in_app: str
    status: str | None
    mentors: int
    listing: str
    reason: str | None
    website_table: str | None
    website_key: str | None
    columns_left: Mapping[str, list[str]]
    is_busy: bool
    audit_entries: int
    rows: Mapping[str, int]
    """The number of rows of each table that name the person."""

    @property
    def has_row_in_dynamics(self) -> bool:
        """Return whether a row of ours in Dynamics has the mentor's id."""
        return self.kind is Kind.MENTOR and self.listing != "none"


@dataclass(frozen=True)
class ForgetOutcome:
    """Say what was removed, or would be, and which places may still have the person."""

    id: UUID
    kind: Kind
    forgotten: bool
    removed: Mapping[str, int]
    audit_entries: int
    website_table: str | None
    website_key: str | None
    elsewhere: tuple[Elsewhere, ...]


_READ = """
SELECT t.kind, t.in_app, t.status, t.mentors, t.listing, t.reason, t.website_table, t.website_key, t.columns_left,
       t.is_busy, t.audit_entries, t.rows
  FROM certification.person_to_forget(%s) AS t WHERE t.kind IS NOT NULL
"""
_FORGOTTEN = """
SELECT a.at, a.actor FROM certification.audit AS a
 WHERE a.action = 'forget_person' AND a.facts ->> 'person_id' = %s ORDER BY a.id DESC LIMIT 1
"""


def read_person(connection: psycopg.Connection, person: UUID) -> PersonOnRecord:
    """Return what this system has of a person. Raises NothingToDoError for an unknown id."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_READ, (person,)).fetchone()
    if found is None:
        done = connection.execute(_FORGOTTEN, (str(person),)).fetchone()
        if done is not None:
            when = words.moment(done[0], datetime.now(UTC))
            raise NothingToDoError(f"{person} was forgotten {when} by {done[1]}; only the audit has the id")
        raise NothingToDoError(f"nothing here names {person}, and the app has no such mentor or coordinator")
    return PersonOnRecord(**found | {"kind": Kind(found["kind"])})


def require_gone_from_app(found: PersonOnRecord) -> None:
    """Raise OperationsError while the app still uses the person, and say what to do first."""
    if found.in_app != "in_use":
        return
    if found.kind is Kind.COORDINATOR:
        raise OperationsError(
            f"the app still has {found.mentors} mentors with this coordinator, so the next digest would bring the"
            " coordinator back: give those mentors another coordinator in the app, or delete the coordinator there"
        )
    raise OperationsError(
        f"the app still has this mentor as {found.status}, so the next check would bring the mentor back:"
        " delete the mentor in the app, or set the status to inactive there, and run this again"
    )


def planned(person: UUID, found: PersonOnRecord) -> ForgetOutcome:
    """Return what would be removed and what would stay."""
    return _outcome(person, found, found.rows, forgotten=False)


def empty_listing(
    writing: Callable[[], AbstractContextManager[psycopg.Connection]],
    person: UUID,
    named: tuple[str, str],
    *,
    wait: float,
    progress: Progress,
) -> None:
    """Have the mentor's row in Dynamics hidden and emptied, and wait for it, one place after another.

    Raises NotKnownError if the sync has not come in time, and OperationsError if Dynamics keeps values.
    """
    until, tried = time.monotonic() + wait, set[tuple[str | None, str | None]]()
    for _ in range(_MOST_PLACES):
        with writing() as connection:
            found = read_person(connection, person)
            place = found.website_table, found.website_key
            if found.listing == "to_empty" and place in tried:
                break
            request = "SELECT certification.request_forgetting(%s, %s, %s)"
            (said,) = connection.execute(request, (person, *named)).fetchone() or ("",)
        if said in {"none", "emptied"}:
            return
        if said == "orphan":
            raise OperationsError(
                f"visitors may see a row of this mentor that nothing here belongs to. {_manually(person, found)}, after"
                f" {speech.command('reconcile')}"
            )
        tried.add(place)
        progress(speech.say("waiting until the row in Dynamics is hidden and emptied"))
        found = _waited(writing, person, until)
        if found.listing == "rejected":
            raise OperationsError(
                f"Dynamics refused to hide and empty the row ({words.reason(found.reason)}), so nothing was removed"
                f" here. {_manually(person, found)}"
            )
    raise OperationsError(f"Dynamics hid the row and kept values in it. {_manually(person, found)}")


def _waited(
    writing: Callable[[], AbstractContextManager[psycopg.Connection]], person: UUID, until: float
) -> PersonOnRecord:
    """Return the person once no request is on its way. Raises NotKnownError if that takes too long."""
    while True:
        with writing() as connection:
            found = read_person(connection, person)
        if found.listing != "in_progress":
            return found
        if time.monotonic() >= until:
            raise NotKnownError(
                "the row in Dynamics is to be hidden and emptied, and the sync has not done it yet; nothing was removed"
                " here. Run this again in ten minutes"
            )
        time.sleep(min(_POLL_SECONDS, max(0.0, until - time.monotonic())))


def _manually(person: UUID, found: PersonOnRecord) -> str:
    left = "; ".join(f"{table}: {', '.join(columns)}" for table, columns in found.columns_left.items())
    return (
        f"Have HLF IT delete the row of {found.website_table} whose {found.website_key} is {person}"
        f" ({left or 'no column is known to hold a value'}), and run this again"
    )


def forget(connection: psycopg.Connection, person: UUID, actor: str, reason: str) -> ForgetOutcome:
    """Remove the person. Raises OperationsError or NotKnownError if something has changed meanwhile."""
    found = read_person(connection, person)
    row = connection.execute(
        "SELECT outcome, removed FROM certification.forget_person(%s, %s, %s)", (person, actor, reason)
    ).fetchone()
    assert row is not None  # noqa: S101 - a function always returns
    outcome, removed = row
    match outcome:
        case "forgotten":
            return _outcome(person, found, removed, forgotten=True)
        case "busy":
            raise NotKnownError("a message to this person is being sent just now: run this again in half an hour")
        case "in_use":
            require_gone_from_app(read_person(connection, person))
    raise NotKnownError(f"the person was changed meanwhile ({outcome}): run {speech.command('forget-person')} again")


def _outcome(person: UUID, found: PersonOnRecord, removed: Mapping[str, int], *, forgotten: bool) -> ForgetOutcome:
    kept = found.in_app == "kept"
    stays = {
        Elsewhere.APP: True,
        Elsewhere.LISTING: kept and found.kind is Kind.MENTOR,
        Elsewhere.AUDIT: True,
        Elsewhere.DYNAMICS: found.has_row_in_dynamics,
        Elsewhere.DYNAMICS_HISTORY: found.has_row_in_dynamics,
    }
    return ForgetOutcome(
        id=person,
        kind=found.kind,
        forgotten=forgotten,
        removed={name: n for name, n in removed.items() if n},
        audit_entries=found.audit_entries + forgotten,
        website_table=found.website_table if found.has_row_in_dynamics else None,
        website_key=found.website_key if found.has_row_in_dynamics else None,
        elsewhere=tuple(one for one in Elsewhere if stays.get(one, True)),
    )
