"""What a person reads in the terminal. Piped into a file, ids stand for people instead of names (I11)."""

from __future__ import annotations

import shlex
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from local import surroundings
from local.demo import degraded
from local.demo.results import REMINDER_OUTCOMES
from local.mentors_file.problems import faults, some
from operations import console
from operations.screens.tables import new_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.table import Table

    from local.demo.results import HeldChange, MoveRecord
    from local.demo.simulated_night import FunctionRun, SimulatedNight
    from local.mentors_file.load import LoadReport
    from local.mentors_file.mentors import MentorFile

_STATE_STYLE = {"succeeded": "green", "degraded": "yellow", "failed": "red"}
_SHOWN = 12
_HELD = {"reminder": ("reminder", "reminders"), "expiry": ("expiry", "expiries"), "repair": ("repair", "repairs")}
_KINDS = {"reminder": "reminder", "expired": "expiry", "reactivated": "renewal", "digest": "digest"}
_LOCALES = {"nb": "bokmål", "nn": "nynorsk", "en": "English"}


def heading(text: str) -> None:
    """A rule with a title."""
    console.out.print()
    console.out.rule(f"[bold]{text}[/bold]", align="left")


def loaded(file: MentorFile, report: LoadReport, path: Path) -> None:
    """How many rows went in, and line by line what did not."""
    console.out.print(
        f"[bold]{_many(report.mentors, 'mentor')}[/bold] of {_many(report.organisations, 'organisation')} with"
        f" {_many(report.coordinators, 'coordinator')} loaded from {escape(path.name)}"
    )
    for warning in (*file.warnings, *report.warnings):
        console.out.print(f"[yellow]![/yellow] {escape(warning)}")
    problems(file)


def problems(file: MentorFile) -> None:
    """Show every row that was refused by line, column and reason; many rows with one fault are told once."""
    if not file.problems:
        return
    refused = len({problem.line for problem in file.problems})
    others = "; the others were" if file.rows else ""
    table = new_table(f"[yellow]{_many(refused, 'row')} not loaded{others}[/yellow]")
    table.add_column("Line", justify="right", overflow="fold")
    table.add_column("Column", overflow="fold")
    table.add_column("Reason", overflow="fold")
    for fault in faults(file.problems):
        table.add_row(some(fault.lines), escape(some(fault.columns)), escape(fault.reason))
    console.out.print(table)


def simulated_night(night: SimulatedNight) -> None:
    """Everything about one simulated night."""
    if night.check.run.total("days_overtaken"):
        console.out.print(
            "[yellow]A later day was evaluated before, so this nightly check has changed nothing there.[/yellow]\n"
        )
    console.out.print(reminders(night.check))
    console.out.print("[dim]Claimed became a mail. Collapsed: a nearer threshold, or the expiry, spoke for it.[/dim]\n")
    if night.moved:
        console.out.print(_moves(night))
        console.out.print()
    console.out.print(notices(night.sending))
    console.out.print(f"[dim]{night.sending.run.total('notices_sent')} sent, one recipient each.[/dim]\n")
    timings(night.check, night.sending)


def reminders(part: FunctionRun) -> Table:
    """Per organisation and threshold: due, claimed, collapsed, without e-mail, already claimed."""
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
                escape(organisation.name) if index == 0 else "", _days(day), *map(_number, counts), end_section=last
            )
    totals = [part.run.total(f"reminders_{outcome}") for outcome in REMINDER_OUTCOMES]
    table.add_row("All", "", *(f"[bold]{n}[/bold]" for n in totals))
    return table


def _moves(night: SimulatedNight) -> Table:
    moved = night.moved
    expired = sum(one.to_status == "certification_expired" for one in moved)
    table = new_table(f"{_many(expired, 'mentor')} expired, {len(moved) - expired} reactivated")
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
    """Sent notices by kind and language, and what was not sent."""
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

    for kind, title in _KINDS.items():
        sent = [count("notices_sent", kind, [locale]) for locale in _LOCALES]
        other = [
            count(f"notices_{outcome}", kind, list(_LOCALES))
            for outcome in ("undeliverable", "superseded", "given_back", "outcome_unknown")
        ]
        table.add_row(title, *map(_number, sent), *map(_number, other))
    return table


def timings(*parts: FunctionRun) -> None:
    """How each function ended and what it took."""
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
    """What the brake holds, and how a person lets it go."""
    for brake in held:
        one, several = _HELD[brake.kind]
        console.out.print(
            f"[yellow]![/yellow] The brake holds {_many(brake.n, one, several)} of {_many(brake.of_n, 'mentor')} in"
            f" {escape(brake.organisation)}: nothing is changed for them until a named person lets it"
        )
        if brake.waiting:
            console.out.print(
                f"  Shown on the website as long as it holds: {_many(brake.waiting, 'mentor')} who were changed"
            )
        console.out.print(
            f"  {surroundings.this_program()} release-brake --org {shlex.quote(brake.organisation)}"
            f" --kind {brake.kind} --actor YOU --reason WHY",
            soft_wrap=True,
            markup=False,
        )


def _reasons(part: FunctionRun) -> list[str]:
    """In words, why a run is degraded."""
    return [degraded.said(code, part.run.total(code)) for code in (part.run.reason or "").split(",") if code]


def nothing_twice(first: SimulatedNight, second: SimulatedNight) -> bool:
    """The second nightly check beside the first. Return whether nothing happened twice."""
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
    found = _many(already, "reminder or expiry was", "reminders and expiries were")
    console.out.print(f"{verdict}: {found} found done already.")
    return same


def sample_mail(folder: Path) -> None:
    """One mail as it was sent, and where all of them are."""
    mails = sorted(folder.glob("*.eml"))
    if not mails:
        return
    message = message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    text = body.get_content().strip() if body else ""
    shown = Group(Text(f"Subject: {message['Subject']}", style="bold"), Text(), Text(text))
    if console.AT_TERMINAL:
        console.out.print(Panel(shown, title="One of the mails", title_align="left", width=min(console.out.width, 90)))
    console.out.print(f"{_many(len(mails), 'mail')}, to open in a mail program: {escape(_short(folder))}/")


def addresses(rows: dict[str, str]) -> None:
    """What runs where."""
    table = new_table("Running; Ctrl-C stops all of it")
    table.add_column("What")
    table.add_column("Where", overflow="fold")
    for what, where in rows.items():
        table.add_row(what, escape(where))
    console.out.print(table)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(path.cwd()))
    except ValueError:
        return str(path)


def _many(n: int, one: str, several: str = "") -> str:
    return f"{n} {one if n == 1 else several or one + 's'}"


def _days(n: int | None) -> str:
    return f"{n} day" if n == 1 else f"{n} days"


def _number(n: int) -> str:
    return str(n) if n else "[dim]0[/dim]"
