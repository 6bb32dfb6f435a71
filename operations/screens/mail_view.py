"""Print the result of a drill of the mail, and what is left to do once an address is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from operations import console
from operations.commands.mails.mail_drill import LineVerdict
from operations.dates import OSLO
from operations.screens import printing
from operations.screens.tables import new_table
from operations.wording.speech import say

if TYPE_CHECKING:
    from uuid import UUID

    from operations.commands.mails.mail_drill import Drill, Line

_STYLES = {LineVerdict.HELD: "green", LineVerdict.WRONG: "red", LineVerdict.NOT_YET: "yellow"}


def allowed(identity: UUID) -> None:
    """Print what was done, and the step that only SES can take."""
    printing.text(say("We send to {identity} again, from the next run.", identity=identity))
    printing.line(
        say(
            "If it bounced for good, SES still holds the address on a list of its own, and stops every mail to it. Ask"
            " the coordinator or the organisation for the address, and take it off:"
        ),
        "aws sesv2 delete-suppressed-destination --email-address ADDRESS",
    )


def drill(found: Drill) -> None:
    """Print the verdict and a line for each mail."""
    match found.exit_code:
        case 0:
            printing.text(say("The way of the mail and of its events works from end to end."))
        case 1:
            printing.text(say("Not every mail became what its mailbox makes of it."))
        case _:
            printing.text(say("Not every event has come back yet. See whether SES publishes them:"))
            printing.command("", "verify-integration")
    table = new_table("")
    table.title = None
    for title in ("Mailbox", "Expected", "Became", "When (Oslo)", "Code"):
        table.add_column(say(title), no_wrap=title != "Code")
    for line in found.lines:
        table.add_row(*_row(line))
    console.out.print(table)


def _row(line: Line) -> tuple[str, ...]:
    became = say("refused" if line.refused is not None else line.arrival or "nothing yet")
    style = _STYLES[line.verdict]
    return (
        line.mailbox,
        say(line.expected),
        f"[{style}]{became}[/{style}]",
        f"{line.arrival_at.astimezone(OSLO):%H:%M:%S}" if line.arrival_at else "",
        escape(line.refused or line.code or ""),
    )
