"""A command is printed so that it can be pasted: on one line, however narrow the terminal is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.padding import Padding
from rich.text import Text

from operations import console
from operations.wording import speech

if TYPE_CHECKING:
    from shared.domain.wording.texts import Instruction


_MOST_COLUMNS = 100


def step(label: str, what: Instruction, *, indent: int = 0) -> None:
    """A thing to do, and the command for it."""
    if what.command:
        command(f"{label} {what.text}", what.command, indent=indent)
    else:
        text(f"{label} {what.text}", indent=indent)


def command(label: str, words: str, *, indent: int = 0) -> None:
    """What a command such as `rejected list` is for, and the whole of it."""
    line(label, speech.command(words), indent=indent)


def line(label: str, whole: str, *, indent: int = 0) -> None:
    """A whole line to paste, beside its label where there is room for both."""
    if indent + cell_len(f"{label} {whole}") <= _width():
        text(f"{label} {whole}", indent=indent)
        return
    text(label, indent=indent)
    console.out.print(f"{' ' * (indent + 2)}{whole}", markup=False, soft_wrap=True)


def text(content: str, *, indent: int = 0) -> None:
    """Wrapped at the terminal's width."""
    console.out.print(Padding(Text(content, overflow="fold"), (0, 0, 0, indent), expand=False), width=_width())


def _width() -> int:
    return min(console.out.width, _MOST_COLUMNS)
