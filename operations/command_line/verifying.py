"""Define `verify-integration`: what must hold between this system and its neighbours, point by point."""

import json
from pathlib import Path
from typing import Annotated

import typer

from operations import console, databases
from operations.commands import verify_integration as verifying
from operations.errors import FunctionFailedError, NotKnownError, NotUnderstoodError, OperationsError
from operations.options import AsJson
from operations.screens import printing
from operations.target import System
from shared.domain.integration.findings import Report, merged
from shared.domain.integration.texts import as_junit, as_text


def verify_integration(
    system: System,
    *,
    behaviour: Annotated[
        bool,
        typer.Option(
            "--behaviour",
            help="Also try the workflows, as the schema's owner, on rows that are rolled back.",
        ),
    ] = False,
    copy: Annotated[
        bool,
        typer.Option(
            "--copy",
            help="The database is a copy: with --behaviour also try two workflows at once, on rows that are committed"
            " and removed again.",
        ),
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Also the points that hold.")] = False,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", help="Also write the report to this file, as JUnit XML.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the app's database, the website and the stack against what this system needs. Nothing is changed.

    Exit code 0 if every point holds, 1 if one does not, 3 if one could not be checked. With --database-url alone only
    the database is looked at.
    """
    if copy and not behaviour:
        raise NotUnderstoodError("--copy says how --behaviour may try the workflows: say both")
    if copy and system.target.stack:
        raise NotUnderstoodError("a stack's own database is no copy: name the copy with --database-url alone")
    with console.steps(quiet=as_json) as progress:
        reports = [read_only(system, progress)]
        if behaviour:
            progress(verifying.DOING_BEHAVIOUR)
            with system.owned_database() as address:
                reports.append(verifying.of_behaviour(address, copy=copy))
    report = merged(reports)
    if as_json:
        console.out.print_json(json.dumps(report.as_json()))
    else:
        printing.text(as_text(report, everything=everything))
    if junit is not None:
        _write(junit, report)
    raise typer.Exit(report.exit_code)


def read_only(system: System, progress: console.Progress) -> Report:
    """Have the deployed function verify what it can without changing anything, or look at the database alone."""
    progress(verifying.DOING)
    if system.has_functions:
        with system.functions(progress) as invoke:
            try:
                return verifying.of_function(invoke(verifying.FUNCTION, {}))
            except FunctionFailedError as error:
                raise NotKnownError(f"the function ended with an error, so nothing is known: {error}") from None
    with system.database() as address, databases.connected(address) as connection:
        return verifying.of_database(connection)


def _write(file: Path, report: Report) -> None:
    try:
        file.write_text(as_junit(report), encoding="utf-8")
    except OSError as error:
        said = f"{file} cannot be written: {error.strerror}"
        raise (OperationsError if report.exit_code == 1 else NotKnownError)(said) from None
