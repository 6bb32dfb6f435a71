"""Report old pins and known vulnerabilities of what is shipped: `make audit-dependencies`.

What could not be checked is never reported as good: the exit code is 3 then, with a sentence.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from local.dependencies.ages import read_ages
from local.dependencies.locks import SHIPPED, Pin, read_pins
from local.dependencies.vulnerabilities import look_up

if TYPE_CHECKING:
    from collections.abc import Sequence

_GOOD, _VULNERABLE, _NOT_KNOWN = 0, 1, 3


def main() -> int:
    """Return 0, 1 where a vulnerability is known, or 3 where something could not be checked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", required=True)
    parser.add_argument("--pip-audit", required=True)
    parser.add_argument("locks", nargs="*", type=Path)
    given = parser.parse_args()
    codes = [audit(lock, given.uv, given.pip_audit) for lock in given.locks or SHIPPED]
    return max(codes, key=(_GOOD, _NOT_KNOWN, _VULNERABLE).index)


def audit(lock: Path, uv: str, pip_audit: str) -> int:
    """Print the report of one requirements file, and return its exit code."""
    pins = read_pins(lock.read_text(encoding="utf-8"))
    print(f"\n{lock.parent.name}/{lock.name}: {len(pins)} packages")
    unknown = _print_ages(uv, lock, pins)
    said, why = look_up(pip_audit, lock)
    if said is None:
        unknown.append(f"whether vulnerabilities are known: {why}")
    elif said.unchecked:
        unknown.append(f"vulnerabilities of {len(said.unchecked)} of {len(pins)} packages: {why}")
    for line in said.found if said else ():
        print(f"  VULNERABLE  {line}")
    for line in unknown:
        print(f"  NOT CHECKED {line}")
    if said and said.found:
        return _VULNERABLE
    if unknown:
        return _NOT_KNOWN
    print("  no vulnerability is known")
    return _GOOD


def _print_ages(uv: str, lock: Path, pins: Sequence[Pin]) -> list[str]:
    """Print the pins that are old or not the newest, and return what could not be found out."""
    try:
        reports = read_ages(uv, lock, pins)
    except (subprocess.SubprocessError, OSError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()
        return [f"how old the pins are: {said[0] if said else 'uv could not resolve them'}"]
    for report in reports:
        if line := report.line(datetime.now(UTC)):
            print(f"  {line}")
    undated = sum(report.uploaded is None for report in reports)
    return [f"the age of {undated} packages: the package index does not say when they were uploaded"] if undated else []


if __name__ == "__main__":
    sys.exit(main())
