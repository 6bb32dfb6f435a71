"""Run a command at a terminal of 80 columns, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.command_line import ROOT, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.command_line import Local

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class TerminalSession:
    """A program at a terminal of its own."""

    process: Program
    terminal: int
    shown: str = ""

    def read(self, until: str | None = None) -> str:
        """All it shows up to a text, or up to its end; the process is killed if that takes too long."""
        while until is None or until not in self.shown:
            try:
                octets = os.read(self.terminal, 65536)
            except OSError:  # no program has the terminal open any more
                break
            self.shown += octets.decode(errors="replace")
        return self.shown

    def type(self, keys: bytes) -> None:
        """Press these."""
        os.write(self.terminal, keys)


@contextmanager
def session(command: list[str], environment: dict[str, str]) -> Iterator[TerminalSession]:
    """A terminal with nothing but this command."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    usual = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}

    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    try:
        with Program(
            command,
            cwd=ROOT,
            env=usual | environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=take_terminal,  # so that Ctrl-C reaches all of them
        ) as process:
            os.close(theirs)
            yield TerminalSession(process, ours)
    finally:
        os.close(ours)


def at_terminal(local: Local, *words: str, raw: bool = False) -> str:
    """What a command shows to its end, without escape codes unless they are what is asked for."""
    environment = {"CERTIFICATION_LOCAL_HOME": str(local.home), **local.surroundings}
    with session([sys.executable, "-m", "local", *words], environment) as at:
        shown = at.read()
    return shown if raw else _CODES.sub("", shown).replace("\r", "\n")
