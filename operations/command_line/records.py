"""Define `retention`, `export-proofs` and `verify-proofs`: what is kept, and the proof that it is as it was."""

import sys
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from operations.commands import retention as keeping
from operations.commands.proofs import proof_export, proof_file
from operations.dates import OSLO, parse_day, today
from operations.errors import NotUnderstoodError
from operations.mounting import InFunction
from operations.options import AsJson
from operations.screens import records_view
from operations.target import System
from operations.through_function import show
from operations.wording import words

STDOUT: Final = Path("-")


def retention(
    system: System,
    *,
    dry_run: Annotated[  # noqa: ARG001 - always: the option is for those who want to be sure
        bool, typer.Option("--dry-run", help="As always: this command deletes nothing, the nightly comparison does.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show what the next full comparison will delete because it is older than it is kept, and what stays and why."""
    with system.reading() as connection:
        found = keeping.read_retention(connection)
    if as_json:
        words.print_json(found)
    else:
        records_view.retention(found)


def export_proofs(
    system: System,
    *,
    first: Annotated[str, typer.Option("--from", help="The first day, such as 2026-01-01.")],
    last: Annotated[str, typer.Option("--to", help="The last day, inclusive.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write; it must not be there yet. - for none.")],
    as_json: AsJson = False,
) -> None:
    """Write the proofs and the audit of some days into one file, whose chain anybody can verify."""
    since, until = (parse_day(day, default=today()) for day in (first, last))
    if since > until:
        raise NotUnderstoodError("--from is after --to")
    system.check_output(out)
    with system.reading() as connection:
        lines = proof_export.read(connection, _midnight(since), _midnight(until + timedelta(days=1)))
    if out == STDOUT:
        sys.stdout.writelines(f"{line}\n" for line in lines)
    else:
        _export(lines, out, as_json=as_json)


def export_proofs_from_function(given: dict[str, Any], in_function: InFunction) -> None:
    """Read the records there, and write the file here."""
    reply = in_function(given | {"out": STDOUT})
    if reply.exit_code or given["out"] == STDOUT:
        show(reply)
    else:
        _export(reply.stdout.split("\n")[:-1], given["out"], as_json=given["as_json"])


def _export(lines: Sequence[str], out: Path, *, as_json: bool) -> None:
    made = proof_export.write(lines, out)
    if as_json:
        words.print_json(made)
    else:
        records_view.exported(made)


def verify_proofs(
    file: Annotated[Path, typer.Argument(help="A file of export-proofs.")],
    *,
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="A chain_hash of the log; it must be in the chain.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a file of export-proofs. Needs no system. Exit code 1 if a record or link is missing or was changed."""
    try:
        with file.open(encoding="utf-8") as lines:
            found = proof_file.verify(lines, [one.strip().lower() for one in anchor or ()])
    except (proof_file.NotAProofFileError, UnicodeDecodeError) as error:
        raise NotUnderstoodError(f"{file}: {error}") from None
    except (KeyError, TypeError, ValueError):
        raise NotUnderstoodError(f"{file}: a line lacks a part, or has one of another form") from None
    if as_json:
        words.print_json(found)
    else:
        records_view.verified(found)
    raise typer.Exit(1 if found.problems else 0)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), OSLO)
