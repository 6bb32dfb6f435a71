"""What undoing a run has put back, and what it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local import report

if TYPE_CHECKING:
    from local.operations.undo import Undone


def show(undone: Undone) -> None:
    """Both, with zeros left out, and what happens next."""
    report.console.print(f"[green]Undone[/green]: run {undone.run_id}")
    _print(
        "Put back",
        (undone.transitions_put_back, "mentor", "with the status as it was"),
        (undone.reminders_put_back, "reminder", "to be claimed again when due"),
        (undone.notices_removed, "unsent message", "taken out"),
        (undone.days_put_back, "organisation", "with the website's day as it was"),
    )
    _print(
        "[yellow]Not put back[/yellow]",
        (undone.notices_sent, "message", "already sent: tell those people"),
        (undone.notices_in_doubt, "message", "just being sent, or in doubt"),
        (undone.reminders_kept, "reminder", "kept with those messages, so that none is sent twice"),
        (undone.transitions_kept, "mentor", "changed or deleted since, and left so"),
        (undone.days_kept, "organisation", "whose day a later run has turned on"),
    )
    report.console.print("The website follows within five minutes. The next night does what is due then.")


def _print(title: str, *lines: tuple[int, str, str]) -> None:
    told = [f"  {n:,} {noun}{'' if n == 1 else 's'} {what}" for n, noun, what in lines if n]
    report.console.print(f"{title}:" if told else f"{title}: nothing")
    for line in told:
        report.console.print(line)
