"""Start the emulator alone: `python -m emulators.dataverse`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from emulators.dataverse.access.protection import read_limits
from emulators.dataverse.model import defaults
from emulators.dataverse.server import run

if TYPE_CHECKING:
    from types import FrameType


def _leave(number: int, _: FrameType | None) -> NoReturn:
    """End in order, with the shell's exit code for a signal, so that the certificate of this run is removed."""
    sys.exit(128 + number)


def main() -> None:
    """Read the command line and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m emulators.dataverse", description="The Dataverse emulator.")
    parser.add_argument("--port", type=int, default=defaults.PORT, help="of 127.0.0.1 (%(default)s)")
    parser.add_argument("--schema", type=Path, default=defaults.SCHEMA, help="a file of tables, not the built-in one")
    parser.add_argument("--limits", type=read_limits, default=None, help="off, real, or JSON of protection.Limits")
    parser.add_argument("--rows", type=Path, default=None, help="a file that keeps the rows between two runs")
    secured = parser.add_mutually_exclusive_group()
    secured.add_argument("--https", action="store_true", help="HTTPS, with a certificate made for this run")
    secured.add_argument("--certificate", type=Path, default=None, help="HTTPS with this key and chain (PEM)")
    parser.add_argument("--quiet", action="store_true", help="do not print the addresses")
    given = parser.parse_args()
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, _leave)
    run(
        given.port,
        given.schema,
        given.limits,
        given.rows,
        https=given.https,
        certificate=given.certificate,
        quiet=given.quiet,
    )


if __name__ == "__main__":
    main()
