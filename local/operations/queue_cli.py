"""`dlq`: what was given up."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from local import report
from local.foreseen import foreseen
from local.operations import dead_letters, deployments, lists_report, words
from local.operations.errors import OperationsError
from local.operations.options import AsJson, Deployed

app = typer.Typer(no_args_is_help=True, help="Messages that were given up: list them, ask for the syncs again.")


class Queue(StrEnum):
    """The queues of what was given up."""

    SYNCS = dead_letters.SYNCS
    EVENTS = dead_letters.EVENTS


@app.command("list")
def list_(stack: Deployed = None, as_json: AsJson = False) -> None:
    """What lies in both queues; all of it stays there."""
    with foreseen():
        found = dead_letters.read_dead_letters(deployments.find(stack))
        if as_json:
            words.print_json(found)
        else:
            lists_report.dead_letters(found, datetime.now(UTC))


@app.command()
def replay(
    queue: Annotated[Queue, typer.Option(help="Events are run again by a person: list says how.")] = Queue.SYNCS,
    stack: Deployed = None,
    as_json: AsJson = False,
) -> None:
    """Ask once more for every sync that was given up, behind all live changes. May be repeated."""
    with foreseen():
        if queue is Queue.EVENTS:
            raise OperationsError(
                f"what lies in {queue} are events of functions that failed, and running one again is a person's"
                " decision: python -m local dlq list says how"
            )
        done = dead_letters.replay(deployments.find(stack))
        if as_json:
            words.print_json(done)
        else:
            report.console.print(f"{words.many(done.replayed, 'message')} asked for again, through RepairRequests.")
        if done.unreadable:
            report.failure(f"{words.many(done.unreadable, 'message')} left: no sync request, for the developers")
        if done.refused:
            report.failure(f"{words.many(done.refused, 'message')} left: the queue did not take them; try again")
        if done.refused or done.unreadable:
            raise typer.Exit(1)
