"""Print what undoing a run put back, and what it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import console
from operations.screens import printing
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from operations.commands.undo import UndoOutcome

# The singular and plural of each count.
PUT_BACK = {
    "transitions_put_back": ("{n} mentor to the previous status", "{n} mentors to their previous status"),
    "reminders_put_back": ("{n} reminder to be claimed again when due", "{n} reminders to be claimed again when due"),
    "notices_removed": ("{n} unsent message removed", "{n} unsent messages removed"),
    "days_put_back": (
        "{n} organisation to the website's previous day",
        "{n} organisations to the website's previous day",
    ),
}
KEPT = {
    "notices_sent": (
        "{n} message already sent: inform the recipient",
        "{n} messages already sent: inform the recipients",
    ),
    "notices_outcome_unknown": (
        "{n} message being sent now, or of unknown outcome",
        "{n} messages being sent now, or of unknown outcome",
    ),
    "reminders_kept": (
        "{n} reminder kept with those messages, so that none is sent twice",
        "{n} reminders kept with those messages, so that none is sent twice",
    ),
    "transitions_kept": (
        "{n} mentor changed or deleted since, left as is",
        "{n} mentors changed or deleted since, left as is",
    ),
    "days_kept": (
        "{n} organisation whose day a later run has advanced",
        "{n} organisations whose day a later run has advanced",
    ),
}


def show(undone: UndoOutcome) -> None:
    """Print both lists without zeros, and what happens next."""
    console.out.print(f"[green]{say('Undone')}[/green]: {say('run {id}', id=undone.run_id)}")
    _print(say("Put back"), {says: getattr(undone, name) for name, says in PUT_BACK.items()})
    kept = {says: getattr(undone, name) for name, says in KEPT.items()}
    _print(f"[yellow]{say('Not put back')}[/yellow]", kept)
    console.out.print(say("The website follows within five minutes. The next nightly check does what is due then."))


def _print(title: str, counted: dict[tuple[str, str], int]) -> None:
    found = [many(n, *says) for says, n in counted.items() if n]
    console.out.print(f"{title}:" if found else f"{title}: {say('nothing')}")
    for line in found:
        printing.text(line, indent=2)
