"""A folder of ours that no other user can read, whatever the umask is and whichever user created it."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class NotOurFolderError(Exception):
    """Raised when the folder belongs to another user or is not a folder. The message gives the remedy."""


def keep_private(folder: Path) -> None:
    """Create `folder` if it does not exist, and close it and its content to all other users.

    From then on this process and its children create files for their user alone. Raise NotOurFolderError if the folder
    is not ours.
    """
    os.umask(_OTHERS)
    if folder.is_symlink():  # to keep the data elsewhere, set CERTIFICATION_LOCAL_HOME
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
            f" {_name(found.st_uid)}, or remove the folder (rm -r {folder}); its data are created again"
        )
    _close(folder)


def _close(folder: Path) -> None:
    """Close what is ours in the folder.

    The database server closes what it owns itself, and links are left alone.
    """
    folder.chmod(stat.S_IRWXU)
    for entry in os.scandir(folder):
        found = entry.stat(follow_symlinks=False)
        if entry.is_symlink() or found.st_uid != os.geteuid():
            continue
        if entry.is_dir():
            if entry.name != "data":  # PostgreSQL closes it, and refuses to use it if others can read it
                _close(folder / entry.name)
        elif found.st_mode & _OTHERS:
            Path(entry.path).chmod(found.st_mode & ~_OTHERS)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"the user {uid}"
