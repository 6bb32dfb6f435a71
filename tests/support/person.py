"""A person at a terminal: reads what is asked, and types."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.terminal import TerminalSession


class Person:
    """Reads what is asked, and types."""

    def __init__(self, at: TerminalSession) -> None:
        self.at = at
        self.read_so_far = ""

    def is_asked(self, question: str) -> str:
        """Read up to a question. Return what came since the last one."""
        deadline = time.monotonic() + 60
        while question not in " ".join(self._new().split()) or not self._new().rstrip(" ").endswith(">"):
            assert time.monotonic() < deadline, self.at.shown
            octets = os.read(self.at.terminal, 65536)
            self.at.shown += octets.decode(errors="replace")
        new, self.read_so_far = self._new(), self.at.shown
        return " ".join(new.split())

    def types(self, answer: str) -> None:
        self.at.type(f"{answer}\n".encode())

    def answers(self, question: str, answer: str) -> str:
        shown = self.is_asked(question)
        self.types(answer)
        return shown

    def ends(self) -> tuple[int, str]:
        """Read to the end; return the exit code and what came since the last question."""
        self.at.read()
        code = self.at.process.wait(30)
        return code, " ".join(self._new().split())

    def _new(self) -> str:
        return self.at.shown[len(self.read_so_far) :]
