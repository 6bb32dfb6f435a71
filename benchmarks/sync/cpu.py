"""The processor's time: seconds used by each kind of process of the local stack (Linux, /proc).

A process is known by the file that it executes and by the place of a word among its arguments. A word anywhere in the
command line says nothing: "postgres" stands in paths and connection strings of others.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

EMULATOR: Final = "Dataverse emulator"
POSTGRES: Final = "PostgreSQL"
QUEUES: Final = "SQS"
SENDERS: Final = "sending programs"
SELF: Final = "Lambda host and queue poller"
OTHER: Final = "other"

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")
_RUNTIME: Final = "awslambdaric"
# What Python runs, a module or a script's file, with the kind of process that it is.
_PROGRAMS: Final = {
    "emulators.dataverse": EMULATOR,
    "ministack_long_poll.py": QUEUES,
    "benchmarks.sync.sender": SENDERS,
    "benchmarks.sync.sdk_sender": SENDERS,
    "benchmarks.sync.sdk_script": SENDERS,
}
_WITH_VALUE: Final = {"-X", "-W"}


def cpu_seconds() -> dict[str, float]:
    """Return the user and system seconds so far of this process and its descendants, by kind."""
    used: defaultdict[str, float] = defaultdict(float)
    parents, seconds = {}, {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        # The time of the process and of its ended children, because PostgreSQL has one process per connection.
        seconds[int(folder.name)] = sum(map(int, fields[11:15])) / _TICKS
    for process, taken in seconds.items():
        if _is_ours(process, parents):
            used[kind(process)] += taken
    return used


def kind(process: int) -> str:
    """Return the kind of a process by its id: a function's is its module's name, and OTHER is what is not known."""
    if process == os.getpid():
        return SELF
    folder = _PROC / str(process)
    try:
        executed = (folder / "exe").readlink().name.removesuffix(" (deleted)")
        arguments = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return OTHER
    if executed == "postgres":
        return POSTGRES
    if not executed.startswith("python"):
        return OTHER
    program, *rest = _of_python(arguments)
    if program == _RUNTIME and rest:
        return rest[0].split(".")[-2] if "." in rest[0] else rest[0]
    return _PROGRAMS.get(program, OTHER)


def _is_ours(process: int, parents: dict[int, int]) -> bool:
    while process and process != os.getpid():
        process = parents.get(process, 0)
    return bool(process)


def _of_python(arguments: Sequence[str]) -> Sequence[str]:
    """Return the module or the name of the script's file that Python was told to run, and its arguments.

    The first is "" for `python -c` and for Python without a program.
    """
    words = iter(enumerate(arguments[1:], 1))
    for place, word in words:
        if word == "-m":
            return arguments[place + 1 :] or [""]
        if word == "-c":
            break
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return [Path(word).name, *arguments[place + 1 :]]
    return [""]
