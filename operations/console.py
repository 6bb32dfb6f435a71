"""What the output goes to: a terminal or not, how wide, with escape codes or without, in which letters.

Imported before anything prints. What is at a terminal decides whether names are shown (I11), so it is asked of the
system: FORCE_COLOR and its like make a terminal of a file.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from typing import TYPE_CHECKING, Final

from rich.console import Console

if TYPE_CHECKING:
    from typing import TextIO

_PIPE_WIDTH, _UNKNOWN_WIDTH, _NARROWEST = 110, 80, 40
# For terminals and files that know no better letters.
_PLAIN = {"✓": "+", "✗": "x", "…": "...", "─": "-", "→": "->", "⇄": "<->", "\u2013": "-", "æ": "ae", "ø": "o"}


def _readable(error: UnicodeError) -> tuple[str, int]:
    """What cannot be encoded, in ASCII."""
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


def console(*, stderr: bool = False) -> Console:
    """For one of the two streams. NO_COLOR and TERM=dumb: not one escape code, also for the spinner.

    A name with :smile: in it stays as it is.
    """
    plainly = {"color_system": None, "force_terminal": False} if _PLAINLY else {}
    width = _width(sys.stderr if stderr else sys.stdout)
    return Console(stderr=stderr, highlight=False, emoji=False, width=width, **plainly)  # type: ignore[arg-type]


def _width(stream: TextIO) -> int | None:
    """A terminal keeps its own, a file or a pipe has none, and COLUMNS may say another if it makes sense."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return max(int(said), _NARROWEST)
    if stream.isatty():
        return None if not said else _UNKNOWN_WIDTH
    return _PIPE_WIDTH
