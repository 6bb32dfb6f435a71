"""Run `python -m local` as a user does, and see what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psutil

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 180


class Program(subprocess.Popen[str]):
    """A program that no test waits for without end, whether it reads from it or leaves its block."""

    def __enter__(self) -> Self:
        self._watch = threading.Timer(LONGEST_SECONDS, self.kill)
        self._watch.start()
        return self

    def stay(self) -> None:
        """Let the program run for as long as its caller wants: it serves a whole module of tests."""
        self._watch.cancel()

    def __exit__(self, *_: object) -> None:
        self._watch.cancel()
        try:
            self.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()
        super().__exit__(None, None, None)


@dataclass
class Local:
    """The command line, with local data of its own."""

    home: Path
    surroundings: dict[str, str] = field(default_factory=dict)
    columns: int = field(default=120, kw_only=True)

    def start(self, *words: str) -> Program:
        """Start a command; its output is collected by `communicate` or read line by line."""
        environment = os.environ | {
            "CERTIFICATION_LOCAL_HOME": str(self.home),
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": str(self.columns),
            **self.surroundings,
        }
        return Program(
            [sys.executable, "-m", "local", *words],
            cwd=ROOT,
            env=environment,
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str, expect: int = 0) -> str:
        """Run a command to its end; returns what it printed on both streams."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == expect, out + err
        return out + err


def offspring() -> set[int]:
    """Every living process that descends from this one."""
    alive = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                alive.add(child.pid)
        except psutil.NoSuchProcess:
            continue
    return alive


def assert_gone(before: set[int], *, seconds: float = 10) -> None:
    """Nothing that was not there before is there now, or soon: the kernel and PostgreSQL take a moment to end."""
    deadline = time.monotonic() + seconds
    while (left := offspring() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left, [psutil.Process(pid).cmdline() for pid in left]
