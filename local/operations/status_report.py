"""One screen: whether something is wrong, what to do first, and how things stand. At most 24 lines of 100 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from local import report
from local.calendar_days import OSLO
from local.operations import conditions, proof_verdict, words
from shared.domain.comparison import Answer

if TYPE_CHECKING:
    from local.operations.status import OrganisationStatus, Status

_WIDTH = 100
_MOST_ORGANISATIONS = 6
_MOST_ALERTS = 4
_SOON_DAYS = 30


def show(status: Status) -> None:
    """Print it."""
    verdict(status)
    report.console.print()
    report.console.print(_organisations(status), width=_WIDTH)
    report.console.print()
    rows = Table.grid(padding=(0, 2, 0, 0))
    rows.add_column(style="bold", no_wrap=True, min_width=10)
    rows.add_column(no_wrap=True, overflow="ellipsis", max_width=_WIDTH - 14)
    for name, text in (
        ("Website", _website(status)),
        ("Credential", _credential(status)),
        ("Queues", _queues(status)),
        *zip(("Last runs", ""), _runs(status), strict=False),
        ("Last proof", _proof(status)),
        *_doorbell(status),
        *_alerts(status),
    ):
        rows.add_row(name, text)
    report.console.print(rows, width=_WIDTH)


def verdict(status: Status) -> None:
    """Print whether something is wrong, and what to do first."""
    things = conditions.most_urgent_first(status.alerts)
    if things:
        need = f"{len(things)} things need you" if len(things) > 1 else "1 thing needs you"
        line, style = f"{need}. {conditions.title(things[0], status.names)}.", "red bold"
    elif status.differences:
        line = (
            f"Nothing needs you: {words.many(status.differences, 'difference')} on the website, repairs are under way."
        )
        style = "yellow bold"
    elif status.answer is not Answer.YES and status.proof:
        line, style = proof_verdict.first_sentence(status.proof), f"{proof_verdict.STYLES[status.answer]} bold"
    else:
        waiting = sum(organisation.waiting for organisation in status.organisations)
        on_their_way = f" {words.many(waiting, 'change')} on the way to the website." if waiting else ""
        line, style = f"Everything is as it should be.{on_their_way}", "green bold"
    report.console.print(line, style=style, width=_WIDTH, no_wrap=True, overflow="ellipsis", markup=False)
    if things:
        first = f"First: {conditions.what_to_do(things[0])}"
        report.console.print(first, width=_WIDTH, markup=False)


def _organisations(status: Status) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("Organisation", no_wrap=True, overflow="ellipsis", max_width=26)
    for title in ("Live", "Waiting", "Set aside", "Differences"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    table.add_column("Brake", no_wrap=True, overflow="ellipsis", max_width=28)
    brakes = {organisation.id: _brakes(status, organisation) for organisation in status.organisations}
    shown = sorted(status.organisations, key=lambda one: _calm(one, braked=bool(brakes[one.id])))
    if len(shown) > _MOST_ORGANISATIONS:
        shown = shown[: _MOST_ORGANISATIONS - 1]
    shown = sorted(shown, key=status.organisations.index)
    for one in shown:
        table.add_row(escape(one.name), *_numbers([one]), brakes[one.id])
    rest = [one for one in status.organisations if one not in shown]
    if rest:
        table.add_row(f"[dim]{len(rest)} others[/dim]", *_numbers(rest), "")
    table.add_row("[bold]All[/bold]", *_numbers(status.organisations), "")
    return table


def _calm(one: OrganisationStatus, *, braked: bool) -> tuple[bool, bool]:
    return not (braked or one.differences or one.set_aside), not one.waiting


def _numbers(some: list[OrganisationStatus] | tuple[OrganisationStatus, ...]) -> tuple[str, str, str, str]:
    def total(name: str, style: str) -> str:
        n = sum(getattr(one, name) for one in some)
        return f"[{style}]{n:,}[/{style}]" if n else "[dim]0[/dim]"

    return total("live", "none"), total("waiting", "none"), total("set_aside", "yellow"), total("differences", "red")


def _brakes(status: Status, one: OrganisationStatus) -> str:
    found = []
    for brake in status.brakes:
        if brake.organisation_id == one.id:
            what = f"{brake.kind} {brake.n:,} of {brake.of_n:,}"
            found.append(f"{what}, released" if brake.released_at else f"[red]{what}[/red]")
    return "; ".join(found)


def _website(status: Status) -> str:
    website = status.website
    taking = "takes requests"
    if website.closed_until:
        until, why = words.moment(website.closed_until, status.at), words.reason(website.closed_reason)
        taking = f"[yellow]asked for patience until {until}: {escape(why)}[/yellow]"
    if website.stopped_since:
        taking = f"[red]nothing is sent since {words.moment(website.stopped_since, status.at)}[/red]"
    if website.oldest_waiting_at is None:
        return f"{taking}; no change waits"
    return f"{taking}; the oldest change waits for {words.age(website.oldest_waiting_at, status.at)}"


def _credential(status: Status) -> str:
    website, at = status.website, status.at
    if website.stopped_since:
        found = [f"[red]refused since {words.moment(website.stopped_since, at)} ({website.stopped_reason})[/red]"]
    elif website.failing_since:
        since = words.moment(website.failing_since, at)
        found = [f"[yellow]no answer since {since} ({website.check_reason})[/yellow]"]
    elif website.healthy_at:
        found = [f"good, tried {words.age(website.healthy_at, at)} ago"]
    else:
        found = ["not tried yet"]
    if website.secret_ends_on:
        left = (website.secret_ends_on - at.astimezone(OSLO).date()).days
        style = "yellow" if left <= _SOON_DAYS else "none"
        ends = f"ends in {words.many(left, 'day')}" if left >= 0 else f"ended {words.many(-left, 'day')} ago"
        found.append(f"[{style}]secret {ends}[/{style}]")
    elif website.healthy_at:
        found.append("[yellow]secret without an end date[/yellow]")
    match website.pending_secret:
        case "none":
            pass
        case "good":
            found.append("next secret good")
        case _:
            found.append("[red]next secret refused[/red]")
    return " · ".join(found)


def _queues(status: Status) -> str:
    if not status.queues:
        return "not seen yet: the sweep counts them"
    counts = [
        f"[red]{queue.queue} {queue.n:,}[/red]" if queue.n and "Dead" in queue.queue else f"{queue.queue} {queue.n:,}"
        for queue in sorted(status.queues, key=lambda queue: "Dead" in queue.queue)
    ]
    oldest = min(queue.seen_at for queue in status.queues)
    return " · ".join([*counts, f"seen {words.age(oldest, status.at)} ago"])


def _runs(status: Status) -> list[str]:
    """At most two lines: the night and the mails, and reconciliation."""
    lines: dict[bool, list[str]] = {False: [], True: []}
    for run in status.runs:
        style = {"succeeded": "green", "degraded": "yellow", "failed": "red"}.get(run.state, "none")
        when = words.moment(run.started_at, status.at)
        lines[run.function.startswith("reconciliation")].append(f"{run.function} {when} [{style}]{run.state}[/{style}]")
    return [" · ".join(line) for line in lines.values() if line] or ["none yet"]


def _proof(status: Status) -> str | Text:
    proof = status.proof
    if proof is None:
        return "none yet: python -m local reconcile --full makes one"
    said = f"{words.moment(proof.at, status.at)}: {proof_verdict.first_sentence(proof)}"
    if proof.verdict is Answer.NO and proof.is_over and not status.differences:
        said += " All of it is over by now."
    # As many lines as it takes: a figure that is cut off is none.
    return Text(said, style=proof_verdict.STYLES[proof.verdict], no_wrap=False, overflow="fold")


def _doorbell(status: Status) -> list[tuple[str, str]]:
    """Whether strangers can use up the account; a line only where it is known."""
    match status.doorbell_concurrency:
        case None:
            return []
        case 0:
            return [("Doorbell", "[yellow]no limit for strangers: set DoorbellConcurrency to 10[/yellow]")]
        case limit:
            return [("Doorbell", f"at most {limit} calls at a time")]


def _alerts(status: Status) -> list[tuple[str, str]]:
    things = conditions.most_urgent_first(status.alerts)
    lines = [f"[red]{escape(conditions.line(alert, status.names, status.at))}[/red]" for alert in things]
    if len(lines) > _MOST_ALERTS:
        rest = len(lines) - _MOST_ALERTS + 1
        lines[_MOST_ALERTS - 1 :] = [f"[red]and {rest} more: python -m local alerts[/red]"]
    return [("Alerts" if number == 0 else "", line) for number, line in enumerate(lines or ["none"])]
