"""Define `forget-person`: remove a mentor or a coordinator from this system."""

import sys
from typing import Annotated, Any
from uuid import UUID

import typer

from operations import console
from operations.commands import forget_person as forgetting
from operations.errors import NotUnderstoodError, OperationsError
from operations.mounting import InFunction
from operations.options import AsJson, require_named
from operations.screens import forget_view
from operations.target import System
from operations.through_function import show
from operations.wording import words
from operations.wording.speech import say

_TYPED = 8  # characters of the id
_LONGEST_WAIT_SECONDS = 600  # of the fourteen minutes that a function has


def forget_person(
    system: System,
    person: Annotated[UUID, typer.Argument(metavar="ID", help="The whole id of a mentor or a coordinator.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed and what would stay.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    wait: Annotated[
        int, typer.Option(help="For how many seconds to wait for the row in Dynamics to be emptied.", min=0, max=3600)
    ] = 900,
    actor: Annotated[str, typer.Option(help="Who you are; needed unless --dry-run, and recorded.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed unless --dry-run, and recorded. No names.")] = "",
    as_json: AsJson = False,
) -> None:
    """Remove a person from this system for good, once the app no longer uses the person.

    A mentor's row in Dynamics is first hidden and emptied. The command says what was removed and what stays where.
    """
    if not dry_run:
        require_named(actor, reason)
    with system.reading() as connection:
        found = forgetting.read_person(connection, person)
    plan = forgetting.planned(person, found)
    if not as_json and not yes:
        forget_view.show(plan)
    forgetting.require_gone_from_app(found)
    if dry_run:
        if as_json:
            words.print_json(plan)
        elif yes:
            forget_view.show(plan)
        return
    if not yes:
        _confirm(person)
    with console.steps(quiet=as_json) as progress:
        if found.has_row_in_dynamics:
            forgetting.empty_listing(system.writing, person, (actor, reason), wait=wait, progress=progress)
        progress(say("removing the person"))
        with system.writing() as connection:
            done = forgetting.forget(connection, person, actor, reason)
    if as_json:
        words.print_json(done)
    else:
        forget_view.show(done)


def forget_in_function(given: dict[str, Any], in_function: InFunction) -> None:
    """Show what would be removed, have it confirmed here, and remove it there."""
    if not given["dry_run"]:
        require_named(given["actor"], given["reason"])
        if not given["yes"]:
            if not given["as_json"]:
                show(in_function(given | {"dry_run": True}))
            _confirm(given["person"])
            given["yes"] = True
    show(in_function(given | {"wait": min(given["wait"], _LONGEST_WAIT_SECONDS)}))


def _confirm(person: UUID) -> None:
    """Have the beginning of the id typed, because nothing brings the person back."""
    if not sys.stdin.isatty():
        raise NotUnderstoodError("nobody is here to confirm: say --yes, or run this at a terminal")
    start = str(person)[:_TYPED]
    said = say("This cannot be undone. Type the first {n} characters of the id to go on", n=_TYPED)
    if typer.prompt(said).strip().lower() != start:
        raise OperationsError("that is not the beginning of the id: nothing was done")
