"""Print what was loaded, what runs where, and a sample mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from local.mentors_file.problems import faults, some
from operations import console
from operations.screens.tables import new_table
from shared.domain.wording.numbers import in_english

if TYPE_CHECKING:
    from pathlib import Path

    from local.mentors_file.load import LoadReport
    from local.mentors_file.mentors import MentorFile


def heading(text: str) -> None:
    """Print a rule with a title."""
    console.out.print()
    console.out.rule(f"[bold]{text}[/bold]", align="left")


def loaded(file: MentorFile, report: LoadReport, path: Path) -> None:
    """Print how many rows were loaded, and each row that was not."""
    console.out.print(
        f"[bold]{in_english(report.mentors, 'mentor')}[/bold] of {in_english(report.organisations, 'organisation')}"
        f" with {in_english(report.coordinators, 'coordinator')} loaded from {escape(path.name)}"
    )
    for warning in (*file.warnings, *report.warnings):
        console.out.print(f"[yellow]![/yellow] {escape(warning)}")
    problems(file)


def problems(file: MentorFile) -> None:
    """Print every refused row with line, column and reason. Many rows with one fault are reported once."""
    if not file.problems:
        return
    refused = len({problem.line for problem in file.problems})
    others = "; the others were" if file.rows else ""
    table = new_table(f"[yellow]{in_english(refused, 'row')} not loaded{others}[/yellow]")
    table.add_column("Line", justify="right", overflow="fold")
    table.add_column("Column", overflow="fold")
    table.add_column("Reason", overflow="fold")
    for fault in faults(file.problems):
        table.add_row(some(fault.lines), escape(some(fault.columns)), escape(fault.reason))
    console.out.print(table)


def sample_mail(folder: Path) -> None:
    """Print one mail as it was sent, and the folder of all mails."""
    mails = sorted(folder.glob("*.eml"))
    if not mails:
        return
    message = message_from_bytes(mails[0].read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    text = body.get_content().strip() if body else ""
    mail(message["Subject"], text, "One of the mails")
    console.out.print(f"{in_english(len(mails), 'mail')}, to open in a mail program: {escape(_short(folder))}/")


def mail(subject: str, text: str, title: str) -> None:
    """Print a mail at a terminal, and nowhere else: it names people (I11)."""
    shown = Group(Text(f"Subject: {subject}", style="bold"), Text(), Text(text))
    if console.AT_TERMINAL:
        console.out.print(Panel(shown, title=title, title_align="left", width=min(console.out.width, 90)))


def addresses(rows: dict[str, str]) -> None:
    """Print the address of each part that runs."""
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
