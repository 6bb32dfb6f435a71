"""Where the processor's time goes: seconds used by each kind of process of the local stack (Linux, /proc)."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
# What stands in a command line, and what that process is. The first that fits.
_KINDS: Final = {
    "emulators.dataverse": "Dataverse emulator",
    "functions.dynamics_sync": "dynamics_sync",
    "functions.status_changed": "status_changed",
    "prompt_aws": "SQS",
    "postgres": "PostgreSQL",
    "sync_sdk_sender": "sender",
    "sync_sender": "sender",
}
_SELF: Final = "Lambda host and queue poller"


def cpu_seconds() -> dict[str, float]:
    """User and system seconds so far of this process and of all it started, by kind."""
    used: defaultdict[str, float] = defaultdict(float)
    parents, seconds = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        # Its own, and that of children which have ended: PostgreSQL has a process for each connection.
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
