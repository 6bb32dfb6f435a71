"""Define `break-glass-export`, which prepares for the day when the database cannot be reached."""

from pathlib import Path
from typing import Annotated

import typer

from operations.commands import break_glass_export
from operations.options import AsJson
from operations.screens import printing
from operations.target import System
from operations.wording import words
from operations.wording.speech import many


def export(
    system: System,
    file: Annotated[Path, typer.Argument(help="The CSV file to write, readable by you only.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write who is to be listed, by ids and days without names, for break-glass without the database."""
    with system.reading() as connection:
        written = break_glass_export.write(connection, file)
    if as_json:
        words.print_json(written)
        return
    in_it = many(written.mentors, "{n} mentor is in {file}.", "{n} mentors are in {file}.", file=written.file)
    printing.text(in_it)
