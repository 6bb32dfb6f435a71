"""The output of a function's process, line by line, with the request that was running."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 1 << 16


@dataclass(frozen=True)
class LogLine:
    """One line of a function's log. `request_id` is None when no invocation was running."""

    function: str
    request_id: str | None
    text: str


class LogCapture:
    """Reads the pipe that is a process's stdout and stderr.

    The process writes before it responds, so `drain` after a response has every line of that invocation: nothing has to
    be waited for.
    """

    def __init__(self, function: str, pipe: int, sink: Callable[[LogLine], None]) -> None:
        self._function = function
        self._pipe = pipe
        self._sink = sink
        self._rest = b""
        self._request_id: str | None = None
        self._lines: list[str] = []

    def begin(self, request_id: str) -> None:
        """Attribute the lines from here on to this request."""
        self._request_id = request_id

    def end(self) -> tuple[str, ...]:
        """Return the lines since `begin`; later lines belong to no request."""
        lines, self._lines = tuple(self._lines), []
        self._request_id = None
        return lines

    def write(self, text: str) -> None:
        """Write a line of the platform's own: START, END, REPORT."""
        self._lines.append(text)
        self._sink(LogLine(self._function, self._request_id, text))

    def drain(self) -> bool:
        """Take the lines in the pipe. False when no process has it open any more."""
        while True:
            try:
                chunk = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            for line in whole:
                self._take(line)

    def flush(self) -> None:
        """Drain, and take a last line without its end."""
        self.drain()
        if self._rest:
            rest, self._rest = self._rest, b""
            self._take(rest)

    def _take(self, line: bytes) -> None:
        # awslambdaric ends the lines of one log event (a traceback) with \r, to keep the event in one piece.
        self.write(line.decode(errors="replace").rstrip("\r").replace("\r", "\n"))
