"""Print: the one place that decides on width, escape codes and characters.

Import it before anything prints. Names are shown only at a terminal (I11). The operating system says whether there is
one, because FORCE_COLOR and similar variables would pass a file off as a terminal.
"""

from __future__ import annotations

import codecs
import os
import sys
import time
import unicodedata
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

type Progress = Callable[[str], None]

_PIPE_WIDTH, _UNKNOWN_WIDTH, _NARROWEST = 110, 80, 40
_LOG_LINES = 20
# Replacements for terminals and files whose encoding lacks these characters.
_PLAIN = {"✓": "+", "✗": "x", "…": "...", "─": "-", "→": "->", "⇄": "<->", "\u2013": "-", "æ": "ae", "ø": "o"}


def _readable(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that cannot be encoded with ASCII."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - for the type checker: only encoding calls this
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)[0] for letter in text).encode(
        "ascii", "replace"
    ).decode("ascii"), error.end


def _prepared(stream: TextIO | None) -> TextIO:
    if stream is None:  # the parent process closed it
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - stays open until the program ends
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="readable")
    return stream


codecs.register_error("readable", _readable)
sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)
AT_TERMINAL: Final = sys.stdout.isatty()
_PLAINLY = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
if _PLAINLY:
    os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"  # typer's own help


def _console(*, stderr: bool = False) -> Console:
    """Return the console of one of the two streams.

    With NO_COLOR or TERM=dumb it writes no escape codes, not even for the spinner. Emoji codes such as :smile: are
    printed as they are.
    """
    plainly = {"color_system": None, "force_terminal": False} if _PLAINLY else {}
    width = _width(sys.stderr if stderr else sys.stdout)
    return Console(stderr=stderr, highlight=False, emoji=False, width=width, **plainly)  # type: ignore[arg-type]


def _width(stream: TextIO) -> int | None:
    """Return the width to print at; None lets rich ask the terminal. A sensible COLUMNS overrides it."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return max(int(said), _NARROWEST)
    if stream.isatty():
        return None if not said else _UNKNOWN_WIDTH
    return _PIPE_WIDTH


out = _console()
errors = _console(stderr=True)


@contextmanager
def printing(*, width: int, colour: bool) -> Iterator[None]:
    """Print at this width for a terminal elsewhere. Nothing moves, because it sees the text when all of it is there."""
    global out, errors
    before = out, errors
    out, errors = (
        Console(
            stderr=stderr,
            highlight=False,
            emoji=False,
            width=max(width, _NARROWEST),
            force_terminal=colour,
            force_interactive=False,
            color_system="standard" if colour else None,
        )
        for stderr in (False, True)
    )
    try:
        yield
    finally:
        out, errors = before


@contextmanager
def steps(*, quiet: bool = False) -> Iterator[Progress]:
    """Show a spinner for the current step and a line with the time of each finished one; nothing if quiet."""
    if quiet:
        yield lambda _: None
        return
    under_way: list[tuple[str, float]] = []

    def finish(mark: str) -> None:
        if under_way:
            text, began = under_way.pop()
            out.print(f"{mark} {text} [dim]{time.monotonic() - began:.2f} s[/dim]")

    with out.status("") if out.is_interactive else nullcontext() as status:

        def begin(text: str) -> None:
            finish("[green]✓[/green]")
            under_way.append((text, time.monotonic()))
            if status is not None:
                status.update(text)

        try:
            yield begin
        except BaseException:
            finish("[red]✗[/red]")
            raise
        finish("[green]✓[/green]")


def failure(message: str, *, log: Sequence[str] = ()) -> None:
    """Print an error message and the last lines of the log."""
    # Not wrapped, because the message may contain a command to copy.
    errors.print(f"[red bold]✗[/red bold] {escape(message)}", soft_wrap=True)
    for line in log[-_LOG_LINES:]:
        errors.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def person(name: str | None, mentor_id: object) -> str:
    """Return the name and the start of the id that `explain` accepts; the whole id where no name may be shown."""
    return f"{escape(name)} [dim]{str(mentor_id)[:8]}[/dim]" if name and AT_TERMINAL else str(mentor_id)
