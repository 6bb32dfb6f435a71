"""Where root's PostgreSQL is: it refuses root, so its server runs as somebody who can enter nothing of root's.

Root's folders may be closed to others at any level, and its local data always are. So the server gets a folder of its
own, with a name that nobody can guess, in a folder for temporary files that outlives a restart of the machine; a link
among root's local data leads to it. Root writes nothing below a folder that the server's user could change: that user
could put a link there.
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
    """Whom the server runs as."""

    uid: int
    gid: int


def server_user() -> ServerUser | None:
    """The user for root's server, None (ourselves) for everybody else. Raises LookupError when there is none."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return ServerUser(found.pw_uid, found.pw_gid)
    raise LookupError("running as root, and there is no user `postgres` or `nobody` to run PostgreSQL as")


def by_a_name(command: list[str]) -> list[str]:
    """The command, as `nobody` in a user namespace of its own where the machine knows our number and no name for it.

    initdb asks for the name and ends without one, as in a container that runs as a number.
    """
    if nameless() and (unshare := shutil.which("unshare")):
        return [unshare, "--user", "--map-user=65534", "--map-group=65534", *command]
    return command


def nameless() -> bool:
    """Whether this machine has no name for its own user."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def quarters(link: Path, user: ServerUser) -> Path:
    """The folder that `link` leads to if it is the one made for it; otherwise a new one. Raises FileExistsError."""
    if link.is_symlink():
        if _is_ours(target := link.readlink(), link):
            (target / _OWNER).write_text("\n".join(_identity(link)))
            return target
        link.unlink()  # cleaned away, or the link was copied along with its folder
    elif link.exists():
        raise FileExistsError(
            f"{link} comes from an ordinary user or an older version, and root's PostgreSQL cannot use it: run this as"
            f" that user, or remove the folder (rm -r {link}); its data are made anew"
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
    """Let the server read a file of root's that nobody else may read."""
    os.chown(path, 0, user.gid)
    path.chmod(0o640)


def _is_ours(target: Path, link: Path) -> bool:
    """Whether it is a folder of root's, closed to others, and made for this link: a copied link leads to another's."""
    try:
        found = target.lstat()
        closed = found.st_uid == 0 and stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o027
        return closed and not set(_identity(link)).isdisjoint((target / _OWNER).read_text().splitlines())
    except OSError:
        return False


def _identity(link: Path) -> tuple[str, str]:
    """Where the link is, by name and by inode: a folder that was moved keeps one, a copy has neither."""
    folder = link.parent.stat()
    return str(link.absolute()), f"{folder.st_dev}:{folder.st_ino}"


def _remove_abandoned(parent: Path) -> None:
    """Delete the folders whose link is gone, as after `rm -r .local`; not one that is being made."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if found.st_uid == 0 and stat.S_ISDIR(found.st_mode) and time.time() - found.st_mtime > _YOUNG_SECONDS:
                link = Path((folder / _OWNER).read_text().partition("\n")[0])
                if not link.is_symlink() or link.readlink() != folder:
                    shutil.rmtree(folder, ignore_errors=True)


def _temporary() -> Path:
    """A folder that everybody can pass through, and where nobody can touch what is another's."""
    for folder in (Path("/var/tmp"), Path("/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - checked, and mkdtemp
        with suppress(OSError):
            mode = folder.stat().st_mode
            if mode & stat.S_IXOTH and (mode & stat.S_ISVTX or not mode & stat.S_IWOTH):
                return folder
    raise FileExistsError("there is no folder for temporary files that PostgreSQL's user can reach: /var/tmp or /tmp")
