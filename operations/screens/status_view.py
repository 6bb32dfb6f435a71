"""Print the status on one screen: whether something is wrong, what to do first, and the current state.

It takes at most 24 lines of 100 columns, and more lines on a narrower terminal. Only the names of organisations are
ever cut, with a mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from operations import console
from operations.dates import OSLO
from operations.screens import printing, status_lines
from operations.screens.tables import new_table
from operations.wording import conditions, proof_verdict
from operations.wording.speech import many, say
from shared.domain.comparison import ProofVerdict

if TYPE_CHECKING:
    from operations.commands.status import OrganisationStatus, Status

_WIDTH = 100
_NARROW = 90
"""Below this width the brakes are listed under the table."""
_MOST_ORGANISATIONS = 4
_MOST_ALERTS = 3
"""Includes the most urgent alert, which is the first line of the screen."""


def show(status: Status) -> None:
    """Print the screen."""
    width = min(console.out.width, _WIDTH)
    verdict(status)
    console.out.print()
    console.out.print(_organisations(status, narrow=width < _NARROW), width=width)
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="bold", no_wrap=True, min_width=10)
    rows.add_column(overflow="fold")
    for name, text in (
        *(_braked(status) if width < _NARROW else ()),
        (say("Website"), status_lines.website(status)),
        (say("Credential"), status_lines.credential(status)),
        (say("Queues"), status_lines.queues(status)),
        *zip((say("Last runs"), ""), status_lines.runs(status), strict=False),
        (say("Last proof"), status_lines.proof(status)),
        (say("Mail"), status_lines.mail(status)),
        *status_lines.webhook(status),
        *status_lines.heard(status),
        *_alerts(status),
    ):
        rows.add_row(name, text)
    console.out.print(rows, width=width)
    if (rest := len(status.alerts) - _MOST_ALERTS) > 0:
        printing.command(many(rest, "{n} more:", "{n} more:"), "alerts")
    if status.proof is None:
        printing.command(say("Make a proof:"), "reconcile --full")
    now = f"{status.at.astimezone(OSLO):%d.%m.%Y %H:%M}"
    console.out.print(say("Times are Oslo's; it is {now} there.", now=now), style="dim")


def verdict(status: Status) -> None:
    """Print whether something is wrong and what to do first."""
    things = conditions.most_urgent_first(status.alerts)
    if things:
        need = many(len(things), "{n} thing needs you.", "{n} things need you.")
        line, style = f"{need} {conditions.headline(things[0], status.names, status.at)}", "red bold"
    elif status.differences:
        differences = many(status.differences, "{n} difference", "{n} differences")
        line = say("Nothing needs you: {differences} on the website, repairs are under way.", differences=differences)
        style = "yellow bold"
    elif status.verdict is not ProofVerdict.YES and status.proof:
        line, style = proof_verdict.first_sentence(status.proof), f"{proof_verdict.STYLES[status.verdict]} bold"
    else:
        line, style = say("Everything is as it should be."), "green bold"
        if waiting := sum(organisation.waiting for organisation in status.organisations):
            on_their_way = "{n} change on the way to the website.", "{n} changes on the way to the website."
            line += f" {many(waiting, *on_their_way)}"
    console.out.print(line, style=style, width=min(console.out.width, _WIDTH), markup=False)
    if things:
        printing.step(say("First:"), conditions.what_to_do(things[0]))


def _organisations(status: Status, *, narrow: bool) -> Table:
    table = new_table("")
    table.title, table.show_edge = None, False
    table.add_column(say("Organisation"), no_wrap=True, overflow="ellipsis", max_width=22)
    for title in ("Live", "Waiting", "Rejected", "Differences"):
        table.add_column(say(title), justify="right", no_wrap=True, min_width=len(say(title)))
    brakes = {organisation.id: _brakes(status, organisation) for organisation in status.organisations}
    shown = sorted(status.organisations, key=lambda one: _calm(one, braked=bool(brakes[one.id])))
    if len(shown) > _MOST_ORGANISATIONS:
        shown = shown[: _MOST_ORGANISATIONS - 1]
    rows = [
        (escape(one.name), *_numbers([one]), brakes[one.id]) for one in sorted(shown, key=status.organisations.index)
    ]
    rest = [one for one in status.organisations if one not in shown]
    if rest:
        rows.append((f"[dim]{many(len(rest), '{n} other', '{n} others')}[/dim]", *_numbers(rest), ""))
    rows.append((f"[bold]{say('All')}[/bold]", *_numbers(status.organisations), ""))
    if not narrow:
        table.add_column(say("Brake"))
    for row in rows:
        table.add_row(*row[: len(table.columns)])
    return table


def _braked(status: Status) -> list[tuple[str, str]]:
    found = [f"{escape(one.name)}: {said}" for one in status.organisations if (said := _brakes(status, one))]
    return [(say("Brake") if number == 0 else "", line) for number, line in enumerate(found)]


def _calm(one: OrganisationStatus, *, braked: bool) -> tuple[bool, bool]:
    return not (braked or one.differences or one.rejected), not one.waiting


def _numbers(some: list[OrganisationStatus] | tuple[OrganisationStatus, ...]) -> tuple[str, str, str, str]:
    def total(name: str, style: str) -> str:
        n = sum(getattr(one, name) for one in some)
        return f"[{style}]{n:,}[/{style}]" if n else "[dim]0[/dim]"

    return total("live", "none"), total("waiting", "none"), total("rejected", "yellow"), total("differences", "red")


def _brakes(status: Status, one: OrganisationStatus) -> str:
    found = []
    for brake in status.brakes:
        if brake.organisation_id == one.id:
            figures = say("{n} of {of}", n=f"{brake.n:,}", of=f"{brake.of_n:,}")
            what = f"{say(brake.kind.value)} {figures}"
            found.append(say("{what}, released", what=what) if brake.released_at else f"[red]{what}[/red]")
    return "; ".join(found)


def _alerts(status: Status) -> list[tuple[str, str]]:
    """Return the lines of the alerts after the first."""
    things = conditions.most_urgent_first(status.alerts)[1:_MOST_ALERTS]
    lines = [f"[red]{escape(conditions.line(alert, status.names, status.at))}[/red]" for alert in things]
    others = say("no other") if status.alerts else say("none")
    return [(say("Alerts") if number == 0 else "", line) for number, line in enumerate(lines or [others])]
