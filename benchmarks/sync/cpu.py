"""The processor's time: seconds used by each kind of process of the local stack (Linux, /proc)."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Words of a command line, with the kind of process that each identifies. The first match counts.
_KINDS: Final = {
    "emulators.dataverse": "Dataverse emulator",
    "functions.dynamics_sync": "dynamics_sync",
    "functions.status_changed": "status_changed",
    "ministack_long_poll": "SQS",
    "postgres": "PostgreSQL",
    "sync/sdk_sender.py": "sender",
    "benchmarks.sync.sender": "sender",
}
_SELF: Final = "Lambda host and queue poller"


def cpu_seconds() -> dict[str, float]:
    """Return the user and system seconds so far of this process and its descendants, by kind."""
    used: defaultdict[str, float] = defaultdict(float)
    parents, seconds = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        # The time of the process and of its ended children, because PostgreSQL has one process per connection.
        seconds[int(folder.name)] = sum(map(int, fields[11:15])) / _TICKS
    for process, taken in seconds.items():
        if _is_ours(process, parents):
            used[_kind(process)] += taken
    return used


def _is_ours(process: int, parents: dict[int, int]) -> bool:
    while process and process != os.getpid():
        process = parents.get(process, 0)
    return bool(process)


def _kind(process: int) -> str:
    if process == os.getpid():
        return _SELF
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return "other"
    return next((kind for word, kind in _KINDS.items() if word in command), "other")
