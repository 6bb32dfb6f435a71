"""Print what became of the mails, and of the one that came back. In a file, ids stand in for names (I11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.demo import views
from local.demo.bounced_mail import text_of
from operations import console
from operations.screens.tables import new_table
from shared.domain.mail.notices import NoticeKind

if TYPE_CHECKING:
    from local.demo.bounced_mail import Arrivals, Bounce

_TITLES = {NoticeKind.EXPIRED: "expiry", NoticeKind.REACTIVATED: "renewal"}
_ARRIVALS = {"delivered": "Delivered", "bounced": "Bounced", "complained": "Complained of", None: "Not known yet"}


def arrivals(found: Arrivals) -> bool:
    """Print the arrivals and the bounce, and return whether a digest reported that bounce."""
    table = new_table("What became of the mails")
    table.add_column("Kind", no_wrap=True)
    for title in _ARRIVALS.values():
        table.add_column(title, justify="right")
    for kind in NoticeKind:
        counts = [found.counts.get((kind, arrival), 0) for arrival in _ARRIVALS]
        table.add_row(_TITLES.get(kind, kind), *(str(n) if n else "[dim]0[/dim]" for n in counts))
    console.out.print(table)
    return found.bounce is None or _bounce(found.bounce)


def _bounce(bounce: Bounce) -> bool:
    who = console.person(bounce.mentor_name, bounce.mentor_id)
    kind = _TITLES.get(NoticeKind(bounce.kind), bounce.kind)
    console.out.print(
        f"The recipient's server sent one {kind} back, that to {who} ({bounce.code}). No mail goes to that address any"
        " more, until it is changed."
    )
    if bounce.reported_in is None:
        console.out.print("[red]✗[/red] No digest tells the coordinator")
        return False
    console.out.print("[green]✓[/green] The coordinator was told in the next digest, with what to do")
    views.mail(bounce.reported_in["Subject"], text_of(bounce.reported_in), "The coordinator's digest")
    return True
