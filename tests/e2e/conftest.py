"""The command line on local data of its own."""

from __future__ import annotations

import ctypes
import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.command_line import Local, assert_gone, offspring

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
    """The command line after one `run` on the shipped data, and what that printed;
    for tests that simulate no night.
    """
    return _loaded(tmp_path_factory.mktemp("loaded"))


@pytest.fixture
def own(tmp_path: Path) -> tuple[Local, str]:
    """As `loaded`, for one test alone: a nightly check that was spent is there for every test after it."""
    return _loaded(tmp_path)


def _loaded(folder: Path) -> tuple[Local, str]:
    here = Local(folder / "home")
    return here, here.run("run")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Local, dict[str, str]]]:
    """A stack that stays up, and the addresses it announces."""
    before = offspring()
    local = Local(tmp_path_factory.mktemp("up") / "home")
    with local.start("up") as process:
        assert process.stdout is not None
        shown = ""
        for line in process.stdout:
            shown += line
            if "ExpiryCheck" in shown and "SendNotices" in shown:
                break
        process.stay()
        yield local, json.loads((local.home / "stack.json").read_text())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert not (local.home / "stack.json").exists()
    assert_gone(before)
