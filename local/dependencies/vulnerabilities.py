"""Which vulnerabilities are known of the pins, by pip-audit, and which pins no service could look up."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SERVICES = ("osv", "pypi")
_SECONDS = 300


@dataclass(frozen=True)
class Vulnerabilities:
    """What a service said: the vulnerabilities found, and the packages that it could not look up."""

    found: tuple[str, ...]
    unchecked: tuple[str, ...]


def look_up(pip_audit: str, lock: Path) -> tuple[Vulnerabilities | None, str]:
    """Return what the service that knows most packages says, and why something is not known."""
    best: Vulnerabilities | None = None
    why = "no service was asked"
    for service in _SERVICES:
        command = [pip_audit, "-r", str(lock), "--disable-pip", "--require-hashes", "-s", service, "-f", "json"]
        try:
            done = subprocess.run(
                [*command, "--progress-spinner", "off"], check=False, capture_output=True, text=True, timeout=_SECONDS
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            why = f"pip-audit did not run ({type(error).__name__})"
            continue
        said = read_vulnerabilities(done.stdout)
        if said is None:
            why = "no service of vulnerabilities could be reached"
        elif best is None or len(said.unchecked) < len(best.unchecked):
            best, why = said, "the service that could be reached does not know them"
        if best is not None and not best.unchecked:
            break
    return best, why


def read_vulnerabilities(output: str) -> Vulnerabilities | None:
    """Read the JSON of pip-audit; None if there is none.

    pip-audit exits with 0 and says "no known vulnerabilities" where it has skipped every package: it could not look it
    up. Here such a package is unchecked.
    """
    try:
        said: Mapping[str, Any] = json.loads(output)
    except ValueError:
        return None
    found: list[str] = []
    unchecked: list[str] = []
    for one in said["dependencies"]:
        if "skip_reason" in one:
            unchecked.append(one["name"])
        for flaw in one.get("vulns", ()):
            mended = ", ".join(flaw["fix_versions"]) or "no version"
            found.append(f"{one['name']} {one['version']}: {flaw['id']}, mended in {mended}")
    return Vulnerabilities(tuple(found), tuple(unchecked))
