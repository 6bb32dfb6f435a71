"""`release-brake`, `undo-run`, `thresholds` and `migrate`: what a person changes."""

from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from operations import console
from operations.commands import brakes, migrations, organisations
from operations.commands import undo as undoing
from operations.errors import NotUnderstoodError
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
    kind: Annotated[brakes.Kind | None, typer.Option(help="Which brake, if two are on.", show_default=False)] = None,
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
    """Take back what a nightly check did: reminders, unsent notices, changes of status, the website's day."""
    require_named(actor, reason)
    with system.writing() as connection:
        undone = undoing.undo(connection, run_id, actor, reason)
    if as_json:
        words.print_json(undone)
    else:
        undo_view.show(undone)


def thresholds(
    system: System,
    organisation: Annotated[str, typer.Argument(help="The organisation's name or id.")],
    days: Annotated[
        list[int] | None,
        typer.Argument(help="Days before expiry, the largest first, like 45 21 7.", show_default=False),
    ] = None,
    *,
    own: Annotated[
        bool | None, typer.Option("--own/--standard", help="Whether its own thresholds apply, or the HLF standard.")
    ] = None,
    actor: Annotated[str, typer.Option(help="Who you are, where something is changed; it is kept.")] = "",
    reason: Annotated[str, typer.Option(help="Why, where something is changed; it is kept.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show or change an organisation's thresholds."""
    changes = bool(days) or own is not None
    if changes:
        require_named(actor, reason)
    elif actor or reason:
        raise NotUnderstoodError("nothing is changed: name the days, or say --own or --standard")
    with system.writing() if changes else system.reading() as connection:
        name = organisations.find(connection, organisation)
        if changes:
            organisations.change_thresholds(connection, name, tuple(days or ()), own, (actor, reason))
        now = organisations.read_thresholds(connection, name)
    if as_json:
        words.print_json(now)
        return
    applies = "its own apply" if now.own else "the HLF standard applies"
    own_days, effective = (" ".join(map(str, days)) for days in (now.days, now.effective))
    printing.text(f"{name.name}: own thresholds {own_days}; {applies}: {effective}")


def migrate(system: System) -> None:
    """Apply the migrations, and put back what of ours is damaged, as the login that owns the schema.

    For a database that has the foundation's tables. The login of operations may not do this: with --stack the owner's
    password is read from PGPASSWORD or PGPASSFILE, or asked for.
    """
    with system.owned_database() as address:
        applied, whole = migrations.apply(address, report=lambda said: console.out.print(escape(said)))
    console.out.print("\n".join(f"applied {name}" for name in applied) or "nothing to do: every migration is applied")
    if not whole:
        raise typer.Exit(1)
