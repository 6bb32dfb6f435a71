"""One run of break-glass in a process of its own, to be killed. Forked from a server that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import TYPE_CHECKING

from break_glass.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.process import BaseProcess

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["pytest", "tests.faults.victim", "tests.faults.glass_victim"])


def start(words: Sequence[str]) -> BaseProcess:
    """Start a command. Its exit code is the command's."""
    process = _forks.Process(target=_run, args=(words,))
    process.start()
    return process


def _run(words: Sequence[str]) -> None:
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the process ends
    sys.exit(main(words))
