"""Programs that are one file: this repository's code and the wheels of one operating system, which needs only Python.

The same commit gives the same file, octet for octet.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PYTHON = "3.13"
# 1 January 2026, for every file: when it was built is not part of what it is.
_EPOCH = "1767225600"


@dataclass(frozen=True)
class Program:
    """A program: its package, where it begins, the wheels that it needs, and what of `shared` it does without."""

    package: str
    entry_point: str
    requirements: Path
    leaves_out: frozenset[str]

    def own_files(self) -> Iterator[Path]:
        """Yield the files of this repository that the program is made of: its package and its part of `shared`."""
        yield from sorted((ROOT / self.package).rglob("*.py"))
        shared = ROOT / "shared"
        for path in sorted(path for kind in ("*.py", "*.sql") for path in shared.rglob(kind)):
            inside = path.relative_to(shared).as_posix()
            if not any(inside.startswith(f"{name}/") for name in self.leaves_out) and "__pycache__" not in path.parts:
                yield path


def build_file(program: Program, platform: str, made: Path, packages: Path, *, uv: str, shiv: str) -> Path:
    """Build the file for a platform, as uv names it, with its checksum beside it, and return it.

    `packages` is a folder for what goes in; what it held is removed.
    """
    shutil.rmtree(packages, ignore_errors=True)
    _run(
        *(uv, "pip", "install", "--quiet", "--python", sys.executable, "--python-platform", platform),
        *("--python-version", PYTHON, "--only-binary", ":all:", "--require-hashes", "--no-compile-bytecode"),
        *("--target", str(packages), "-r", str(program.requirements)),
    )
    for left in (packages / "bin", packages / ".lock"):  # of this machine
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    for source in program.own_files():
        target = packages / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for record in packages.glob("*.dist-info/*"):
        if record.name in {"RECORD", "REQUESTED", "INSTALLER", "uv_cache.json", "direct_url.json"}:
            record.unlink()  # how it was installed, not what it is
    for path in packages.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (int(_EPOCH), int(_EPOCH)))
    _run(
        *(shiv, "--reproducible", "--compressed", "--no-modify"),
        *("--site-packages", str(packages), "--entry-point", program.entry_point),
        *("--python", f"/usr/bin/env python{PYTHON}", "--output-file", str(made)),
    )
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    made.with_suffix(".pyz.sha256").write_text(f"{digest}  {made.name}\n", encoding="ascii")
    return made


def _run(*command: str) -> None:
    environment = os.environ | {"SOURCE_DATE_EPOCH": _EPOCH, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
