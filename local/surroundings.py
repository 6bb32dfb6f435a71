"""What this machine and its user have set for other programs, and what must not reach the local stack by it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

# libpq, AWS's tools and HTTP clients take settings from these, behind everybody's back.
_CONNECTIONS = re.compile(r"PG\w+|SSLKEYLOGFILE")
_EVERYTHING = re.compile(
    r"PG\w+|SSLKEYLOGFILE|SSL_CERT_\w+|\w+_CA_BUNDLE|AWS_\w+|BOTO\w*|DATABASE_URL|\w+_proxy", re.IGNORECASE
)


def forget_connections() -> None:
    """Forget PGSSLMODE, PGSERVICE, PGOPTIONS and their like: the local database has an address of its own."""
    _forget(_CONNECTIONS)


def forget_everything() -> None:
    """Forget AWS's settings and proxies too: for programs that reach nothing but the local stack, such as the tests."""
    _forget(_EVERYTHING)


def this_program() -> str:
    """What to type to call it again from here: `python` alone where the environment is active."""
    found = shutil.which("python")
    if found and Path(found).parent == Path(sys.executable).parent:
        return "python -m local"
    python = Path(sys.executable)
    return f"{python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python} -m local"


def _forget(names: re.Pattern[str]) -> None:
    for name in list(os.environ):
        if names.fullmatch(name):
            del os.environ[name]
