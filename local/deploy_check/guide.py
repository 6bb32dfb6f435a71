"""Read the steps of the deployment guide: its blocks of commands and of SQL, in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from operations.errors import OperationsError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST: Final = 60
_FENCE: Final = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of the guide, with the line of the file that it begins on."""

    kind: str
    text: str
    line: int

    @property
    def title(self) -> str:
        """Return the beginning of the first command, for a table."""
        first = " ".join(self.text.split("\n", 1)[0].rstrip(" \\").split())
        return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"


def blocks(path: Path, *headings: str) -> tuple[Block, ...]:
    """Return the console, bash and SQL blocks under these headings. Raises OperationsError if one is not there."""
    text = path.read_text(encoding="utf-8")
    found: list[Block] = []
    for heading in headings:
        start, end = _section(text, heading, path.name)
        for match in _FENCE.finditer(text, start, end):
            indent, kind, body = match.groups()
            if kind in {"console", "bash", "sql"}:
                lines = (line.removeprefix(indent) for line in body.splitlines())
                found.append(Block(kind, "\n".join(lines), text.count("\n", 0, match.start()) + 2))
    return tuple(found)


def commands(block: Block) -> tuple[str, ...]:
    """Return the commands of a console block, each on one line."""
    joined = re.sub(r" *\\\n *", " ", block.text)
    return tuple(line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def _section(text: str, heading: str, name: str) -> tuple[int, int]:
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    if found is None:
        raise OperationsError(f"{name} has no heading {heading!r} any more: tell local/deploy_check/run.py the new one")
    end = re.compile(rf"^#{{1,{len(found[1])}}} ", re.MULTILINE).search(text, found.end())
    return found.end(), end.start() if end else len(text)
