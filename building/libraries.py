"""The libraries of a layer: the wheels that a lock pins, hash-checked, for Lambda's operating system and processor."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from building.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PYTHON: Final = (3, 13)
# By Lambda's names, the machine in a wheel's name.
ARCHITECTURES: Final = {"x86_64": "x86_64", "arm64": "aarch64"}
# Lambda's Python 3.13 runs on Amazon Linux 2023, with glibc 2.34. Wheels for 2.28 also run where the tests do.
_GLIBC: Final = 28
_OLDEST_GLIBC: Final = 17


def install(requirements: Path, architecture: str, into: Path, *, uv: str | None = None) -> None:
    """Install what `requirements` pins into `into`, and nothing that it does not pin.

    `uv`: the program to use. Without it pip is, if this Python has it, and else the uv on the path.
    """
    if sys.version_info[:2] != PYTHON:
        raise BuildError(f"Bytecode is for one Python: build with python3.13, not {sys.version.split()[0]}")
    version = ".".join(map(str, PYTHON))
    # `--no-deps`: a lock is complete, or names what another layer has.
    common = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", str(into), "-r", str(requirements)]
    machine = ARCHITECTURES[architecture]
    if uv is None and not importlib.util.find_spec("pip"):
        uv = shutil.which("uv")
        if uv is None:
            raise BuildError(f"{sys.executable} has no pip and no uv is on the path: install either of them")
    if uv:
        platform = ["--python-platform", f"{machine}-manylinux_2_{_GLIBC}", "--python-version", version]
        # Not as links into uv's cache, whose files would change with these.
        how = ["--link-mode", "copy", "--no-compile-bytecode", "--python", sys.executable]
        _run([uv, "pip", "install", "--quiet", *how, *platform, *common])
    else:
        newest_first = range(_GLIBC, _OLDEST_GLIBC - 1, -1)
        platforms = [f"--platform=manylinux_2_{glibc}_{machine}" for glibc in newest_first]
        how = ["--implementation", "cp", "--python-version", version, "--no-compile", "--disable-pip-version-check"]
        platforms += [f"--platform=manylinux2014_{machine}"]
        quietly = ["--quiet", "--no-input", "--root-user-action=ignore"]
        _run([sys.executable, "-m", "pip", "install", *quietly, *how, *platforms, *common])


def _run(command: Sequence[str]) -> None:
    # Only what a person's own pip is told: another target, prefix or constraint would be a failure here.
    stray = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_CONSTRAINT"}
    environment = {name: value for name, value in os.environ.items() if name not in stray}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"The libraries could not be installed: {done.stderr.strip() or done.stdout.strip()}")
