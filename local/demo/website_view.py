"""The texts about the website that people read in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import console
from operations.screens.tables import new_table

if TYPE_CHECKING:
    from local.demo.website import Latency, VisitorView

_SHOWN = 12


def before_and_after(before: VisitorView, after: VisitorView, again: VisitorView) -> bool:
    """Print how many mentors visitors see, and which mentors appeared or disappeared.

    Return whether the second nightly check left the website unchanged.
    """
    table = new_table("The website")
    for title in ("", "Before the night", "After it", "After the second"):
        table.add_column(title, justify="left" if not title else "right")
    same = again.names == after.names
    mark = "[green]✓[/green]" if same else "[red]✗[/red]"
    counts = (len(before.names), len(after.names), f"{len(again.names)} {mark}")
    table.add_row("Mentors that visitors see", *map(str, counts))
    console.out.print(table)
    for title, style, found in (
        ("Gone from the website", "red", before.gone(after)),
        ("New on the website", "green", after.gone(before)),
    ):
        if found:
            listed = new_table(f"{title}: {len(found)}")
            listed.add_column("Mentor")
            for mentor_id, name in sorted(found.items(), key=lambda one: one[1])[:_SHOWN]:
                listed.add_row(f"[{style}]{console.person(name, mentor_id)}[/{style}]")
            if len(found) > _SHOWN:
                listed.caption = f"… and {len(found) - _SHOWN} more"
            console.out.print(listed)
    return same


def latency(measured: Latency) -> None:
    """Print the times from the commit in the app's database to the acceptance by Dynamics."""
    table = new_table("From a status change to the website")
    for title in ("Changes by SQL", "p50", "p95", "p99", "Slowest"):
        table.add_column(title, justify="right")
    times = (measured.p50, measured.p95, measured.p99, measured.slowest)
    table.add_row(str(measured.changes), *(f"{ms:.0f} ms" for ms in times))
    console.out.print(table)
    console.out.print(
        "[dim]Measured on 40 mentors created for it and deleted again, from before the commit until Dynamics accepted"
        " the change, at 20 changes a second: trigger, webhook, status_changed, queue, dynamics_sync. Visitors of the"
        " real site may see it up to 15 minutes later: the portal has a cache.[/dim]"
    )
