"""Print a proof on one page, in plain words and without personal data, for a board or an auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from operations import console
from operations.dates import OSLO
from operations.screens import printing
from operations.screens.tables import new_table
from operations.wording import proof_verdict, words
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from operations.commands.proofs.proof import Difference, ProofHead, ProofPage

_MOST = 30
CLASSES = {
    "listed_but_invalid": "Shown but must not be",
    "missing": "Not shown but should be",
    "field_drift": "Shown differently from the app",
    "unpublished_field": "Holds fields no longer published",
    "orphan": "Shown for no mentor in the app",
}
CAUSES = {
    "manual_edit": "changed on the website",
    "waiting": "our change has not arrived yet",
    "rejected": "the website refused our change",
    "unknown_mentor": "not in the app",
    "brake": "held by the brake",
    "day": "the day's check has not run",
    "past_triggers": "changed in the app, bypassing our triggers",
}


def show(page: ProofPage) -> None:
    """Print the page."""
    proof, out = page.proof, console.out.print
    out(f"[bold]{say('Does the website show the right mentors?')}[/bold]\n")
    out(say("Read from {start} to {end} (Oslo)", start=_time(proof.at), end=_time(proof.ended_at)))
    out(f"{say('Run {id}', id=proof.run_id)}\n")
    out(verdict(proof))
    if proof.app_hash and proof.website_hash:
        _fingerprints(proof.app_hash, proof.website_hash)
    out()
    _figures(proof)
    if page.differences:
        out()
        _differences(page.differences, proof)
    if page.confirmed:
        ids = words.first([str(one.mentor_id or one.row_id) for one in page.confirmed], _MOST)
        out(f"\n{say('Repaired earlier and confirmed by this run: {n}', n=f'{len(page.confirmed):,}')}")
        out(f"  [dim]{ids}[/dim]")
    for brake in page.brakes:
        held = say(
            "A brake is on in {organisation}: {kind} of {n} of {of} was stopped on {moment} and needs a review.",
            organisation=escape(brake.organisation),
            kind=say(brake.kind.value),
            n=f"{brake.n:,}",
            of=f"{brake.of_n:,}",
            moment=_time(brake.tripped_at),
        )
        out(f"\n[yellow]{held}[/yellow]")


def _fingerprints(app: str, website: str) -> None:
    same = say("the same") if app == website else f"[red]{say('not the same')}[/red]"
    sides = (say("in the app"), app), (say("on the website"), website)
    console.out.print(f"\n{say('Fingerprints (SHA-256) of everything that is listed, {same}:', same=same)}")
    for side, found in sides:
        console.out.print(f"  {side:<{max(len(name) for name, _ in sides)}}  {found}")


def verdict(proof: ProofHead) -> str:
    """Return the verdict with markup: a sentence that counts every difference, and the figures."""
    style = proof_verdict.STYLES[proof.verdict]
    said, _, rest = proof_verdict.text(proof).partition(". ")
    if not rest:
        said, _, rest = said.partition(": ")
        return f"[{style} bold]{escape(said)}[/{style} bold]: {escape(rest)}"
    return f"[{style} bold]{escape(said)}.[/{style} bold] {escape(rest)}"


def _figures(proof: ProofHead) -> None:
    table = new_table(say("What was counted"))
    table.show_header = False
    table.add_column()
    table.add_column(justify="right")
    counts = proof.counts
    table.add_row(say("Website rows read"), f"{counts.get('rows_read', 0):,}")
    if proof.complete:
        table.add_row(say("Active, certified and consenting in the app"), _number(proof.app_listed))
        table.add_row(say("Shown by the website"), _number(proof.website_listed))
        table.add_row(say("Equal on both sides"), _number(proof.equal), end_section=True)
        for name, title in CLASSES.items():
            table.add_row(say(title), f"{counts.get(name, 0):,}")
        table.rows[-1].end_section = True
    table.add_row(say("Of these, changed a moment ago"), f"{proof.in_flight:,}")
    table.add_row(say("Of these, held by the brake"), f"{proof.count('held_by_brake'):,}")
    table.add_row(say("Of these, the day's check has not run"), f"{proof.count('day_not_checked'):,}")
    table.add_row(say("Changed in the app, bypassing our triggers"), f"{proof.count('past_triggers'):,}")
    table.add_row(say("Rejected by the website"), f"{counts.get('listings_rejected', 0):,}")
    table.add_row(say("Repairs requested by this run"), f"{counts.get('repairs_requested', 0):,}")
    table.add_row(say("Repairs held back by a brake"), f"{counts.get('repairs_braked', 0):,}")
    twice = sum(n for name, n in counts.items() if name.startswith("duplicate_"))
    table.add_row(say("Done twice and not reviewed yet"), f"{twice:,}")
    console.out.print(table)


def _differences(differences: Sequence[Difference], proof: ProofHead) -> None:
    n, over = f"{len(differences):,}", sum(one.closed_at is not None for one in differences)
    title = say("Differences when it ended: {n}, of which {over} are gone by now", n=n, over=f"{over:,}")
    if over == 1:
        title = say("Differences when it ended: {n}, of which {over} is gone by now", n=n, over=over)
    table = new_table(title)
    for column in ("What", "Mentor", "Organisation", "Why", "Outcome"):
        table.add_column(say(column), no_wrap=column == "Mentor", overflow="fold")
    for one in differences[:_MOST]:
        what = say(CLASSES.get(one.class_, one.class_)) + (f": {', '.join(one.fields)}" if one.fields else "")
        who = str(one.mentor_id) if one.mentor_id else say("row {id}", id=one.row_id)
        why = say(CAUSES.get(one.cause, one.cause))
        table.add_row(escape(what), who, escape(one.organisation or ""), why, became(one, proof.ended_at))
    console.out.print(table)
    if (rest := len(differences) - _MOST) > 0:
        more = many(rest, "… and {n} more; all of them:", "… and {n} more; all of them:")
        printing.command(more, f"proof --run {proof.run_id} --json")


def became(one: Difference, at: datetime) -> str:
    """Return the outcome of a difference in words. A time on another day than `at` includes the date."""
    if one.closed_at is not None:
        when = words.moment(one.closed_at, at)
        if one.outcome == "confirmed":
            return say("repaired, confirmed {moment}", moment=when)
        return say("gone without a repair {moment}", moment=when)
    if one.repairs:
        return many(one.repairs, "open; repair requested", "open; repair requested {n} times")
    return say("open")


def _time(at: datetime) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y %H:%M:%S}"


def _number(n: int | None) -> str:
    return "" if n is None else f"{n:,}"
