"""A folder of ours that nobody else can look into, whatever the umask is and whoever was there before."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NotOurFolderError(Exception):
    """When the folder belongs to somebody else or is no folder; the message says what to do."""


def keep_private(folder: Path) -> None:
    """Make `folder` if it is not there, and close it and all it holds to everybody else.

    From here on this process and its children create files for their user alone. Raises NotOurFolderError.
    """
    os.umask(_OTHERS)
    if folder.is_symlink():  # who wants the data elsewhere sets CERTIFICATION_LOCAL_HOME
        raise NotOurFolderError(
            f"{folder} is a link; the local data need a folder: remove the link, or set "
            "CERTIFICATION_LOCAL_HOME to where it leads"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = folder.stat()
    except PermissionError:
        raise NotOurFolderError(
            f"{_name(os.geteuid())} may not make {folder}: set CERTIFICATION_LOCAL_HOME to a folder of your own"
        ) from None
    if found.st_uid != os.geteuid():
        raise NotOurFolderError(
            f"{folder} belongs to {_name(found.st_uid)}, and this is {_name(os.geteuid())}: run this as"
            f" {_name(found.st_uid)}, or remove the folder (rm -r {folder}); its data are made anew"
        )
    _close(folder)


def _close(folder: Path) -> None:
    """What the database's server owns is its own to close; links are left alone."""
    folder.chmod(stat.S_IRWXU)
    for entry in os.scandir(folder):
        found = entry.stat(follow_symlinks=False)
        if entry.is_symlink() or found.st_uid != os.geteuid():
            continue
        if entry.is_dir():
            if entry.name != "data":  # PostgreSQL's own, which it refuses to use when others can read it
                _close(folder / entry.name)
        elif found.st_mode & _OTHERS:
            Path(entry.path).chmod(found.st_mode & ~_OTHERS)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"
