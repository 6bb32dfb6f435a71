"""The command line on local data of its own."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import pytest

from tests.command_line import Local

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="session", autouse=True)
def _adopt_orphans() -> Iterator[None]:
    """Make this process the parent of whoever loses theirs, so that nobody left behind is overlooked (prctl(2))."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def local(tmp_path: Path) -> Local:
    """The command line on an empty home."""
    return Local(tmp_path / "home")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Local, str]:
    """The command line after one `run` on the shipped data, and what that printed."""
    here = Local(tmp_path_factory.mktemp("loaded") / "home")
    return here, here.run("run")
