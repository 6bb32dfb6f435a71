"""How old each pin is, and the newest version that the requirements allow, by the package index that uv knows."""

from __future__ import annotations

import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.dependencies.locks import Pin, normalised, read_pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

_SECONDS = 300
_OLD_DAYS = 365


@dataclass(frozen=True)
class PinReport:
    """One pin with the time of its upload and the newest version that is allowed. None: not known."""

    pin: Pin
    uploaded: datetime | None
    newest: str | None

    def line(self, now: datetime) -> str | None:
        """Return what to say of a pin that is old or not the newest; None of any other."""
        days = None if self.uploaded is None else (now - self.uploaded).days
        is_newest = self.newest in {None, self.pin.version}
        if is_newest and (days or 0) <= _OLD_DAYS:
            return None
        age = "age not known" if days is None else f"{days} days old"
        return f"{self.pin.name} {self.pin.version}: {age}{'' if is_newest else f', {self.newest} is allowed'}"


def read_ages(uv: str, lock: Path, pins: Sequence[Pin]) -> list[PinReport]:
    """Ask when each pin was uploaded, and what `make lock` would pin today. Raises CalledProcessError."""
    wanted = lock.with_suffix(".in")
    with tempfile.TemporaryDirectory() as folder:
        dated = Path(folder) / "pylock.toml"  # PEP 751, which has the times; outside the repository: it has addresses
        _resolve(uv, wanted, "--constraint", str(lock), "--format", "pylock.toml", "-o", str(dated))
        newest = Path(folder) / "newest.txt"
        _resolve(uv, wanted, "--upgrade", "--no-annotate", "-o", str(newest))
        uploaded = dict(_uploads(tomllib.loads(dated.read_text(encoding="utf-8"))))
        versions = {pin.name: pin.version for pin in read_pins(newest.read_text(encoding="utf-8"))}
    return [PinReport(pin, uploaded.get((pin.name, pin.version)), versions.get(pin.name)) for pin in pins]


def _resolve(uv: str, wanted: Path, *options: str) -> None:
    program = str(Path(uv).resolve()) if "/" in uv else uv
    command = [program, "pip", "compile", "--quiet", "--universal", "--no-header", "--python-version", "3.13"]
    subprocess.run(
        [*command, wanted.name, *options],
        check=True,
        capture_output=True,
        text=True,
        cwd=wanted.parent,
        timeout=_SECONDS,
    )


def _uploads(lock: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], datetime]]:
    for package in lock.get("packages", ()):
        files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
        if times := [one["upload-time"] for one in files if "upload-time" in one]:
            yield (normalised(package["name"]), package["version"]), min(times)
