"""Define the commands that change something: `release-brake`, `undo-run` and `migrate`."""

from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from operations import console
from operations.commands import brakes, migrations
from operations.commands import undo as undoing
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import printing, undo_view
from operations.target import System
from operations.wording import words
from operations.wording.speech import say

RELEASED = {
    brakes.Kind.REMINDER: "Released: within 24 hours the next run may remind {n} of {of} mentors of {organisation}.",
    brakes.Kind.EXPIRY: "Released: within 24 hours the next run may expire {n} of {of} mentors of {organisation}.",
    brakes.Kind.REPAIR: (
        "Released: within 24 hours the next run may repair the listings of {n} of {of} mentors of {organisation}."
    ),
}


def release_brake(
    system: System,
    *,
    actor: Actor,
    reason: Reason,
    organisation: Annotated[str, typer.Option("--org", help="The organisation's name or id.")],
    kind: Annotated[
        brakes.Kind | None, typer.Option(help="Which brake, if several are on.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let the next run within 24 hours make the change that the mass-change limit stopped."""
    require_named(actor, reason)
    with system.writing() as connection:
        brake = brakes.release(connection, organisation, kind, actor, reason)
    if as_json:
        words.print_json(brake)
        return
    figures = {"n": f"{brake.n:,}", "of": f"{brake.of_n:,}", "organisation": brake.organisation}
    printing.text(f"{say(RELEASED[brake.kind], **figures)} {say('The brake is on again after it.')}")


def undo_run(
    system: System,
    run_id: Annotated[UUID, typer.Argument(help="A run of expiry_check; explain and alerts show the ids.")],
    *,
    actor: Actor,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Undo a nightly check: its reminders, unsent notices, status changes and the website's day."""
    require_named(actor, reason)
    with system.writing() as connection:
        undone = undoing.undo(connection, run_id, actor, reason)
    if as_json:
        words.print_json(undone)
    else:
        undo_view.show(undone)


def migrate(system: System) -> None:
    """Apply the migrations and repair damaged parts of the schema, as the login that owns it.

    The database must have the foundation's tables. The operations login may not do this: with --stack the owner's
    password is read from PGPASSWORD or PGPASSFILE, or asked for.
    """
    with system.owned_database() as address:
        applied, whole = migrations.apply(address, report=lambda said: console.out.print(escape(said)))
    console.out.print("\n".join(f"applied {name}" for name in applied) or "nothing to do: every migration is applied")
    if not whole:
        raise typer.Exit(1)
