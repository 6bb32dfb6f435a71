"""The blocks of docs/performance.md that the benchmarks write: no figure in them is typed.

`python -m benchmarks.document` makes the overview anew from what the blocks say.
"""

from __future__ import annotations

import os
import shlex
import sys
import textwrap
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from benchmarks import overview
from benchmarks.aims import figure_table
from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

DOCUMENT: Final = ROOT / "docs" / "performance.md"
END: Final = "<!-- end -->"
_BEGAN: Final = time.monotonic()
_COLUMNS: Final = 116


class NoBlockError(Exception):
    """Raised when the document has no such block, or has it twice. The message names its first line."""


def write_block(name: str, text: str) -> None:
    """Replace what stands in the block `name`, such as "bench-sync pushes", and make the overview anew.

    Raises NoBlockError.
    """
    DOCUMENT.write_text(_replaced(DOCUMENT.read_text(encoding="utf-8"), name, text), encoding="utf-8")
    write_overview()


def write_figures(
    name: str, command: str, figures: Mapping[str, float], how: str = "", tables: Sequence[Table] = ()
) -> None:
    """Write a block: when, where and how it was measured, the figures with their aims, and the tables."""
    written = [figure_table(figures)] if figures else []
    write_block(name, "\n\n".join([provenance(command, how), *written, *map(as_markdown, tables)]))


def write_overview() -> None:
    """Make the overview of what the blocks say now."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(_replaced(text, overview.NAME, overview.overview(text)), encoding="utf-8")


def first_line(name: str) -> str:
    """Return the line at which a block begins."""
    return f"<!-- {name}, written by a run -->"


def provenance(command: str, how: str) -> str:
    """Return lines that say when, where, with which command and how something was measured, and how long it took."""
    if given := [one for one in sys.argv[1:] if one != "--write"]:
        command = f'{command} BENCH_ARGS="{shlex.join(given)}"'
    load = os.getloadavg()[0]
    day = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    minutes, seconds = divmod(round(time.monotonic() - _BEGAN), 60)
    took = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    machine = f"{os.cpu_count()} processors, load {load:.1f} at the end"
    lines = [wrapped for line in how.splitlines() for wrapped in textwrap.wrap(line, _COLUMNS, break_long_words=False)]
    return "\n".join([f"`{command}`, {day},", f"{machine}; it took {took}.", *lines])


def as_markdown(table: Table) -> str:
    """Return a table of the terminal as one of Markdown, without its styles."""
    columns = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    heading, *rows = (f"| {' | '.join(cells)} |" for cells in zip(*columns, strict=True))
    return "\n".join([heading, "|" + "---|" * len(columns), *rows])


def _replaced(document: str, name: str, text: str) -> str:
    first = first_line(name)
    if document.count(first) != 1:
        raise NoBlockError(first)
    before, rest = document.split(first)
    return f"{before}{first}\n{text.strip()}\n{END}{rest.split(END, 1)[1]}"


if __name__ == "__main__":
    write_overview()
