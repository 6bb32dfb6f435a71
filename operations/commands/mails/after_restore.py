"""Hold back the mails that were sent before the database was restored to an earlier state, or let them go after all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations.errors import NothingToDoError, NotUnderstoodError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import psycopg


@dataclass(frozen=True)
class HeldBack:
    """Name the mentors whose mail is held back, by its kind. `done`: not a dry run. `released`: it waits again."""

    done: bool
    released: bool
    notices: int
    reminder: tuple[UUID, ...]
    expired: tuple[UUID, ...]
    reactivated: tuple[UUID, ...]


@dataclass(frozen=True)
class Loss:
    """State which time is missing: from the state that was restored to the moment that the old database stopped."""

    restored_to: datetime
    lost_at: datetime

    def __post_init__(self) -> None:
        if self.restored_to >= self.lost_at:
            raise NotUnderstoodError(
                "--restored-to must be before --lost-at: the first is the state that you went back to, the second when"
                " the old database was last in use"
            )


def preview(connection: psycopg.Connection, loss: Loss) -> HeldBack:
    """Return what would be held back. Raises NotUnderstoodError for moments that cannot be."""
    _require_plausible(connection, loss)
    rows = connection.execute(
        "SELECT s.kind, s.mentor_id FROM certification.sent_before_restore(%s, %s) AS s",
        (loss.restored_to, loss.lost_at),
    ).fetchall()
    return _held_back(rows, done=False)


def hold_back(connection: psycopg.Connection, loss: Loss, actor: str, reason: str) -> HeldBack:
    """Hold them back. Raises NothingToDoError if no such mail waits, NotUnderstoodError for moments that cannot be."""
    _require_plausible(connection, loss)
    rows = connection.execute(
        "SELECT h.kind, h.mentor_id FROM certification.hold_back_sent(%s, %s, %s, %s) AS h",
        (loss.restored_to, loss.lost_at, actor, reason),
    ).fetchall()
    if not rows:
        raise NothingToDoError(
            "no waiting mail was due between the two moments: run the nightly check first (expiry_check), which"
            " writes the mails of the lost days again, and this command after it, before the next sending"
        )
    return _held_back(rows, done=True)


def release(connection: psycopg.Connection, actor: str, reason: str) -> HeldBack:
    """Have all that was held back wait again. Raises NothingToDoError if nothing was."""
    rows = connection.execute(
        "SELECT r.kind, r.mentor_id FROM certification.release_held_back(%s, %s) AS r", (actor, reason)
    ).fetchall()
    if not rows:
        raise NothingToDoError("no mail is held back")
    return _held_back(rows, done=True, released=True)


def _require_plausible(connection: psycopg.Connection, loss: Loss) -> None:
    found = connection.execute(
        "SELECT certification.plausible_loss(%s, %s)", (loss.restored_to, loss.lost_at)
    ).fetchone()
    if found != (True,):
        raise NotUnderstoodError(
            "--lost-at must be past, and --restored-to within the last 35 days: no backup is kept for longer"
        )


def _held_back(rows: list[tuple[str, UUID]], *, done: bool, released: bool = False) -> HeldBack:
    of = {kind: tuple(mentor for found, mentor in rows if found == kind) for kind in ("reminder", "expired")}
    again = tuple(mentor for kind, mentor in rows if kind == "reactivated")
    return HeldBack(done, released, len(rows), of["reminder"], of["expired"], again)
