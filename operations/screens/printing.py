"""Print instructions. A command stays on one line, so that it can be pasted from a narrow terminal too."""

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
    """Print an instruction and its command."""
    if what.command:
        command(f"{label} {what.text}", what.command, indent=indent)
    else:
        text(f"{label} {what.text}", indent=indent)


def command(label: str, words: str, *, indent: int = 0) -> None:
    """Print the purpose of a command such as `rejected list`, and its complete line."""
    line(label, speech.command(words), indent=indent)


def line(label: str, whole: str, *, indent: int = 0) -> None:
    """Print a line to paste, beside its label if both fit."""
    if indent + cell_len(f"{label} {whole}") <= _width():
        text(f"{label} {whole}", indent=indent)
        return
    text(label, indent=indent)
    console.out.print(f"{' ' * (indent + 2)}{whole}", markup=False, soft_wrap=True)


def text(content: str, *, indent: int = 0) -> None:
    """Print text wrapped at the terminal's width."""
    console.out.print(Padding(Text(content, overflow="fold"), (0, 0, 0, indent), expand=False), width=_width())


def _width() -> int:
    return min(console.out.width, _MOST_COLUMNS)
