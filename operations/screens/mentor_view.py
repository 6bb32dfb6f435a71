"""What `explain` and `preview` show. Where no name may be shown the id stands for a person (I11)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.markup import escape

from operations import console
from operations.dates import OSLO
from operations.screens.tables import new_table
from operations.wording import speech
from shared.domain.wording.numbers import in_english

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from operations.commands.explain import Explanation, Mentor, ThresholdRecord
    from operations.commands.preview import Coming

_STATES = {
    "claimed": "reminded",
    "collapsed": "a nearer threshold spoke for it",
    "unreachable": "no mail, the coordinator is told",
    "not_yet_due": "not yet due",
    "due_next_run": "due in the next nightly check",
    "not_reminded": "not reminded",
    "no_certification": "no certification",
    "impossible_date": "the date cannot be meant",
}


def preview(lines: Sequence[Coming], names: Mapping[UUID, str], *, first: date, days: int) -> None:
    """Print who will be reminded or expire when."""
    table = new_table(f"The next {in_english(days, 'nightly check')} from {_day(first)}, if nothing changes until then")
    for title in ("Night of", "Organisation", "Mentor", "What"):
        table.add_column(title, no_wrap=title in {"Night of", "Mentor"})
    table.add_column("Valid to", justify="right")
    last = None
    for line in lines:
        if line.event == "collapsed":
            continue
        table.add_row(
            _day(line.due_on) if line.due_on != last else "",
            escape(line.organisation),
            console.person(names.get(line.mentor_id), line.mentor_id),
            _what(line),
            _day(line.expires_on),
        )
        last = line.due_on
    console.out.print(table)
    n = Counter(line.event for line in lines)
    console.out.print(
        f"{in_english(n['reminder'], 'reminder')}, {n['unreachable']} without e-mail,"
        f" {in_english(n['expiry'], 'expiry', 'expiries')}, {in_english(n['reactivation'], 'reactivation')};"
        f" {in_english(n['collapsed'], 'threshold collapses', 'thresholds collapse')} into a nearer one."
        " Nothing was written."
    )


def _what(line: Coming) -> str:
    days = in_english(line.threshold_day or 0, "day")
    match line.event:
        case "reminder":
            return f"reminder, {days}"
        case "unreachable":
            meaning = speech.texts().codes.of(line.problem or "").meaning or line.problem or ""
            return f"[yellow]no mail, {days}: {escape(meaning)}[/yellow]"
        case "expiry":
            return "[red]expires[/red]"
        case _:
            return "[green]reactivated[/green]"


def explanation(found: Explanation, name: str | None) -> None:
    """Print every threshold of a mentor, and why."""
    mentor = found.mentor
    named = f"[bold]{escape(name)}[/bold], " if name and console.AT_TERMINAL else ""
    console.out.print(f"{named}{escape(mentor.organisation)}, id {mentor.id}")
    console.out.print(f"Status [bold]{mentor.status}[/bold], {_ends(mentor)}")
    if mentor.mail_problem:
        console.out.print(f"[yellow]Cannot be mailed: {_meaning(mentor.mail_problem)}[/yellow]")
    for expires_on in dict.fromkeys(one.certification_expiry_date for one in found.thresholds):
        table = new_table(f"Certification that ends {_day(expires_on)}" if expires_on else "No date to remind of")
        table.add_column("Days", justify="right")
        for title in ("Due on", "State", "Reason", "Mail", "Night", "Run"):
            table.add_column(title, no_wrap=title in {"Due on", "State", "Night", "Run"})
        for one in found.thresholds:
            if one.certification_expiry_date == expires_on:
                table.add_row(*_threshold(one))
        console.out.print(table)
    _history(found)


def _threshold(one: ThresholdRecord) -> tuple[str, ...]:
    return (
        str(one.threshold_day),
        _day(one.due_on),
        f"{_STATES[one.state]} ({one.state})" if one.state in _STATES else one.state,
        escape(_meaning(one.reason)),
        escape(": ".join(filter(None, (one.notice_state, _meaning(one.notice_reason))))),
        _day(one.as_of),
        str(one.run_id)[:8] if one.run_id else "",
    )


def _ends(mentor: Mentor) -> str:
    if mentor.impossible_date:
        ends = f"certification ends {mentor.impossible_date}, which cannot be meant: correct it in the app"
        return f"[yellow]{ends}[/yellow]"
    return f"certification ends {_day(mentor.expires_on)}" if mentor.expires_on else "no certification"


def _history(found: Explanation) -> None:
    if found.log:
        log = new_table("Status log")
        for title in ("When (Oslo)", "From", "To", "Reason", "Actor"):
            log.add_column(title, no_wrap=title == "When (Oslo)")
        for row in found.log:
            words = (row.from_status, row.to_status, row.reason, row.actor)
            log.add_row(f"{row.occurred_at.astimezone(OSLO):%d.%m.%Y %H:%M}", *map(escape, words))
        console.out.print(log)
    for one in found.step_failures:
        console.out.print(
            f"[yellow]Failed in step {one.step}: {escape(_meaning(one.reason))}"
            f" (ends {one.ends}, {in_english(one.nightly_checks, 'nightly check')})[/yellow]"
        )


def _meaning(codes: str | None) -> str:
    """Return what codes mean, and the codes themselves."""
    return speech.texts().meaning(codes)


def _day(day: date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else ""
