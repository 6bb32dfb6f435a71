"""Define the options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Day = Annotated[str | None, typer.Option("--as-of", help="The day to evaluate, like 2026-12-01.", show_default=False)]
MentorsFile = Annotated[Path, typer.Option("--mentors", help="A CSV file of mentors (docs/mentors-file.md).")]
