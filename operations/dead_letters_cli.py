"""`dlq`: what was given up."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from local.demo import views
from local.exit_codes import expected_errors
from operations import databases
from operations.commands import audit, dead_letters
from operations.errors import NotKnownError, OperationsError
from operations.options import Actor, AsJson, Database, Deployed, Language, Reason, require_named
from operations.screens import list_views
from operations.target import at
from operations.wording import speech, words
from operations.wording.speech import many, say

app = typer.Typer(
    no_args_is_help=True, help="Messages that were given up: list them, ask for the syncs again, remove the others."
)


class DeadLetterQueue(StrEnum):
    """The queues of what was given up."""

    SYNCS = dead_letters.SYNCS
    EVENTS = dead_letters.EVENTS


@app.command("list")
def list_(stack: Deployed = None, language: Language = None, as_json: AsJson = False) -> None:
    """What lies in both queues; all of it stays there."""
    with expected_errors():
        found = dead_letters.read_dead_letters(at(stack, None, language).deployment)
        if as_json:
            words.print_json(found)
        else:
            list_views.dead_letters(found, datetime.now(UTC))


@app.command()
def replay(
    queue: Annotated[
        DeadLetterQueue, typer.Option(help="Events are run again by a person: list says how.")
    ] = DeadLetterQueue.SYNCS,
    stack: Deployed = None,
    language: Language = None,
    as_json: AsJson = False,
) -> None:
    """Ask once more for every sync that was given up, behind all live changes. May be repeated."""
    with expected_errors():
        place = at(stack, None, language)
        if queue is DeadLetterQueue.EVENTS:
            raise OperationsError(
                f"what lies in {queue} are events of functions that failed, and running one again is a person's"
                f" decision: {speech.command('dlq list')} says how"
            )
        done = dead_letters.replay(place.deployment)
        if as_json:
            words.print_json(done)
        else:
            again = (
                "{n} message asked for again, through RepairRequests.",
                "{n} messages asked for again, through RepairRequests.",
            )
            views.console.print(many(done.replayed, *again))
        if done.unreadable:
            no_request = "{n} message left: no sync request.", "{n} messages left: no sync requests."
            views.failure(f"{many(done.unreadable, *no_request)} {speech.command('dlq list')}")
        if done.refused:
            not_taken = (
                "{n} message left: the queue did not take it; try again",
                "{n} messages left: the queue did not take them; try again",
            )
            views.failure(many(done.refused, *not_taken))
        if done.refused or done.unreadable:
            raise typer.Exit(1 if done.unreadable else NotKnownError.exit_code)


@app.command()
def drop(
    message: Annotated[str, typer.Argument(help="The id of the message, as list shows it.")],
    *,
    actor: Actor,
    reason: Reason,
    stack: Deployed = None,
    database_url: Database = None,
    language: Language = None,
) -> None:
    """Remove a message that is no sync request: an event that is done with, or what cannot be read."""
    with expected_errors():
        require_named(actor, reason)
        place = at(stack, database_url, language)
        deployment = place.deployment

        def record(dropped: dead_letters.DropRecord) -> None:
            with databases.writing(place.database()) as connection:
                audit.dropped(connection, dropped, actor, reason)

        done = dead_letters.drop(deployment, message, record)
        views.console.print(say("Removed from {queue}.", queue=done.queue))
