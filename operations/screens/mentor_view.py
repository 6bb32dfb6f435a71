"""Print the screens of `explain` and `preview`. Where names are not allowed, they show ids (I11)."""

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
    from datetime import date, datetime
    from uuid import UUID

    from operations.commands.explain import Explanation, Mail, MailEvent, Mentor, ThresholdRecord
    from operations.commands.preview import Coming

_STATES = {
    "claimed": "reminded",
    "collapsed": "a nearer threshold replaced it",
    "unreachable": "no mail; the coordinator is told",
    "not_yet_due": "not yet due",
    "due_next_run": "due in the next nightly check",
    "not_reminded": "not reminded",
    "no_certification": "no certification",
    "impossible_date": "the date cannot be right",
}


def preview(lines: Sequence[Coming], names: Mapping[UUID, str], *, first: date, days: int) -> None:
    """Print who will be reminded or expire, and when."""
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
    """Print every threshold of a mentor with its state and reason."""
    mentor = found.mentor
    named = f"[bold]{escape(name)}[/bold], " if name and console.AT_TERMINAL else ""
    console.out.print(f"{named}{escape(mentor.organisation)}, id {mentor.id}")
    console.out.print(f"Status [bold]{mentor.status}[/bold], {_ends(mentor)}")
    if mentor.mail_problem:
        since = found.address.since if found.address and found.address.problem else None
        said = f"since {_moment(since)}: " if since else ""
        console.out.print(f"[yellow]Cannot be mailed: {said}{_meaning(mentor.mail_problem)}[/yellow]")
    elif found.address and found.address.allowed_at:
        console.out.print(f"Mail was allowed again {_moment(found.address.allowed_at)}")
    for expires_on in dict.fromkeys(one.certification_expiry_date for one in found.thresholds):
        table = new_table(f"Certification that ends {_day(expires_on)}" if expires_on else "No date to remind of")
        table.add_column("Days", justify="right")
        for title in ("Due on", "State", "Reason", "Mail", "Night", "Run"):
            table.add_column(title, no_wrap=title in {"Due on", "State", "Night", "Run"})
        for one in found.thresholds:
            if one.certification_expiry_date == expires_on:
                table.add_row(*_threshold(one))
        console.out.print(table)
    _mails(found)
    _history(found)


def _mails(found: Explanation) -> None:
    if not found.mails:
        return
    table = new_table("Mails")
    for title in ("Mail", "When (Oslo)", "What became of it"):
        table.add_column(title, no_wrap=title != "What became of it")
    for mail in found.mails:
        for number, (at, what) in enumerate(_life(mail)):
            table.add_row(_named(mail) if number == 0 else "", _moment(at), what)
    console.out.print(table)
    for mail in found.mails:
        if mail.message_id:
            # On a line of its own, where its sixty characters stand whole.
            console.out.print(f"Notice {mail.notice_id} is in SES:\n{escape(mail.message_id)}", soft_wrap=True)


def _named(mail: Mail) -> str:
    days = f", {mail.threshold_day} days" if mail.threshold_day is not None else ""
    return f"{mail.kind}{days}\n[dim]notice {mail.notice_id}[/dim]"


def _life(mail: Mail) -> list[tuple[datetime | None, str]]:
    """Return the moments of a mail in order. An event that SES published late stands where it happened."""
    moments: list[tuple[datetime | None, str]] = []
    if mail.claimed_at:
        tries = f", attempt {mail.attempts}" if mail.attempts > 1 else ""
        moments.append((mail.claimed_at, f"claimed{tries}"))
    if mail.accepted_at:
        moments.append((mail.accepted_at, "accepted by SES"))
    moments += [(event.at, _happened(event)) for event in mail.events]
    if mail.arrival == "unknown":
        moments.append(
            (mail.arrival_at, "[yellow]unknown: SES has not said within 24 hours what became of it[/yellow]")
        )
    if mail.reported_at:
        moments.append((mail.reported_at, "reported to the coordinator in a digest"))
    moments.sort(key=lambda moment: moment[0].timestamp() if moment[0] else 0)
    if mail.state != "sent":
        reason = f": {escape(_meaning(mail.reason))}" if mail.reason else ""
        moments.append((None, f"{mail.state}{reason}"))
    elif mail.arrival is None:
        moments.append((None, "not known yet whether it arrived"))
    return moments


_EVENTS = {
    "delivery": "[green]delivered[/green] to the recipient's server",
    "bounce": "[red]bounced[/red]",
    "complaint": "[red]complained of[/red]",
    "delay": "delayed, SES tries again",
    "reject": "[red]rejected by SES[/red]",
}


def _happened(event: MailEvent) -> str:
    codes = ", ".join(filter(None, (event.bounce_type, event.code, event.status)))
    waits = " (waits for the sender to settle)" if event.waits_until else ""
    return f"{_EVENTS.get(event.kind, event.kind)}{f' ({escape(codes)})' if codes else ''}{waits}"


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
        ends = f"certification ends {mentor.impossible_date}, which cannot be right: correct it in the app"
        return f"[yellow]{ends}[/yellow]"
    return f"certification ends {_day(mentor.expires_on)}" if mentor.expires_on else "no certification"


def _history(found: Explanation) -> None:
    if found.log:
        log = new_table("Status log")
        for title in ("When (Oslo)", "From", "To", "Reason", "Actor"):
            log.add_column(title, no_wrap=title == "When (Oslo)")
        for row in found.log:
            words = (row.from_status, row.to_status, row.reason, row.actor)
            log.add_row(_moment(row.occurred_at), *map(escape, words))
        console.out.print(log)
    for one in found.step_failures:
        console.out.print(
            f"[yellow]Failed in step {one.step}: {escape(_meaning(one.reason))}"
            f" (ends {one.ends}, {in_english(one.nightly_checks, 'nightly check')})[/yellow]"
        )


def _meaning(codes: str | None) -> str:
    """Return the meaning of codes, followed by the codes."""
    return speech.texts().meaning(codes)


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y %H:%M}" if at else ""


def _day(day: date | None) -> str:
    return f"{day:%d.%m.%Y}" if day else ""
