"""Verify the contract in the app's own CI: one file, one command, nothing left behind.

docs/operations/verify-integration.md is for those who use it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import psycopg

from contract_check.checking import check, check_and_keep
from shared.domain.integration.contract import CONTRACT_VERSION
from shared.domain.integration.texts import as_junit, as_text

_NOT_UNDERSTOOD = 2
_COULD_NOT_TELL = 3


def main() -> None:
    """Run the program, and exit with 0 all hold, 1 something does not, 2 not understood, 3 not all could be checked."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Verify what the arguments name, print the report, and return the exit code."""
    said = _parser().parse_args(argv)
    if "password" in psycopg.conninfo.conninfo_to_dict(said.database_url):
        print(
            "leave the password out of --database-url: every user of the machine can read arguments;"
            " put it into PGPASSWORD or a file that PGPASSFILE names",
            file=sys.stderr,
        )
        return _NOT_UNDERSTOOD
    try:
        report = (check_and_keep if said.keep else check)(said.database_url)
    except psycopg.OperationalError as error:
        print(f"the database cannot be reached: {str(error).strip()}", file=sys.stderr)
        return _COULD_NOT_TELL
    except psycopg.Error as error:
        print(f"the database refused (SQLSTATE {error.sqlstate}): {str(error).strip()}", file=sys.stderr)
        return _COULD_NOT_TELL
    print(json.dumps(report.as_json()) if said.json else as_text(report, everything=said.all))
    if said.junit is not None:
        try:
            said.junit.write_text(as_junit(report), encoding="utf-8")
        except OSError as error:
            print(f"{said.junit} cannot be written: {error.strerror}", file=sys.stderr)
            return report.exit_code or _COULD_NOT_TELL
    return report.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hlf-contract-check",
        description="Verify a database of the peer-mentor app against the contract with the certification system.",
        epilog="Exit codes: 0 every point holds, 1 one does not, 2 not understood, 3 one could not be checked.",
    )
    parser.add_argument("--version", action="version", version=f"contract {CONTRACT_VERSION}")
    parser.add_argument(
        "--database-url",
        required=True,
        type=_address,
        help="the app's database after its own migrations, as a connection string or URL without a password",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="the database is thrown away afterwards: commit the migrations, and also try two workflows at once",
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write the report to this file, as JUnit XML")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--all", action="store_true", help="also print the points that hold")
    return parser


def _address(text: str) -> str:
    try:
        psycopg.conninfo.conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        # libpq's message quotes the whole string.
        raise argparse.ArgumentTypeError("is not a connection string; percent-encode special characters") from None
    return text
