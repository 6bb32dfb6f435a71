"""Several sending programs at once: one process for each request that is to be under way at the same time."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from local.stack.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class SenderFailedError(Exception):
    """Raised when a sending program ended. The reason is in that program's own output."""


class Senders:
    """Programs that are started, signed in and connected. Each command goes to all of them at once."""

    def __init__(self, programs: Sequence[subprocess.Popen[str]], folder: Path, name: str) -> None:
        self._programs = programs
        self._folder = folder
        self._name = name

    def first(self, count: int) -> Senders:
        """Return so many of them; the others stay idle."""
        return Senders(self._programs[:count], self._folder, self._name)

    def load(self, requests: Sequence[Any]) -> None:
        """Distribute the requests, which are JSON, to the programs in turn."""
        paths = []
        for number in range(len(self._programs)):
            path = self._folder / f"{self._name}-{number}.json"
            path.write_text(json.dumps(requests[number :: len(self._programs)]))
            paths.append(path)
        self._instruct([{"load": str(path)} for path in paths])

    def send(self, how: Any = True) -> None:  # noqa: ANN401 - whatever the program understands
        """Have every program send its requests, and wait until the last has finished."""
        self._instruct([{"send": how}] * len(self._programs))

    def wait_until_ready(self) -> None:
        """Wait until every program is started and connected."""
        self._instruct([{"ready": True}] * len(self._programs))

    def send_parts(self, how: int) -> None:
        """Have every program do its part of the work: its number, how many there are, and `how`. Wait for the last."""
        count = len(self._programs)
        self._instruct([{"send": [number, count, how]} for number in range(count)])

    def _instruct(self, commands: Sequence[dict[str, Any]]) -> None:
        for program, command in zip(self._programs, commands, strict=True):
            assert program.stdin  # noqa: S101 - it is a pipe
            program.stdin.write(json.dumps(command) + "\n")
            program.stdin.flush()
        for program in self._programs:
            assert program.stdout  # noqa: S101 - it is a pipe
            if not program.stdout.readline():
                raise SenderFailedError(f"{self._name} ended with {program.wait()}")


@contextmanager
def senders(name: str, command: Sequence[str], count: int, folder: Path) -> Iterator[Senders]:
    """Start `count` processes of a program, yield them, and end them with the block."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    programs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(count)
    ]
    try:
        yield Senders(programs, folder, name)
    finally:
        for program in programs:
            program.terminate()
            program.communicate()
