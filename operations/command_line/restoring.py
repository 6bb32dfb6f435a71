"""Define `after-restore`: what a person says after the database was restored to an earlier state."""

from typing import Annotated

import typer

from operations.commands.mails import after_restore as restoring
from operations.dates import parse_moment
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import restore_view
from operations.target import System
from operations.wording import words


def after_restore(
    system: System,
    *,
    actor: Actor,
    reason: Reason,
    restored_to: Annotated[
        str, typer.Option(help="The moment whose state the database has again, Oslo's time: 2026-12-01T12:00.")
    ] = "",
    lost_at: Annotated[str, typer.Option(help="When the old database was last in use, Oslo's time.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="They did not go out: have them wait again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show which mails, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold back the mails to mentors that went out before the database was restored, so that none comes twice.

    Stop send_notices first, run the nightly check, then this command: the check writes those mails again.
    """
    require_named(actor, reason)
    if undo:
        if restored_to or lost_at or dry_run:
            raise typer.BadParameter("--undo stands alone: it concerns all that is held back")
        with system.writing() as connection:
            _print(restoring.release(connection, actor, reason), as_json=as_json)
        return
    if not restored_to or not lost_at:
        raise typer.BadParameter("give --restored-to and --lost-at, or --undo")
    loss = restoring.Loss(parse_moment(restored_to), parse_moment(lost_at))
    if dry_run:
        with system.reading() as connection:
            held = restoring.preview(connection, loss)
    else:
        with system.writing() as connection:
            held = restoring.hold_back(connection, loss, actor, reason)
    _print(held, as_json=as_json)


def _print(held: restoring.HeldBack, *, as_json: bool) -> None:
    if as_json:
        words.print_json(held)
    else:
        restore_view.held_back(held)
