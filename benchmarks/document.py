"""The blocks of docs/performance.md that the benchmarks write: no figure in them is typed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Final

from local.stack.stack import ROOT

DOCUMENT: Final = ROOT / "docs" / "performance.md"
END: Final = "<!-- end -->"


class NoBlockError(Exception):
    """Raised when the document has no such block, or has it twice. The message names its first line."""


def write_block(name: str, text: str) -> None:
    """Replace what stands in the block `name`, such as "bench-sync pushes". Raises NoBlockError."""
    document = DOCUMENT.read_text(encoding="utf-8")
    first = first_line(name)
    if document.count(first) != 1:
        raise NoBlockError(first)
    before, rest = document.split(first)
    DOCUMENT.write_text(f"{before}{first}\n{text.strip()}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def first_line(name: str) -> str:
    """Return the line at which a block begins."""
    return f"<!-- {name}, written by a run -->"


def provenance(command: str, how: str) -> str:
    """Return a line that says when, where, with which command and how something was measured."""
    load = os.getloadavg()[0]
    day = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    return f"`{command}`, {day}, {os.cpu_count()} processors, load {load:.1f} at the end. {how}"
