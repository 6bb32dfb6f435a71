"""Show what setup has done, and what a person has to do yet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from operations import console
from operations.commands.setup.logins import Change
from operations.commands.setup.remaining import Task
from operations.commands.setup.webhook import WebhookChange
from operations.screens import printing
from operations.wording.setup import CHANGES, TASKS, WEBHOOK
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from operations.commands.setup.steps import SetupOutcome

# What is run next for a task, where it is one command.
_COMMANDS: Final = {
    Task.RECIPIENTS: "test-alert --actor YOU --reason WHY",
    Task.INTEGRATION: "verify-integration",
}


def show(outcome: SetupOutcome) -> None:
    """Print the outcome."""
    for one in outcome.logins:
        mark = "=" if one.change is Change.AS_IT_WAS else "✓"
        said = say(CHANGES[one.change])
        corrected = f" ({', '.join(one.corrected)})" if one.corrected and one.change is not Change.AS_IT_WAS else ""
        printing.text(f"{mark} {one.login}: {said}{corrected}")
    mark = "=" if outcome.webhook is WebhookChange.AS_IT_WAS else "✓"
    printing.text(f"{mark} {say('The webhook')}: {say(WEBHOOK[outcome.webhook])}")
    if not outcome.remaining:
        printing.text(say("Nothing remains to be done."))
        return
    printing.text("")
    n = len(outcome.remaining)
    printing.text(many(n, "{n} thing remains for a person:", "{n} things remain for a person:"))
    for number, left in enumerate(outcome.remaining, start=1):
        printing.text(f"{number}. {say(TASKS[left.task], **left.values)}", indent=1)
        if left.task in _COMMANDS:
            printing.command("", _COMMANDS[left.task], indent=4)


def printed(written: str) -> None:
    """Write SQL to standard output as it is, and beside it what to do with it."""
    sys.stdout.write(f"{written}\n")
    sys.stdout.flush()
    console.errors.print(
        say(
            "The secrets are written; what works keeps its password. Have this SQL run by psql as an administrator in"
            " the same database, then run verify-integration."
        )
    )
