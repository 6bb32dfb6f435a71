"""`dlq`: what was given up."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from operations import console
from operations.commands import audit, dead_letters
from operations.commands.dead_letter_contents import EVENTS, SYNCS
from operations.errors import NotKnownError, OperationsError
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import list_views
from operations.target import System
from operations.wording import speech, words
from operations.wording.speech import many, say


class DeadLetterQueue(StrEnum):
    """The queues of what was given up."""

    SYNCS = SYNCS
    EVENTS = EVENTS


def list_(system: System, *, as_json: AsJson = False) -> None:
    """What lies in both queues; all of it stays there."""
    found = dead_letters.read_dead_letters(system.deployment)
    if as_json:
        words.print_json(found)
    else:
        list_views.dead_letters(found, datetime.now(UTC))


def replay(
    system: System,
    *,
    queue: Annotated[
        DeadLetterQueue, typer.Option(help="Events are run again by a person: list says how.")
    ] = DeadLetterQueue.SYNCS,
    as_json: AsJson = False,
) -> None:
    """Ask once more for every sync that was given up, behind all live changes. May be repeated."""
    if queue is DeadLetterQueue.EVENTS:
        raise OperationsError(
            f"what lies in {queue} are events of functions that failed, and running one again is a person's"
            f" decision: {speech.command('dlq list')} says how"
        )
    done = dead_letters.replay(system.deployment)
    if as_json:
        words.print_json(done)
    else:
        again = (
            "{n} message asked for again, through RepairRequests.",
            "{n} messages asked for again, through RepairRequests.",
        )
        console.out.print(many(done.replayed, *again))
    if done.unreadable:
        no_request = "{n} message left: no sync request.", "{n} messages left: no sync requests."
        console.failure(f"{many(done.unreadable, *no_request)} {speech.command('dlq list')}")
    if done.refused:
        not_taken = (
            "{n} message left: the queue did not take it; try again",
            "{n} messages left: the queue did not take them; try again",
        )
        console.failure(many(done.refused, *not_taken))
    if done.refused or done.unreadable:
        raise typer.Exit(1 if done.unreadable else NotKnownError.exit_code)


def drop(
    system: System,
    message: Annotated[str, typer.Argument(help="The id of the message, as list shows it.")],
    *,
    actor: Actor,
    reason: Reason,
) -> None:
    """Remove a message that is no sync request: an event that is done with, or what cannot be read."""
    require_named(actor, reason)

    def record(dropped: dead_letters.DropRecord) -> None:
        with system.writing() as connection:
            audit.dropped(connection, dropped, actor, reason)

    done = dead_letters.drop(system.deployment, message, record)
    console.out.print(say("Removed from {queue}.", queue=done.queue))
