"""The source of a package, as it goes into an artifact."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


def copy_package(source: Path, target: Path) -> None:
    """Copy the package in `source`, without what running it or building it leaves there."""
    shutil.copytree(source, target, ignore=_LEFT_OUT)
