"""Build the file of break-glass for each operating system: `make break-glass`.

A file holds this repository's code and the wheels of that system, and needs only Python. The same commit gives the same
files, octet for octet.
"""

from __future__ import annotations

import argparse
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.single_file import ROOT, Program, build_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = ROOT / "build" / "break-glass"
# What of `shared` only the functions use.
PROGRAM = Program(
    package="break_glass",
    entry_point="break_glass.start:main",
    requirements=ROOT / "requirements" / "break-glass.txt",
    leaves_out=frozenset(
        {
            *("bootstrap", "dashboard", "database", "email_templates"),
            *("adapters/aws", "adapters/email", "adapters/identity"),
        }
    ),
)

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
    return build_file(PROGRAM, platform.uv, folder / platform.file, packages, uv=uv, shiv=shiv)


def own_files() -> Iterator[Path]:
    """Yield the files of this repository that the program is made of."""
    return PROGRAM.own_files()


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
