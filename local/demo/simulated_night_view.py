"""Print a simulated night in the terminal. In a file, ids stand in for the names of people (I11)."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich.markup import escape

from local import surroundings
from local.demo import degraded
from local.demo.results import REMINDER_OUTCOMES
from operations import console
from operations.screens.tables import new_table
from shared.domain.mail.notices import NoticeKind
from shared.domain.wording.numbers import in_english

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from local.demo.results import HeldChange, MoveRecord
    from local.demo.simulated_night import FunctionRun, SimulatedNight

_STATE_STYLE = {"succeeded": "green", "degraded": "yellow", "failed": "red"}
_SHOWN = 12
_HELD = {"reminder": ("reminder", "reminders"), "expiry": ("expiry", "expiries"), "repair": ("repair", "repairs")}
_TITLES = {NoticeKind.EXPIRED: "expiry", NoticeKind.REACTIVATED: "renewal"}
_LOCALES = {"nb": "bokmål", "nn": "nynorsk", "en": "English"}


def simulated_night(night: SimulatedNight) -> None:
    """Print everything about one simulated night."""
    if night.check.run.total("days_overtaken"):
        console.out.print(
            "[yellow]A later day was already evaluated, so this nightly check has changed nothing there.[/yellow]\n"
        )
    console.out.print(reminders(night.check))
    console.out.print("[dim]Claimed: became a mail. Collapsed: a nearer threshold or the expiry replaced it.[/dim]\n")
    if night.moved:
        console.out.print(_moves(night))
        console.out.print()
    console.out.print(notices(night.sending))
    console.out.print(f"[dim]{night.sending.run.total('notices_sent')} sent, one recipient each.[/dim]\n")
    timings(night.check, night.sending)


def reminders(part: FunctionRun) -> Table:
    """Return the reminders by organisation and threshold: due, claimed, collapsed, without e-mail, already claimed."""
    table = new_table("Reminders")
    table.add_column("Organisation")
    table.add_column("Threshold", justify="right")
    for title in ("Due", "Claimed", "Collapsed", "No e-mail", "Already"):
        table.add_column(title, justify="right")
    for organisation in part.run.organisations:
        for index, day in enumerate(organisation.thresholds):
            counts = [organisation.counts.get((f"reminders_{outcome}", str(day)), 0) for outcome in REMINDER_OUTCOMES]
            last = index == len(organisation.thresholds) - 1
            table.add_row(
                escape(organisation.name) if index == 0 else "",
                in_english(day, "day"),
                *map(_number, counts),
                end_section=last,
            )
    totals = [part.run.total(f"reminders_{outcome}") for outcome in REMINDER_OUTCOMES]
    table.add_row("All", "", *(f"[bold]{n}[/bold]" for n in totals))
    return table


def _moves(night: SimulatedNight) -> Table:
    moved = night.moved
    expired = sum(one.to_status == "certification_expired" for one in moved)
    table = new_table(f"{in_english(expired, 'mentor')} expired, {len(moved) - expired} reactivated")
    for title in ("Organisation", "Mentor", "Now"):
        table.add_column(title, no_wrap=title != "Organisation")
    table.add_column("Valid to", justify="right")
    for one in _first(moved):
        now = "[red]expired[/red]" if one.to_status == "certification_expired" else "[green]active[/green]"
        table.add_row(
            escape(one.organisation),
            console.person(one.name, one.mentor_id),
            now,
            f"{one.expires_on:%d.%m.%Y}",
        )
    if len(moved) > _SHOWN:
        table.caption = f"… and {len(moved) - _SHOWN} more"
    return table


def _first(moved: Sequence[MoveRecord]) -> Sequence[MoveRecord]:
    return moved[:_SHOWN]


def notices(part: FunctionRun) -> Table:
    """Return the sent notices by kind and language, and the notices that were not sent."""
    table = new_table("Notices")
    table.add_column("Kind", no_wrap=True)
    for title in (*_LOCALES.values(), "Refused", "Outdated", "Waiting", "Unknown"):
        table.add_column(title, justify="right", no_wrap=True)

    def count(measure: str, kind: str, locales: Sequence[str]) -> int:
        return sum(
            organisation.counts.get((measure, f"{kind}:{locale}"), 0)
            for organisation in part.run.organisations
            for locale in locales
        )

    for kind in NoticeKind:
        sent = [count("notices_sent", kind, [locale]) for locale in _LOCALES]
        other = [
            count(f"notices_{outcome}", kind, list(_LOCALES))
            for outcome in ("undeliverable", "superseded", "given_back", "outcome_unknown")
        ]
        table.add_row(_TITLES.get(kind, kind), *map(_number, sent), *map(_number, other))
    return table


def timings(*parts: FunctionRun) -> None:
    """Print how each function ended, and its time and memory."""
    table = new_table("Functions")
    for title in ("Function", "Ended"):
        table.add_column(title, no_wrap=True)
    for title in ("Cold start", "Duration", "Memory"):
        table.add_column(title, justify="right", no_wrap=True)
    for part in parts:
        style = _STATE_STYLE[part.run.state]
        start = "warm" if part.result.init_ms is None else f"{part.result.init_ms:.0f} ms"
        table.add_row(
            part.function,
            f"[{style}]{part.run.state}[/{style}]",
            start,
            f"{part.result.duration_ms:.0f} ms",
            f"{part.result.max_memory_mb} MB",
        )
    console.out.print(table)
    for part in parts:
        for reason in _reasons(part):
            console.out.print(f"[yellow]![/yellow] {part.function}: {reason}")


def brakes(held: Sequence[HeldChange]) -> None:
    """Print what the brake holds, and the command that releases it."""
    for brake in held:
        one, several = _HELD[brake.kind]
        console.out.print(
            f"[yellow]![/yellow] The brake holds {in_english(brake.n, one, several)}"
            f" of {in_english(brake.of_n, 'mentor')} in {escape(brake.organisation)}:"
            " nothing changes for them until a named person releases it"
        )
        if brake.waiting:
            console.out.print(
                f"  Shown on the website while it holds: {in_english(brake.waiting, 'mentor')} whose change waits"
            )
        console.out.print(
            f"  {surroundings.this_program()} release-brake --org {shlex.quote(brake.organisation)}"
            f" --kind {brake.kind} --actor YOU --reason WHY",
            soft_wrap=True,
            markup=False,
        )


def _reasons(part: FunctionRun) -> list[str]:
    """Return the reasons of a degraded run as sentences."""
    return [degraded.said(code, part.run.total(code)) for code in (part.run.reason or "").split(",") if code]


def nothing_twice(first: SimulatedNight, second: SimulatedNight) -> bool:
    """Print the counts after both nightly checks, and return whether nothing happened twice."""
    table = new_table("The same nightly check again")
    table.add_column("")
    table.add_column("After the first", justify="right")
    table.add_column("After the second", justify="right")
    same = True
    for title, field in (
        ("Reminders", "reminders"),
        ("Transitions", "transitions"),
        ("Rows of the status log", "log_rows"),
        ("Notices", "notices"),
        ("Mails sent", "sent"),
    ):
        was, is_now = getattr(first.after, field), getattr(second.after, field)
        same &= was == is_now
        mark = "[green]✓[/green]" if was == is_now else "[red]✗[/red]"
        table.add_row(title, str(was), f"{is_now} {mark}")
    console.out.print(table)
    already = second.check.run.total("reminders_already") + second.check.run.total("expiries_already")
    verdict = "[green]Nothing happened twice[/green]" if same else "[red]Something happened twice[/red]"
    found = in_english(already, "reminder or expiry was", "reminders and expiries were")
    console.out.print(f"{verdict}: {found} found done already.")
    return same


def _number(n: int) -> str:
    return str(n) if n else "[dim]0[/dim]"
