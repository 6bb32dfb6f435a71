"""The lists of operations, as a person reads them: alerts, rejected, dead letters, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from operations import console
from operations.commands.dead_letter_contents import EVENTS, SYNCS
from operations.commands.dead_letters import MOST_LISTED
from operations.screens import printing
from operations.screens.tables import new_table
from operations.wording import conditions, words
from operations.wording.speech import many, say, target, texts
from shared.domain.alerts import ids_left_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from operations.commands.alerts import Alert
    from operations.commands.dead_letter_contents import DeadLetter
    from operations.commands.duplicates import Duplicate
    from operations.commands.rejected_listings import RejectedListing

_MOST_IDS = 3
_NIGHTLY_CHECK = "ExpiryCheck"


def alerts(found: Sequence[Alert], organisations: Mapping[UUID | None, str], now: datetime) -> None:
    """What, how long, and the first thing to do."""
    if not found:
        console.out.print(say("No alert is open."))
        return
    console.out.print(say("Times are Oslo's."), style="dim")
    is_open = conditions.most_urgent_first(one for one in found if not one.closed_at)
    for one in (*is_open, *(one for one in found if one.closed_at)):
        style = "dim" if one.closed_at else "red bold"
        said = conditions.title(one, organisations) if one.closed_at else conditions.headline(one, organisations, now)
        console.out.print(said.removesuffix("."), style=style, markup=False)
        times = [say("since {moment}", moment=words.moment(one.since, now))]
        reported = say("sent {moment}", moment=words.moment(one.sent_at, now)) if one.sent_at else say("not sent yet")
        times.append(reported)
        times += [say("over {moment}", moment=words.moment(one.closed_at, now))] if one.closed_at else []
        reason = one.facts.get("reason")
        printing.text(", ".join(times) + (f": {words.reason(str(reason))}" if reason else ""), indent=2)
        if one.ids:
            ids, more = one.ids[:_MOST_IDS], ids_left_out(one.n, one.facts, min(len(one.ids), _MOST_IDS))
            printing.text(words.first([str(identity) for identity in ids], _MOST_IDS, len(ids) + more), indent=2)
        if not one.closed_at:
            printing.step(say("First:"), conditions.what_to_do(one), indent=2)
            printing.text(f"{say('Runbook:')} {conditions.runbook(one)}", indent=2)


def rejected(found: Sequence[RejectedListing], now: datetime) -> None:
    """Whom the website refused, and whether it may still show somebody whom it must not."""
    if not found:
        console.out.print(say("No listing is rejected."))
        return
    title = many(len(found), "{n} listing that the website refused", "{n} listings that the website refused")
    table = new_table(title)
    table.add_column(say("Mentor"), no_wrap=True)
    for name in ("Organisation", "Why", "Since (Oslo)", "Tries", "On the website"):
        table.add_column(say(name), justify="right" if name == "Tries" else "left")
    for one in found:
        table.add_row(
            str(one.mentor_id),
            escape(one.organisation),
            escape(words.reason(one.reason)),
            words.moment(one.since, now),
            str(one.attempts),
            _shown(one),
        )
    console.out.print(table)
    if any(one.may_be_shown and not one.should_be_shown for one in found):
        console.out.print(f"[red]{say('Hide by hand in Dynamics whoever must not be shown.')}[/red]")
    steps = dict.fromkeys(
        step for one in found for code in one.reason.split(",") if (step := texts().codes.of(code).step)
    )
    for step in steps:
        printing.text(step)
    printing.command(say("When the cause is put right:"), "rejected retry --all --actor YOU --reason WHY")


def _shown(one: RejectedListing) -> str:
    if one.may_be_shown and not one.should_be_shown:
        return f"[red]{say('may be shown, and must not be')}[/red]"
    if one.may_be_shown:
        return say("may be shown, as it was")
    return say("not shown, and should be") if one.should_be_shown else say("not shown")


def dead_letters(found: Sequence[DeadLetter], now: datetime) -> None:
    """What was given up, and what to do about each."""
    if not found:
        console.out.print(say("No message was given up."))
        return
    table = new_table(many(len(found), "Given up: {n} message", "Given up: {n} messages"))
    for title in ("Message", "Queue", "Age", "Tries", "About"):
        table.add_column(say(title), justify="right" if title in {"Age", "Tries"} else "left")
    for one in found:
        tries = "" if one.tries is None else f"{one.tries:,}"
        table.add_row(one.message_id, one.queue, words.age(one.sent_at, now), tries, escape(_about(one)))
    if len(found) >= MOST_LISTED:
        table.caption = say("There may be more: these are the most that are shown.")
    console.out.print(table)
    if any(one.queue == SYNCS and one.mentor_ids for one in found):
        printing.command(say("Ask for the syncs again, when their cause is gone:"), "dlq replay")
    events_to_run_again(found)
    if any(not one.mentor_ids for one in found):
        drop = "dlq drop MESSAGE --actor YOU --reason WHY"
        printing.command(say("Remove what is done or cannot be read, by the id of the message:"), drop)


def _about(one: DeadLetter) -> str:
    if one.queue == SYNCS:
        return words.first([str(found) for found in one.mentor_ids], _MOST_IDS) or say("no sync request")
    when = one.scheduled_time and say("for {moment}", moment=one.scheduled_time)
    reported = (one.function, when, one.error and f"({one.error})")
    return " ".join(filter(None, reported)) or say("an event that cannot be read")


def events_to_run_again(found: Sequence[DeadLetter]) -> None:
    """What a person does about events that failed: nothing of it is done by itself."""
    events = [one for one in found if one.queue == EVENTS]
    if not events:
        return
    console.out.print()
    who = say("These are run again by a person, when the cause is gone; then remove the message")
    count = many(len(events), "{n} event of {queue}.", "{n} events of {queue}.", queue=EVENTS)
    printing.text(f'{count} {who} (docs/operations/runbook.md, "A run failed").')
    for scheduled in sorted(
        {one.scheduled_time for one in events if one.function == _NIGHTLY_CHECK and one.scheduled_time}
    ):
        printing.line("", target().function(_NIGHTLY_CHECK, f'{{"scheduled_time": "{scheduled}"}}'))
    if any(one.function not in {_NIGHTLY_CHECK, None} for one in events):
        printing.text(say("The other functions do their work with their next schedule."), indent=2)


def duplicates(found: Sequence[Duplicate], now: datetime) -> None:
    """What stands in a log more than once."""
    if not found:
        console.out.print(say("Nothing was done twice, or all of it has been reviewed."))
        return
    table = new_table(many(len(found), "Done twice: {n} case", "Done twice: {n} cases"))
    for title in ("Mentor", "Log", "Certification ends", "What", "Times", "Found (Oslo)", "Reviewed"):
        table.add_column(say(title), no_wrap=title == "Mentor", justify="right" if title == "Times" else "left")
    for one in found:
        reviewed = f"{words.moment(one.reviewed_at, now)} {one.reviewed_by}" if one.reviewed_at else ""
        table.add_row(
            str(one.mentor_id),
            one.kind,
            f"{one.certification_expiry_date:%d.%m.%Y}" if one.certification_expiry_date else "",
            escape(one.detail),
            str(one.n),
            words.moment(one.found_at, now),
            escape(reviewed),
        )
    console.out.print(table)
    if any(one.reviewed_at is None for one in found):
        printing.command(say("When you have looked at one:"), "duplicates review MENTOR_ID --actor YOU --reason WHY")
