"""Find the Chromium for the browser tests and the pictures."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

VERSION = "147.0.2"  # of npm's @sparticuz/chromium; it runs with Playwright 1.65
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Root needs the flag, and so does everybody where the kernel offers no user namespaces. It opens only our own pages.
_FLAGS = ("--no-sandbox",)
# The package's own readme adds --single-process: the whole browser then ends with its first page.
_UNPACKED_FLAGS = (*_FLAGS, "--no-zygote", "--disable-gpu")
_ROOT = Path(__file__).parents[2]
_START_SECONDS = 20


class WrongChromiumError(Exception):
    """Raised when the variable CHROMIUM names no program that runs."""


@dataclass(frozen=True)
class Chromium:
    """A Chromium that runs here, with the flags and the environment that it needs beyond this process's own."""

    executable: Path
    flags: tuple[str, ...] = _FLAGS
    environment: dict[str, str] = field(default_factory=dict)

    def runs(self) -> bool:
        """Return whether it starts: Ubuntu's `chromium-browser` without its snap, for one, does not."""
        command, environment = [str(self.executable), "--version"], os.environ | self.environment
        try:
            done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=_START_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0


def find() -> Chromium | None:
    """Return the installed Chromium, or else the unpacked one, or None."""
    if found := find_installed():
        return found
    chromium = unpacked(home())
    return chromium if chromium.executable.exists() and chromium.runs() else None


def find_installed() -> Chromium | None:
    """Return the Chromium that CHROMIUM names, or else one on the PATH, or None."""
    if named := os.environ.get("CHROMIUM"):
        path = shutil.which(named)
        if path is None or not Chromium(Path(path).absolute()).runs():
            raise WrongChromiumError(f"CHROMIUM is {named}, and that is no program that runs.")
        return Chromium(Path(path).absolute())
    paths = filter(None, map(shutil.which, NAMES))
    return next((chromium for path in paths if (chromium := Chromium(Path(path).absolute())).runs()), None)


def home() -> Path:
    """Return the folder of the unpacked Chromium. Tests set the variable, and so does CI that keeps it elsewhere."""
    return Path(os.environ.get("CERTIFICATION_BROWSER_HOME") or _ROOT / ".browser").absolute() / VERSION


def unpacked(folder: Path) -> Chromium:
    """Return the Chromium that is unpacked into a folder, or would be: it brings libraries and fonts with it."""
    environment = {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return Chromium(folder / "chromium", _UNPACKED_FLAGS, environment)
