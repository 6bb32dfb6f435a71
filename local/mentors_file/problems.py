"""The problems of a file's rows, with many rows of one cause reported once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ROW: Final = "(row)"
"""The column of a problem that concerns the row as a whole."""

_SHOWN = 3
# The parts in which two reasons of one cause differ: a repeated value, and numbers such as that of another line.
_PARTICULAR = re.compile(r' "[^"]*"|\d+')


class UnreadableFile(Exception):  # noqa: N818 - the name says what is wrong to the person who meets it
    """Raised when a whole file cannot be used: missing, not CSV, or lacking a column. The message gives the remedy."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One problem of one row. `line` is the physical line on which the row starts, counted from 1."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One cause: the lines and columns concerned, and the reason."""

    lines: tuple[int, ...]
    columns: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{on_lines(self.lines)}, {', '.join(self.columns)}: {self.reason}"


def faults(problems: Iterable[RowProblem]) -> tuple[Fault, ...]:
    """Group the problems by cause, in the order in which each cause first appears.

    The problems of one cause become one fault if there are many of them.
    """
    causes: dict[str, list[RowProblem]] = {}
    for problem in problems:
        causes.setdefault(_PARTICULAR.sub("", problem.reason), []).append(problem)
    return tuple(
        _fault(alike)
        for cause in causes.values()
        for alike in ([cause] if len(cause) > _SHOWN else [[problem] for problem in cause])
    )


def _fault(alike: list[RowProblem]) -> Fault:
    first = alike[0]
    differ = any(problem.reason != first.reason for problem in alike)
    return Fault(
        lines=tuple(dict.fromkeys(problem.line for problem in alike)),
        columns=tuple(dict.fromkeys(problem.column for problem in alike)),
        reason=f"{first.reason} (so on line {first.line}, alike on the others)" if differ else first.reason,
    )


def some(items: Iterable[object]) -> str:
    """Return the first few items, and how many more there are."""
    texts = [str(item) for item in items]
    shown = texts if len(texts) <= _SHOWN + 1 else texts[:_SHOWN]
    more = len(texts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def on_lines(lines: Iterable[int]) -> str:
    """Return the numbers of the first few lines, and how many more there are."""
    numbers = tuple(lines)
    return f"line{'s' if len(numbers) > 1 else ''} {some(numbers)}"
