"""What is pinned: the requirements files with hashes, of everything that leaves this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "shared" / "requirements.txt"
SHIPPED = (
    LAYER,
    ROOT / "requirements" / "operations.txt",
    ROOT / "requirements" / "break-glass.txt",
    ROOT / "requirements" / "contract-check.txt",
)
"""The layer, the operators' program, the emergency program, and the file for the app's own CI."""

_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)(?: *;([^\\\n]*))?", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One pinned package. `everywhere` is false for one that only some systems get."""

    name: str
    version: str
    everywhere: bool


def normalised(name: str) -> str:
    """Return the name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_pins(lock: str) -> tuple[Pin, ...]:
    """Return the pins of a requirements file."""
    return tuple(Pin(normalised(name), version, not marker.strip()) for name, version, marker in _PIN.findall(lock))
