"""Hold processes to the part of a processor that Lambda gives: one at 1,769 MB, and less or more in proportion.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MB_OF_ONE_PROCESSOR: Final = 1769
_PERIOD_US: Final = 20_000  # as short as a time slice, so that a quota shows as speed and not as one long pause
_ROOTS: Final = (Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup"))


def can_be_held() -> bool:
    """Return whether this user may make control groups here."""
    return _root() is not None


@contextmanager
def held_python(memory_mb: int, folder: Path) -> Iterator[str]:
    """Yield a program that is Python within the quota of a function with this memory."""
    root = _root()
    if root is None:
        raise PermissionError("no control group can be made here")
    group = Path(mkdtemp(prefix="hlf-cold-", dir=root))
    quota = round(_PERIOD_US * memory_mb / MB_OF_ONE_PROCESSOR)
    try:
        # First in line, so that whatever else the machine does takes nothing of this part.
        if (group / "cpu.cfs_quota_us").exists():
            limits = {"cpu.cfs_period_us": f"{_PERIOD_US}", "cpu.cfs_quota_us": f"{quota}", "cpu.shares": "262144"}
        else:
            limits = {"cpu.max": f"{quota} {_PERIOD_US}", "cpu.weight": "10000"}
        for name, value in limits.items():
            (group / name).write_text(value)
        program = folder / group.name
        program.write_text(f'#!/bin/sh\necho $$ > "{group}/cgroup.procs"\nexec "{sys.executable}" "$@"\n')
        program.chmod(0o755)
        yield str(program)
    finally:
        with suppress(OSError):
            group.rmdir()


def _root() -> Path | None:
    for root in _ROOTS:
        probe = root / f"hlf-cold-{os.getpid()}"
        with suppress(OSError):
            probe.mkdir()
            limits = [probe / name for name in ("cpu.cfs_quota_us", "cpu.max")]
            usable = any(limit.exists() and os.access(limit, os.W_OK) for limit in limits)
            probe.rmdir()
            if usable:
                return root
    return None
