"""Rehearse break-glass: the command `rehearse-break-glass`."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from local.break_glass.rehearsal import Rehearsal, program
from local.demo import website
from local.exit_codes import expected_errors
from local.mentors_file import loading
from local.mentors_file.mentors import MentorFile, read_mentors
from local.sample_data import generate as synthetic
from local.stack import session
from local.stack.stack import local_stack
from operations import console
from operations.commands import reconcile
from operations.dates import today

_SECONDS, _SWEEPS = 20.0, 12


def rehearse_break_glass(
    file: Annotated[
        Path | None,
        typer.Option(help="The built file to rehearse with; otherwise this repository's code.", show_default=False),
    ] = None,
) -> None:
    """Rehearse break-glass on a stack of its own: the automation goes, a person comes, the automation comes back."""
    with expected_errors(), tempfile.TemporaryDirectory(prefix="hlf-break-glass-") as folder:
        with console.steps() as progress, local_stack(Path(folder) / "stack", fresh=True, progress=progress) as stack:
            here = session.of(stack)
            progress("Loading the mentors, and waiting for the website to show them")
            loading.store(here.dsn, _mentors_of_today(), evaluated=today() - timedelta(days=1))
            _catch_up(here)
            steps = Rehearsal(stack, here, Path(folder), program(file)).run(progress)
            progress("Stopping")
        for step in steps:
            console.out.print(f"{'[green]✓[/green]' if step.holds else '[red]✗[/red]'} {step.what}")
            if not step.holds:
                console.out.print(f"    {step.found}", markup=False)
        if not all(step.holds for step in steps):
            raise typer.Exit(1)


def _catch_up(here: session.Session) -> None:
    """Wait until the website is up to date. A webhook may be lost (I7); a sweep asks for a change of two minutes."""
    for _ in range(_SWEEPS):
        with suppress(website.WebsiteBehindError):
            return website.wait_until_synced(here.dsn, seconds=_SECONDS)
        here.invoke("Reconciliation", reconcile.event(full=False, accept=None, now=datetime.now(UTC)))
    return website.wait_until_synced(here.dsn, seconds=_SECONDS)


def _mentors_of_today() -> MentorFile:
    """Return the synthetic mentors, whose days are those of the day that they were made for, as of today."""
    file = read_mentors(loading.MENTORS)
    shift = today() - synthetic.DEFAULT_AS_OF
    return replace(file, rows=tuple(replace(row, expires_on=row.expires_on + shift) for row in file.rows))
