"""The user and the folder of root's PostgreSQL. PostgreSQL refuses root, so its server runs as an unprivileged user.

That user cannot enter root's folders, which may be closed to others at any level; root's local data always are. So the
server gets a folder of its own, with a name that cannot be guessed, in a folder for temporary files that survives a
restart of the machine. A link among root's local data leads to it. Root writes nothing below a folder that the server's
user could change, because that user could put a link there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PREFIX = "hlf-certification-"
_OWNER = "belongs-to"
_YOUNG_SECONDS = 60


class ServerUser(NamedTuple):
    """The user that the server runs as."""

    uid: int
    gid: int


def server_user() -> ServerUser | None:
    """Return the user for root's server, or None (this user) for every other user.

    Raise LookupError if root has no such user.
    """
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return ServerUser(found.pw_uid, found.pw_gid)
    raise LookupError("running as root, and there is no user `postgres` or `nobody` to run PostgreSQL as")


def by_a_name(command: list[str]) -> list[str]:
    """Return the command, wrapped so that it has a user name where this machine knows only our number.

    initdb asks for the name and fails without one, as in a container that runs as a number. The wrapper runs it as
    `nobody` in a user namespace of its own.
    """
    if nameless() and (unshare := shutil.which("unshare")):
        return [unshare, "--user", "--map-user=65534", "--map-group=65534", *command]
    return command


def nameless() -> bool:
    """Return whether this machine has no name for its own user."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def quarters(link: Path, user: ServerUser) -> Path:
    """Return the folder that `link` leads to if it was made for this link; otherwise make one.

    Raise FileExistsError if something else is in the link's place.
    """
    if link.is_symlink():
        if _is_ours(target := link.readlink(), link):
            (target / _OWNER).write_text("\n".join(_identity(link)))
            return target
        link.unlink()  # the folder was deleted, or the link was copied together with its folder
    elif link.exists():
        raise FileExistsError(
            f"{link} comes from an ordinary user or an older version, and root's PostgreSQL cannot use it: run this as"
            f" that user, or remove the folder (rm -r {link}); its data are created again"
        )
    _remove_abandoned(_temporary())
    made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_temporary()))
    os.chown(made, 0, user.gid)
    made.chmod(0o710)
    (made / _OWNER).write_text("\n".join(_identity(link)))
    link.symlink_to(made)
    return made


def remove_quarters(link: Path) -> None:
    """Delete what `quarters` made for this link, and the link."""
    if link.is_symlink() and _is_ours(target := link.readlink(), link):
        shutil.rmtree(target, ignore_errors=True)
    link.unlink(missing_ok=True)


def hand_over(path: Path, user: ServerUser) -> None:
    """Let the server read a file of root's that other users may not read."""
    os.chown(path, 0, user.gid)
    path.chmod(0o640)


def _is_ours(target: Path, link: Path) -> bool:
    """Return whether the folder is root's, closed to others, and made for this link.

    A copied link leads to the folder of another link.
    """
    try:
        found = target.lstat()
        closed = found.st_uid == 0 and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o027
        return closed and not set(_identity(link)).isdisjoint((target / _OWNER).read_text().splitlines())
    except OSError:
        return False


def _identity(link: Path) -> tuple[str, str]:
    """Return where the link is, by name and by inode. A moved folder keeps one of them, a copy has neither."""
    folder = link.parent.stat()
    return str(link.absolute()), f"{folder.st_dev}:{folder.st_ino}"


def _remove_abandoned(parent: Path) -> None:
    """Delete folders whose link is gone, as after `rm -r .local`, except one that is just being made."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if found.st_uid == 0 and stat.S_ISDIR(found.st_mode) and time.time() - found.st_mtime > _YOUNG_SECONDS:
                link = Path((folder / _OWNER).read_text().partition("\n")[0])
                if not link.is_symlink() or link.readlink() != folder:
                    shutil.rmtree(folder, ignore_errors=True)


def _temporary() -> Path:
    """Return a folder that every user can enter, and where no user can change what belongs to another."""
    for folder in (Path("/var/tmp"), Path("/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - checked, and mkdtemp
        with suppress(OSError):
            mode = folder.stat().st_mode
            if mode & stat.S_IXOTH and (mode & stat.S_ISVTX or not mode & stat.S_IWOTH):
                return folder
    raise FileExistsError("there is no folder for temporary files that PostgreSQL's user can reach: /var/tmp or /tmp")
