"""Define `break-glass-export`, which prepares for the day when the database cannot be reached."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from operations.commands import break_glass_export
from operations.mounting import InFunction
from operations.options import AsJson
from operations.screens import printing
from operations.target import System
from operations.through_function import show
from operations.wording import words
from operations.wording.speech import many

_STDOUT: Final = Path("-")


def export(
    system: System,
    file: Annotated[Path, typer.Argument(help="The CSV file to write, readable by you only. - for none.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write who is to be listed, by ids and days without names, for break-glass without the database."""
    system.check_output(file)
    with system.reading() as connection:
        content = break_glass_export.read(connection)
    if file == _STDOUT:
        sys.stdout.write(content)
    else:
        _write(content, file, as_json=as_json)


def export_from_function(given: dict[str, Any], in_function: InFunction) -> None:
    """Read the mentors there, and write the file here."""
    reply = in_function(given | {"file": _STDOUT})
    if reply.exit_code or given["file"] == _STDOUT:
        show(reply)
    else:
        _write(reply.stdout, given["file"], as_json=given["as_json"])


def _write(content: str, file: Path, *, as_json: bool) -> None:
    written = break_glass_export.write(content, file)
    if as_json:
        words.print_json(written)
        return
    in_it = many(written.mentors, "{n} mentor is in {file}.", "{n} mentors are in {file}.", file=written.file)
    printing.text(in_it)
