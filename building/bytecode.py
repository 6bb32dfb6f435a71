"""Bytecode beside every module. Lambda's folders are read-only, so without it each cold start compiles all again."""

from __future__ import annotations

import compileall
import os
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING

from building.errors import BuildError

if TYPE_CHECKING:
    from pathlib import Path


def compile_all(folder: Path, deployed_at: str) -> None:
    """Compile every module in `folder`. `deployed_at`: its path in Lambda.

    Unchecked: Python neither reads nor asks for the source, which stays for the lines of a traceback. By hash: the
    file holds no time, so the same source gives the same artifact.
    """
    done = compileall.compile_dir(
        folder,
        quiet=1,
        force=True,
        workers=os.process_cpu_count() or 1,
        stripdir=str(folder),
        prependdir=deployed_at,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise BuildError(f"Not every module in {folder} compiles")
