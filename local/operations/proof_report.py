"""A proof on one page, in plain words and without personal data, for a board or an auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from local import report
from local.calendar_days import OSLO
from local.operations import proof_verdict, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from local.operations.proof import Difference, ProofHead, ProofPage

_MOST = 30
CLASSES = {
    "listed_but_invalid": "Shown, and must not be",
    "missing": "Not shown, and should be",
    "field_drift": "Shown with something else than the app has",
    "unpublished_field": "Holds what is published no more",
    "orphan": "Shown, of no mentor in the app",
}
CAUSES = {
    "hand_edit": "changed on the website",
    "waiting": "our change has not arrived yet",
    "set_aside": "the website refused our change",
    "unknown_mentor": "not in the app",
    "brake": "held by the brake",
    "day": "the day's check has not come",
    "past_triggers": "changed in the app past our triggers",
}


def show(page: ProofPage) -> None:
    """Print it."""
    proof, out = page.proof, report.console.print
    out("[bold]Does the website show whom it should?[/bold]\n")
    out(f"Read from {_time(proof.at)} to {_time(proof.ended_at)} (Oslo)\nRun {proof.run_id}\n")
    out(verdict(proof))
    if proof.app_hash and proof.website_hash:
        same = "the same" if proof.app_hash == proof.website_hash else "[red]not the same[/red]"
        out(f"\nFingerprints (SHA-256) of everything that is listed, {same}:")
        out(f"  in the app      {proof.app_hash}")
        out(f"  on the website  {proof.website_hash}")
    out()
    _figures(proof)
    if page.differences:
        out()
        _differences(page.differences, proof)
    if page.confirmed:
        ids = words.first([str(one.mentor_id or one.row_id) for one in page.confirmed], _MOST)
        out(f"\nRepaired before, and seen to hold by this run: {len(page.confirmed):,}")
        out(f"  [dim]{ids}[/dim]")
    for brake in page.brakes:
        out(
            f"\n[yellow]A brake is on in {escape(brake.organisation)}[/yellow]: {brake.kind} of {brake.n:,} of"
            f" {brake.of_n:,} was stopped on {_time(brake.tripped_at)}, for a person to look at."
        )


def verdict(proof: ProofHead) -> str:
    """Yes, no or not yet, in one sentence that counts everything that differs, and the two figures."""
    style = proof_verdict.STYLES[proof.verdict]
    said, _, rest = proof_verdict.text(proof).partition(". ")
    if not rest:
        said, _, rest = said.partition(": ")
        return f"[{style} bold]{escape(said)}[/{style} bold]: {escape(rest)}"
    return f"[{style} bold]{escape(said)}.[/{style} bold] {escape(rest)}"


def _figures(proof: ProofHead) -> None:
    table = report.new_table("What was counted")
    table.show_header = False
    table.add_column()
    table.add_column(justify="right")
    counts = proof.counts
    table.add_row("Rows of the website that were read", f"{counts.get('rows_read', 0):,}")
    if proof.complete:
        table.add_row("Active, certified and consenting in the app", _number(proof.app_listed))
        table.add_row("Shown by the website", _number(proof.website_listed))
        table.add_row("Equal on both sides", _number(proof.equal), end_section=True)
        for name, title in CLASSES.items():
            table.add_row(title, f"{counts.get(name, 0):,}")
        table.rows[-1].end_section = True
    table.add_row("Of these, changed a moment ago", f"{proof.in_flight:,}")
    table.add_row("Of these, held by the brake", f"{proof.count('held_by_brake'):,}")
    table.add_row("Of these, the day's check has not come", f"{proof.count('day_not_checked'):,}")
    table.add_row("Changed in the app past our triggers", f"{proof.count('past_triggers'):,}")
    table.add_row("Refused by the website, set aside", f"{counts.get('set_aside', 0):,}")
    table.add_row("Repairs asked for by this run", f"{counts.get('repairs_requested', 0):,}")
    table.add_row("Repairs that a brake holds back", f"{counts.get('repairs_braked', 0):,}")
    twice = sum(n for name, n in counts.items() if name.startswith("duplicate_"))
    table.add_row("Done twice, and not looked at yet", f"{twice:,}")
    report.console.print(table)


def _differences(differences: Sequence[Difference], proof: ProofHead) -> None:
    over = sum(one.closed_at is not None for one in differences)
    table = report.new_table(f"Differences at its end: {len(differences):,}, of which {over:,} are over by now")
    for title in ("What", "Mentor", "Organisation"):
        table.add_column(title, no_wrap=title == "Mentor", overflow="fold")
    for title in ("Why", "What became of it"):
        table.add_column(title, overflow="fold")
    for one in differences[:_MOST]:
        what = CLASSES.get(one.class_, one.class_) + (f": {', '.join(one.fields)}" if one.fields else "")
        who = str(one.mentor_id) if one.mentor_id else f"row {one.row_id}"
        why = CAUSES.get(one.cause, one.cause)
        table.add_row(escape(what), who, escape(one.organisation or ""), why, became(one, proof.ended_at))
    if len(differences) > _MOST:
        table.caption = f"… and {len(differences) - _MOST:,} more: --json has all of them"
    report.console.print(table)


def became(one: Difference, at: datetime) -> str:
    """What became of a difference, in words; `at`: the times of another day are shown with it."""
    if one.closed_at is not None:
        when = words.moment(one.closed_at, at)
        return f"repaired, seen to hold {when}" if one.outcome == "confirmed" else f"gone by itself {when}"
    if one.repairs:
        return f"open; repair asked for {one.repairs} times" if one.repairs > 1 else "open; repair asked for"
    return "open"


def _time(at: datetime) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y %H:%M:%S}"


def _number(n: int | None) -> str:
    return "" if n is None else f"{n:,}"
