"""Undo a nightly check: take back what it did, as far as nobody has been told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operations.errors import NothingToDoError
from operations.wording import speech, words

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class UndoOutcome:
    """How much of a run was put back, and how much could not be."""

    run_id: UUID
    reminders_put_back: int
    reminders_kept: int
    notices_removed: int
    notices_sent: int
    notices_outcome_unknown: int
    transitions_put_back: int
    transitions_kept: int
    days_put_back: int
    days_kept: int


def undo(connection: psycopg.Connection, run_id: UUID, actor: str, reason: str) -> UndoOutcome:
    """Undo the run. Raises NothingToDoError for one that is none, goes on, or was undone before."""
    row = connection.execute(
        "SELECT u.outcome, u.counts, r.function, r.undone_at"
        "  FROM certification.undo_run(%(run)s, %(actor)s, %(reason)s) AS u"
        "  LEFT JOIN certification.runs AS r ON r.id = %(run)s",
        {"run": run_id, "actor": actor, "reason": reason},
    ).fetchone()
    assert row is not None  # noqa: S101 - a function always returns
    outcome, counts, function, undone_at = row
    match outcome:
        case "undone":
            return UndoOutcome(run_id, **counts)
        case "already_undone":
            who = connection.execute(
                "SELECT a.actor FROM certification.audit AS a"
                " WHERE a.action = 'undo_run' AND a.facts ->> 'run_id' = %s",
                (str(run_id),),
            ).fetchone()
            by = f" by {who[0]}" if who else ""
            raise NothingToDoError(
                f"this run was undone already,{by} at {words.moment(undone_at, datetime.now(UTC))}: nothing was changed"
            )
        case "still_running":
            raise NothingToDoError("this run has not ended: wait for its end, 20 minutes at the most, and undo it then")
        case "no_nightly_check":
            raise NothingToDoError(f"this is a run of {function}: only one of expiry_check can be undone")
        case _:
            raise NothingToDoError(f"there is no run {run_id}: {speech.command('status --json')} has the last ones")
