"""One screen: whether something is wrong, what to do first, and how things stand. At most 24 lines of 100 columns.

Narrower it takes more lines: nothing is cut but the names of organisations, and those with a mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from operations import console
from operations.commands import proof_verdict
from operations.dates import OSLO
from operations.screens import printing
from operations.screens.tables import new_table
from operations.wording import conditions, words
from operations.wording.speech import many, say
from shared.domain.comparison import ProofVerdict

if TYPE_CHECKING:
    from datetime import datetime

    from operations.commands.status import OrganisationStatus, Status

_WIDTH = 100
_NARROW = 90
"""Below it the brakes stand under the table."""
_MOST_ORGANISATIONS = 5
_MOST_ALERTS = 3
"""With the first, which is the first line."""
_SOON_DAYS = 30


def show(status: Status) -> None:
    """Print it."""
    width = min(console.out.width, _WIDTH)
    verdict(status)
    console.out.print()
    console.out.print(_organisations(status, narrow=width < _NARROW), width=width)
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="bold", no_wrap=True, min_width=10)
    rows.add_column(overflow="fold")
    for name, text in (
        *(_braked(status) if width < _NARROW else ()),
        (say("Website"), _website(status)),
        (say("Credential"), _credential(status)),
        (say("Queues"), _queues(status)),
        *zip((say("Last runs"), ""), _runs(status), strict=False),
        (say("Last proof"), _proof(status)),
        *_webhook(status),
        *_alerts(status),
    ):
        rows.add_row(name, text)
    console.out.print(rows, width=width)
    if (rest := len(status.alerts) - _MOST_ALERTS) > 0:
        printing.command(many(rest, "{n} more:", "{n} more:"), "alerts")
    if status.proof is None:
        printing.command(say("A proof is made by:"), "reconcile --full")
    now = f"{status.at.astimezone(OSLO):%d.%m.%Y %H:%M}"
    console.out.print(say("Times are Oslo's; it is {now} there.", now=now), style="dim")


def verdict(status: Status) -> None:
    """Print whether something is wrong, and what to do first."""
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


def _website(status: Status) -> str:
    website = status.website
    taking = say("takes requests")
    if website.backoff_until:
        until, why = words.moment(website.backoff_until, status.at), words.reason(website.backoff_reason)
        asked = say("asked for patience until {until}: {why}", until=until, why=escape(why))
        taking = f"[yellow]{asked}[/yellow]"
    if website.stopped_since:
        since = say("nothing is sent since {moment}", moment=words.moment(website.stopped_since, status.at))
        taking = f"[red]{since}[/red]"
    if website.oldest_waiting_at is None:
        return f"{taking}; {say('no change waits')}"
    age = words.age(website.oldest_waiting_at, status.at)
    return f"{taking}; {say('the oldest change waits for {age}', age=age)}"


def _credential(status: Status) -> str:
    website, at = status.website, status.at
    if website.stopped_since:
        found = [_since("refused since {moment}", website.stopped_since, website.stopped_reason, status, "red")]
    elif website.failing_since:
        found = [_since("no answer since {moment}", website.failing_since, website.check_reason, status, "yellow")]
    elif website.healthy_at:
        found = [say("good, tried {age} ago", age=words.age(website.healthy_at, at))]
    else:
        found = [say("not tried yet")]
    if website.secret_ends_on:
        left = (website.secret_ends_on - at.astimezone(OSLO).date()).days
        style = "red" if left < 0 else "yellow" if left <= _SOON_DAYS else "none"
        ends = many(left, "secret ends in {n} day", "secret ends in {n} days")
        if left <= 0:
            ended = many(-left, "secret ended {n} day ago", "secret ended {n} days ago")
            ends = say("secret ends today") if left == 0 else ended
        found.append(f"[{style}]{ends}[/{style}]")
    elif website.healthy_at:
        found.append(f"[yellow]{say('secret without an end date')}[/yellow]")
    match website.pending_secret:
        case "none":
            pass
        case "good":
            found.append(say("next secret good"))
        case _:
            found.append(f"[red]{say('next secret refused')}[/red]")
    return " · ".join(found)


def _since(text: str, since: datetime, reason: str | None, status: Status, style: str) -> str:
    """The code alone: what it means stands with the alert."""
    return f"[{style}]{say(text, moment=words.moment(since, status.at))} ({reason})[/{style}]"


def _queues(status: Status) -> str:
    if not status.queues:
        return say("not seen yet: the sweep counts them")
    counts = [
        f"[red]{queue.queue} {queue.n:,}[/red]" if queue.n and "Dead" in queue.queue else f"{queue.queue} {queue.n:,}"
        for queue in sorted(status.queues, key=lambda queue: "Dead" in queue.queue)
    ]
    oldest = min(queue.seen_at for queue in status.queues)
    return " · ".join([*counts, say("seen {age} ago", age=words.age(oldest, status.at))])


def _runs(status: Status) -> list[str]:
    """At most two lines: the nightly check and the mails, and reconciliation."""
    lines: dict[bool, list[str]] = {False: [], True: []}
    for run in status.runs:
        style = {"succeeded": "green", "degraded": "yellow", "failed": "red"}.get(run.state, "none")
        when = words.moment(run.started_at, status.at)
        state = f"[{style}]{say(run.state)}[/{style}]"
        lines[run.function.startswith("reconciliation")].append(f"{run.function} {when} {state}")
    return [" · ".join(line) for line in lines.values() if line] or [say("none yet")]


def _proof(status: Status) -> str | Text:
    proof = status.proof
    if proof is None:
        return say("none yet")
    said = f"{words.moment(proof.at, status.at)}: {proof_verdict.first_sentence(proof)}"
    if proof.verdict is ProofVerdict.NO and proof.is_over and not status.differences:
        said += f" {say('All of it is over by now.')}"
    # As many lines as it takes: a figure that is cut off is none.
    return Text(said, style=proof_verdict.STYLES[proof.verdict], no_wrap=False, overflow="fold")


def _webhook(status: Status) -> list[tuple[str, str]]:
    """Whether strangers can use up the account; a line only where it is known."""
    match status.webhook_concurrency:
        case None:
            return []
        case 0:
            unlimited = say("no limit for strangers: set WebhookConcurrency to 10")
            return [(say("Webhook"), f"[yellow]{unlimited}[/yellow]")]
        case limit:
            return [(say("Webhook"), say("at most {n} calls at a time", n=limit))]


def _alerts(status: Status) -> list[tuple[str, str]]:
    """Those after the first."""
    things = conditions.most_urgent_first(status.alerts)[1:_MOST_ALERTS]
    lines = [f"[red]{escape(conditions.line(alert, status.names, status.at))}[/red]" for alert in things]
    others = say("no other") if status.alerts else say("none")
    return [(say("Alerts") if number == 0 else "", line) for number, line in enumerate(lines or [others])]
