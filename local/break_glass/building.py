"""Build the file of break-glass for each operating system: `make break-glass`.

A file holds this repository's code and the wheels of that system, and needs only Python. The same commit gives the same
files, octet for octet.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "break-glass"
REQUIREMENTS = ROOT / "requirements" / "break-glass.txt"
PYTHON = "3.13"
# 1 January 2026, for every file: when it was built is not part of what it is.
_EPOCH = "1767225600"
# What of `shared` only the functions use.
_NOT_USED = {"bootstrap", "dashboard", "database", "email_templates", "adapters/aws", "adapters/email"}
_NOT_USED |= {"adapters/identity", "__pycache__"}

_CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//HLF//break-glass//NO
BEGIN:VEVENT
UID:break-glass-rehearsal@hlf.no
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20260106
RRULE:FREQ=YEARLY;BYMONTH=1,4,7,10;BYDAY=1TU
SUMMARY:Øvelse: nødverktøyet for nettsiden over likepersoner
DESCRIPTION:Steg 1 til 3 på siden i safen. Så bytter HLF IT passordet.
END:VEVENT
END:VCALENDAR
"""


@dataclass(frozen=True)
class Platform:
    """One operating system, as uv names it, and how the tags of its wheels end."""

    name: str
    uv: str
    tag: str

    @property
    def file(self) -> str:
        """Return the name of the file."""
        return f"hlf-break-glass-{self.name}.pyz"


PLATFORMS = (
    Platform("linux", "x86_64-unknown-linux-gnu", "_x86_64"),
    Platform("windows", "x86_64-pc-windows-msvc", "win_amd64"),
    Platform("macos-arm64", "aarch64-apple-darwin", "_arm64"),
    Platform("macos-intel", "x86_64-apple-darwin", "_x86_64"),
)


def build(platform: Platform, folder: Path, *, uv: str, shiv: str) -> Path:
    """Build one file and its checksum, and return it."""
    packages = folder / "packages" / platform.name
    shutil.rmtree(packages, ignore_errors=True)
    _run(
        *(uv, "pip", "install", "--quiet", "--python", sys.executable, "--python-platform", platform.uv),
        *("--python-version", PYTHON, "--only-binary", ":all:", "--require-hashes", "--no-compile-bytecode"),
        *("--target", str(packages), "-r", str(REQUIREMENTS)),
    )
    for left in (packages / "bin", packages / ".lock"):  # of this machine
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    for source in own_files():
        target = packages / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for record in packages.glob("*.dist-info/*"):
        if record.name in {"RECORD", "REQUESTED", "INSTALLER", "uv_cache.json", "direct_url.json"}:
            record.unlink()  # how it was installed, not what it is
    for path in packages.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (int(_EPOCH), int(_EPOCH)))
    made = folder / platform.file
    _run(
        *(shiv, "--reproducible", "--compressed", "--no-modify"),
        *("--site-packages", str(packages), "--entry-point", "break_glass.start:main"),
        *("--python", f"/usr/bin/env python{PYTHON}", "--output-file", str(made)),
    )
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    made.with_suffix(".pyz.sha256").write_text(f"{digest}  {made.name}\n", encoding="ascii")
    return made


def own_files() -> Iterator[Path]:
    """Yield the files of this repository that the program is made of."""
    yield from sorted((ROOT / "break_glass").rglob("*.py"))
    shared = ROOT / "shared"
    for path in sorted(shared.rglob("*.py")):
        inside = path.relative_to(shared).as_posix()
        if not any(inside.startswith(f"{name}/") or f"/{name}/" in inside for name in _NOT_USED):
            yield path


def _run(*command: str) -> None:
    environment = os.environ | {"SOURCE_DATE_EPOCH": _EPOCH, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def main(argv: Sequence[str] | None = None) -> None:
    """Build what is asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--shiv", default="shiv")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--only", choices=[platform.name for platform in PLATFORMS])
    said = parser.parse_args(argv)
    said.folder.mkdir(parents=True, exist_ok=True)
    (said.folder / "hlf-break-glass.ics").write_bytes(_CALENDAR.replace("\n", "\r\n").encode())
    for platform in PLATFORMS:
        if said.only in {None, platform.name}:
            made = build(platform, said.folder, uv=said.uv, shiv=said.shiv)
            with zipfile.ZipFile(made) as archive:
                n = len(archive.namelist())
            print(f"{made}: {made.stat().st_size / 1e6:.1f} MB, {n} files")


if __name__ == "__main__":
    main()
