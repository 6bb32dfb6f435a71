"""The one place that prints: to a terminal or not, how wide, with escape codes or without, in which letters.

Imported before anything prints. What is at a terminal decides whether names are shown (I11), so the system is asked:
FORCE_COLOR and its like make a terminal of a file.
"""

from __future__ import annotations

import codecs
import os
import sys
import time
import unicodedata
from contextlib import contextmanager
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
# For terminals and files that know no better letters.
_PLAIN = {"✓": "+", "✗": "x", "…": "...", "─": "-", "→": "->", "⇄": "<->", "\u2013": "-", "æ": "ae", "ø": "o"}


def _readable(error: UnicodeError) -> tuple[str, int]:
    """Return in ASCII what cannot be encoded."""
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - for the type checker: only writing asks
    text = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)[0] for letter in text).encode(
        "ascii", "replace"
    ).decode("ascii"), error.end


def _prepared(stream: TextIO | None) -> TextIO:
    if stream is None:  # it was closed before we came
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - as long as the program
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

    With NO_COLOR or TERM=dumb it writes not one escape code, also for the spinner. A name with :smile: in it stays.
    """
    plainly = {"color_system": None, "force_terminal": False} if _PLAINLY else {}
    width = _width(sys.stderr if stderr else sys.stdout)
    return Console(stderr=stderr, highlight=False, emoji=False, width=width, **plainly)  # type: ignore[arg-type]


def _width(stream: TextIO) -> int | None:
    """Return the width: a terminal has its own, a file has none, and COLUMNS may say another if it makes sense."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return max(int(said), _NARROWEST)
    if stream.isatty():
        return None if not said else _UNKNOWN_WIDTH
    return _PIPE_WIDTH


out = _console()
errors = _console(stderr=True)


@contextmanager
def steps(*, quiet: bool = False) -> Iterator[Progress]:
    """Show a spinner on the step under way and a line with its time for each that is done; if quiet, nothing."""
    if quiet:
        yield lambda _: None
        return
    under_way: list[tuple[str, float]] = []

    def finish(mark: str) -> None:
        if under_way:
            text, began = under_way.pop()
            out.print(f"{mark} {text} [dim]{time.monotonic() - began:.2f} s[/dim]")

    with out.status("") as status:

        def begin(text: str) -> None:
            finish("[green]✓[/green]")
            under_way.append((text, time.monotonic()))
            status.update(text)

        try:
            yield begin
        except BaseException:
            finish("[red]✗[/red]")
            raise
        finish("[green]✓[/green]")


def failure(message: str, *, log: Sequence[str] = ()) -> None:
    """Print what went wrong, and the last lines of the log if there are any."""
    # Not wrapped: there may be a command in it, to be copied.
    errors.print(f"[red bold]✗[/red bold] {escape(message)}", soft_wrap=True)
    for line in log[-_LOG_LINES:]:
        errors.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def person(name: str | None, mentor_id: object) -> str:
    """Return the name and the beginning of the id that `explain` takes; the whole id where no name may be shown."""
    return f"{escape(name)} [dim]{str(mentor_id)[:8]}[/dim]" if name and AT_TERMINAL else str(mentor_id)
