"""The lists of operations, as a person reads them: alerts, set aside, dead letters, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from local import report
from local.operations import conditions, words
from local.operations.dead_letters import EVENTS, MOST_LISTED, SYNCS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from local.operations.alerts import Alert
    from local.operations.dead_letters import DeadLetter
    from local.operations.duplicates import Duplicate
    from local.operations.set_aside import SetAside

_MOST_IDS = 3


def alerts(found: Sequence[Alert], organisations: Mapping[UUID | None, str], now: datetime) -> None:
    """What, how long, and the first thing to do."""
    if not found:
        report.console.print("No alert is open.")
        return
    is_open = conditions.most_urgent_first(one for one in found if not one.closed_at)
    for one in (*is_open, *(one for one in found if one.closed_at)):
        style = "dim" if one.closed_at else "red bold"
        report.console.print(f"[{style}]{escape(conditions.title(one, organisations))}[/{style}]")
        times = [f"since {words.moment(one.since, now)}"]
        times += [f"told {words.moment(one.told_at, now)}"] if one.told_at else ["not told yet"]
        times += [f"over {words.moment(one.closed_at, now)}"] if one.closed_at else []
        reason = one.facts.get("reason")
        _indented(", ".join(times) + (f": {words.reason(str(reason))}" if reason else ""))
        if one.ids:
            _indented(words.first([str(identity) for identity in one.ids], _MOST_IDS))
        if not one.closed_at:
            _indented(f"First: {conditions.what_to_do(one)}")
            _indented(f"Runbook: {conditions.runbook(one)}")


def _indented(text: str) -> None:
    report.console.print(f"  {text}", markup=False, soft_wrap=True)


def set_aside(found: Sequence[SetAside], now: datetime) -> None:
    """Whom the website refused, and whether it may still show somebody whom it must not."""
    if not found:
        report.console.print("No listing is set aside.")
        return
    table = report.new_table(f"Set aside: {words.many(len(found), 'listing')} that the website refused")
    table.add_column("Mentor", no_wrap=True)
    for title in ("Organisation", "Why", "Since", "Tries", "On the website"):
        table.add_column(title, overflow="fold", justify="right" if title == "Tries" else "left")
    for one in found:
        table.add_row(
            str(one.mentor_id),
            escape(one.organisation),
            escape(words.reason(one.reason)),
            words.moment(one.since, now),
            str(one.attempts),
            _shown(one),
        )
    report.console.print(table)
    if any(one.may_be_shown and not one.should_be_shown for one in found):
        report.console.print("[red]Hide by hand in Dynamics whoever must not be shown.[/red]")
    report.console.print(
        "When the cause is put right: python -m local set-aside retry --all --actor … --reason …", markup=False
    )


def _shown(one: SetAside) -> str:
    if one.may_be_shown:
        return "may be shown, as it was" if one.should_be_shown else "[red]may be shown, and must not be[/red]"
    return "not shown, and should be" if one.should_be_shown else "not shown"


def dead_letters(found: Sequence[DeadLetter], now: datetime) -> None:
    """What was given up, and what to do about each."""
    if not found:
        report.console.print("No message was given up.")
        return
    table = report.new_table(f"Given up: {words.many(len(found), 'message')}")
    for title in ("Queue", "Message", "Age", "Tries", "About"):
        table.add_column(title, overflow="fold", justify="right" if title in {"Age", "Tries"} else "left")
    for one in found:
        age = words.age(one.sent_at, now)
        table.add_row(one.queue, one.message_id, age, str(one.receives), escape(_about(one)))
    if len(found) >= MOST_LISTED:
        table.caption = "There may be more: these are the most that are shown."
    report.console.print(table)
    if any(one.queue == SYNCS and one.mentor_ids for one in found):
        report.console.print("Ask for the syncs again, when their cause is gone: python -m local dlq replay")
    events_to_run_again(found)


def _about(one: DeadLetter) -> str:
    if one.queue == SYNCS:
        return words.first([str(found) for found in one.mentor_ids], _MOST_IDS) or "no sync request: for the developers"
    told = (one.function, one.scheduled_time and f"for {one.scheduled_time}", one.error and f"({one.error})")
    return " ".join(filter(None, told)) or "an event that cannot be read"


def events_to_run_again(found: Sequence[DeadLetter]) -> None:
    """What a person does about events that failed: nothing of it is done by itself."""
    events = [one for one in found if one.queue == EVENTS]
    if not events:
        return
    count = words.many(len(events), "event")
    report.console.print(
        f"\n{count} of {EVENTS}: these are run again by a person, when the cause is gone; then delete the message"
        ' (docs/operations.md, "A run failed").'
    )
    nights = {(one.function, one.scheduled_time) for one in events if one.function == "ExpiryCheck"}
    for function, scheduled in sorted(nights, key=str):
        event = f'{{"scheduled_time": "{scheduled}"}}'
        report.console.print(
            f"  sam remote invoke {function} --stack-name … --event '{event}'", markup=False, soft_wrap=True
        )
    if len(events) > sum(one.function == "ExpiryCheck" for one in events):
        report.console.print("  The other functions do their work with their next schedule.")


def duplicates(found: Sequence[Duplicate], now: datetime) -> None:
    """What stands in a log more than once."""
    if not found:
        report.console.print("Nothing was done twice, or all of it has been reviewed.")
        return
    table = report.new_table(f"Done twice: {words.many(len(found), 'case')}")
    for title in ("Log", "Mentor", "Certification ends", "What", "Times", "Found", "Reviewed"):
        table.add_column(title, no_wrap=title == "Mentor", overflow="fold")
    for one in found:
        reviewed = f"{words.moment(one.reviewed_at, now)} {one.reviewed_by}" if one.reviewed_at else ""
        table.add_row(
            one.kind,
            str(one.mentor_id),
            f"{one.certification_expiry_date:%d.%m.%Y}" if one.certification_expiry_date else "",
            escape(one.detail),
            str(one.n),
            words.moment(one.found_at, now),
            escape(reviewed),
        )
    report.console.print(table)
    if any(one.reviewed_at is None for one in found):
        report.console.print(
            "When you have looked at one: python -m local duplicates review MENTOR_ID --actor … --reason …",
            markup=False,
        )
