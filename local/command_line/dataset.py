"""Write sample data: the `dataset` command."""

from pathlib import Path
from typing import Annotated

import typer

from local.command_line.options import Day
from local.exit_codes import expected_errors
from local.sample_data import generate as synthetic
from operations import console
from operations.dates import parse_day


def dataset(
    out: Annotated[Path, typer.Option(help="Where to write the mentors file.")],
    seed: int = synthetic.DEFAULT_SEED,
    as_of: Day = None,
    mentors: Annotated[int, typer.Option(min=1, max=synthetic.MOST_MENTORS)] = synthetic.DEFAULT_MENTORS,
) -> None:
    """Write as many synthetic mentors as HLF has. The same seed gives the same file."""
    with expected_errors():
        try:
            synthetic.write_dataset(
                out, seed=seed, as_of=parse_day(as_of, default=synthetic.DEFAULT_AS_OF), mentors=mentors
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        except OSError as error:
            raise typer.BadParameter(f"{out} cannot be written: {error.strerror}") from None
        console.out.print(f"{mentors} mentor{'s' if mentors > 1 else ''} written to {out}")
        if mentors < synthetic.FEWEST_MENTORS:
            console.out.print(f"Every case of the nightly check needs {synthetic.FEWEST_MENTORS} mentors or more.")
