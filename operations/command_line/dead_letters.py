"""Define the `dlq` commands, which handle dead letters."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from operations import console
from operations.commands import dead_letters
from operations.commands.dead_letter_contents import EVENTS, SYNCS
from operations.errors import NotKnownError, OperationsError
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import list_views
from operations.target import System
from operations.wording import speech, words
from operations.wording.speech import many, say


class DeadLetterQueue(StrEnum):
    """Name the dead-letter queues."""

    SYNCS = SYNCS
    EVENTS = EVENTS


def list_(system: System, *, as_json: AsJson = False) -> None:
    """List the messages of both queues. All of them stay there."""
    found = dead_letters.read_dead_letters(system.deployment)
    if as_json:
        words.print_json(found)
    else:
        list_views.dead_letters(found, datetime.now(UTC))


def replay(
    system: System,
    *,
    queue: Annotated[
        DeadLetterQueue, typer.Option(help="Only syncs can be replayed. Run events again yourself: list shows how.")
    ] = DeadLetterQueue.SYNCS,
    as_json: AsJson = False,
) -> None:
    """Request every failed sync again, behind all live changes. Safe to repeat."""
    if queue is DeadLetterQueue.EVENTS:
        raise OperationsError(
            f"{queue} has the events of failed functions, and a person decides whether to run one again:"
            f" {speech.command('dlq list')} shows how"
        )
    done = dead_letters.replay(system.deployment)
    if as_json:
        words.print_json(done)
    else:
        again = (
            "{n} message requested again, through RepairRequests.",
            "{n} messages requested again, through RepairRequests.",
        )
        console.out.print(many(done.replayed, *again))
    if done.unreadable:
        no_request = "{n} message left: it is not a sync request.", "{n} messages left: they are not sync requests."
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
    """Remove a message that is not a sync request: an event that is done with, or an unreadable message."""
    require_named(actor, reason)

    def record(dropped: dead_letters.DropRecord) -> None:
        system.step("record-drop", dropped.queue, dropped.message_id, actor, reason)

    done = dead_letters.drop(system.deployment, message, record)
    console.out.print(say("Removed from {queue}.", queue=done.queue))
