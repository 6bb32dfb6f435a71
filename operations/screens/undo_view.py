"""What undoing a run has put back, and what it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import console
from operations.screens import printing
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from operations.commands.undo import UndoOutcome

# Of each count one and several.
PUT_BACK = {
    "transitions_put_back": ("{n} mentor with the status as it was", "{n} mentors with the status as it was"),
    "reminders_put_back": ("{n} reminder to be claimed again when due", "{n} reminders to be claimed again when due"),
    "notices_removed": ("{n} unsent message taken out", "{n} unsent messages taken out"),
    "days_put_back": (
        "{n} organisation with the website's day as it was",
        "{n} organisations with the website's day as it was",
    ),
}
KEPT = {
    "notices_sent": ("{n} message already sent: tell that person", "{n} messages already sent: tell those people"),
    "notices_outcome_unknown": (
        "{n} message just being sent, or of unknown outcome",
        "{n} messages just being sent, or of unknown outcome",
    ),
    "reminders_kept": (
        "{n} reminder kept with those messages, so that none is sent twice",
        "{n} reminders kept with those messages, so that none is sent twice",
    ),
    "transitions_kept": (
        "{n} mentor changed or deleted since, and left so",
        "{n} mentors changed or deleted since, and left so",
    ),
    "days_kept": (
        "{n} organisation whose day a later run has turned on",
        "{n} organisations whose day a later run has turned on",
    ),
}


def show(undone: UndoOutcome) -> None:
    """Both, with zeros left out, and what happens next."""
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
