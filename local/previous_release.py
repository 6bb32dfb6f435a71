"""Run the previous release's tests on the present schema: `make test-previous-release`.

During a deployment two versions of the functions work on one schema, the new one. So a change of the schema is made in
two releases: expand (both versions work), then contract (nobody uses the old any more).
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
TESTS = (
    "tests/functions",
    "tests/integration/conformance",
    "tests/integration/coordinators",
    "tests/integration/nightly",
    "tests/integration/notices",
    "tests/integration/reconciliation",
    "tests/integration/runs",
    "tests/integration/settings",
    "tests/integration/sync",
)
"""What works on the database as a function does. Those of the schema itself may change with it."""
_SCHEMA = Path("shared") / "database"
_CHANGELOG = ROOT / "CHANGELOG.md"
_VERSION = re.compile(r"^## (\d+\.\d+\.\d+) \W (.+)$", re.MULTILINE)
_FAST = "not slow and not browser"
_SECONDS = 900
_DONE, _BROKEN, _NOT_KNOWN = 0, 1, 3
_PYTEST_FAILED = 1


class NotKnownError(Exception):
    """When it cannot be told whether the previous release works."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, 1 where the previous release does not work on this schema, or 3 where that could not be found out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--seconds", type=int, default=_SECONDS)
    parser.add_argument("tests", nargs="*", default=TESTS)
    given = parser.parse_args(arguments)
    try:
        tag = previous_release()
        if tag is None:
            print("no release yet: no earlier version can be running when this schema is deployed (0 tests run)")
            return _DONE
        with tempfile.TemporaryDirectory(prefix="previous-release-") as folder:
            return run_tests(tag, Path(folder), given.uv, given.tests, given.seconds)
    except NotKnownError as error:
        print(f"not known: {error}", file=sys.stderr)
        return _NOT_KNOWN


def previous_release() -> str | None:
    """Return the newest tag vX.Y.Z that this commit comes after; None if there is none.

    A clone may lack its tags or its history, so CHANGELOG.md has to agree that nothing was released.
    """
    released = [v for v, day in _VERSION.findall(_CHANGELOG.read_text(encoding="utf-8")) if day != "unreleased"]
    try:
        tags = _git("tag", "--merged", "HEAD", "--list", "v[0-9]*.[0-9]*.[0-9]*", "--sort=-version:refname")
        here = set(_git("tag", "--points-at", "HEAD").decode().split())
    except NotKnownError:
        if released:
            raise
        return None
    found = next((tag for tag in tags.decode().split() if tag not in here), None)
    missing = [version for version in released if f"v{version}" not in here]
    if found is None and missing:
        raise NotKnownError(
            f"CHANGELOG.md says that {missing[0]} was released, and this clone has no tag of it:"
            " git fetch --tags --unshallow"
        )
    return found


def run_tests(tag: str, folder: Path, uv: str, tests: Sequence[str], seconds: int) -> int:
    """Run the tests of the release in the folder, with the present schema in the place of its own."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", tag))) as archive:
        archive.extractall(folder, filter="data")
    shutil.rmtree(folder / _SCHEMA)
    shutil.copytree(ROOT / _SCHEMA, folder / _SCHEMA)
    there = [test for test in tests if (folder / test.partition("::")[0]).exists()]
    if not there:
        raise NotKnownError(f"{tag} has none of these tests: {', '.join(tests)}")
    print(f"{tag} on the present schema: {', '.join(there)}", flush=True)
    python = str(_python(folder, uv))
    command = [python, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", "-m", _FAST, *there]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    try:
        done = subprocess.run(command, check=False, cwd=folder, env=clean, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise NotKnownError(f"the tests of {tag} took longer than {seconds} seconds") from None
    if done.returncode == _PYTEST_FAILED:
        print(
            f"{tag} does not work on this schema, and runs beside the new version during a deployment."
            " Keep what it uses (expand), and take it away one release later (contract)",
            file=sys.stderr,
        )
        return _BROKEN
    if done.returncode:
        raise NotKnownError(f"the tests of {tag} could not be run (pytest ended with {done.returncode})")
    return _DONE


def _python(folder: Path, uv: str) -> Path:
    """Return a Python with what the release's tests need: this one, if they need the same."""
    lock = Path("requirements") / "test.txt"
    if (folder / lock).read_bytes() == (ROOT / lock).read_bytes():
        return Path(sys.executable)
    environment = folder / ".venv"
    program = str((ROOT / uv).resolve()) if "/" in uv else uv
    try:
        for step in (
            ("venv", "--quiet", "--python", sys.executable, str(environment)),
            ("pip", "install", "--quiet", "--python", str(environment), "--require-hashes", "-r", str(folder / lock)),
        ):
            subprocess.run([program, *step], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotKnownError(f"what the release's tests need could not be installed ({error})") from error
    return environment / "bin" / "python"


def _git(*arguments: str) -> bytes:
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    try:
        return subprocess.run(command, check=True, capture_output=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotKnownError(f"git does not say what was released ({error})") from error


if __name__ == "__main__":
    sys.exit(main())
