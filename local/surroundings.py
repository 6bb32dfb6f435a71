"""The settings that this machine and its user have for other programs, which must not reach the local stack."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

# libpq, AWS's tools and HTTP clients silently take settings from these variables.
_CONNECTIONS = re.compile(r"PG\w+|SSLKEYLOGFILE")
_EVERYTHING = re.compile(
    r"PG\w+|SSLKEYLOGFILE|SSL_CERT_\w+|\w+_CA_BUNDLE|AWS_\w+|BOTO\w*|DATABASE_URL|\w+_proxy", re.IGNORECASE
)


def forget_connections() -> None:
    """Remove PGSSLMODE, PGSERVICE, PGOPTIONS and the like, because the local database has an address of its own."""
    _forget(_CONNECTIONS)


def forget_everything() -> None:
    """Remove AWS's settings and proxies too, for programs that reach only the local stack, such as the tests."""
    _forget(_EVERYTHING)


def this_program() -> str:
    """Return the command that starts this program from here: plain `python` where the environment is active."""
    found = shutil.which("python")
    if found and Path(found).parent == Path(sys.executable).parent:
        return "python -m local"
    python = Path(sys.executable)
    return f"{python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python} -m local"


def _forget(names: re.Pattern[str]) -> None:
    for name in list(os.environ):
        if names.fullmatch(name):
            del os.environ[name]
