"""What a session of tests says on a machine without a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = ("-p", "tests.support.browser.plugin", "-p", "no:randomly", "-p", "no:hypothesispytest")
TESTS = """
def test_one(visit):
    raise AssertionError

def test_two(visit):
    raise AssertionError

def test_without_a_browser():
    pass
"""


def session(folder: Path, *words: str, **surroundings: str) -> tuple[int, str]:
    """Run those tests with the fixtures of browser tests and no Chromium; returns the status and the last line."""
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -q --strict-markers\n", encoding="utf-8")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CI", "CHROMIUM", "PYTEST_"))}
    nowhere = {"PATH": str(folder / "nowhere"), "CERTIFICATION_BROWSER_HOME": str(folder / "nowhere")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGINS, f"--rootdir={folder}", *words, folder],
        cwd=ROOT,
        env=ours | nowhere | surroundings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, (done.stdout.splitlines() or [done.stderr])[-1]


@pytest.mark.parametrize("words", [(), ("-n", "2")])
def test_skipped_browser_tests_are_counted_last(words: tuple[str, ...], tmp_path: Path) -> None:
    """Nobody takes a green session without a browser for one that has opened the pages."""
    assert session(tmp_path, *words) == (0, "2 browser tests were skipped: no Chromium (make browser)")


def test_skipped_browser_tests_fail_the_session_in_ci(tmp_path: Path) -> None:
    """With CI=true a browser is there, or the build is red."""
    last = "2 browser tests were skipped: no Chromium (make browser)"
    assert session(tmp_path, CI="true") == (1, last)


def test_a_session_without_browser_tests_says_nothing(tmp_path: Path) -> None:
    """Tests that take the page have the mark `browser` by themselves, so `-m` selects and leaves them out."""
    status, last = session(tmp_path, "-m", "not browser", CI="true")
    assert (status, last.startswith("1 passed, 2 deselected")) == (0, True)


def test_a_wrong_chromium_fails_the_tests_and_says_so(tmp_path: Path) -> None:
    """CHROMIUM was set by somebody who wants that one: the tests are not skipped."""
    status, last = session(tmp_path, CHROMIUM="/nowhere")
    assert (status, last.startswith("1 passed, 2 errors")) == (1, True)
