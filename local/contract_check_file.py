"""Build the file for the app's own CI: `make contract-check`."""

from __future__ import annotations

import argparse
from pathlib import Path

from local.single_file import ROOT, Program, build_file

FILE = "hlf-contract-check.pyz"
PROGRAM = Program(
    package="contract_check",
    entry_point="contract_check.cli:main",
    requirements=ROOT / "requirements" / "contract-check.txt",
    # What of `shared` the check of a database does without.
    leaves_out=frozenset(
        {
            *("bootstrap", "dashboard", "email_templates"),
            *("adapters/aws", "adapters/dataverse", "adapters/email", "adapters/identity"),
        }
    ),
)


def main() -> None:
    """Build it for Linux, where a CI runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--shiv", default="shiv")
    parser.add_argument("--folder", type=Path, default=ROOT / "build")
    said = parser.parse_args()
    said.folder.mkdir(parents=True, exist_ok=True)
    packages = said.folder / "contract-check-packages"
    made = build_file(PROGRAM, "x86_64-unknown-linux-gnu", said.folder / FILE, packages, uv=said.uv, shiv=said.shiv)
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
