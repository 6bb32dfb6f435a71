"""The embedded PostgreSQL: as root and as an ordinary user, bound to the life of whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.postgres import Postgres
from tests.command_line import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOBODY = 65534


def _as_somebody_else(do: Callable[[], None]) -> int:
    """Run `do` in a child without root's powers; 0 if it raised nothing. The interpreter itself is already loaded."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            do()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _starts_and_answers(home: Path) -> None:
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
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    mine = tmp_path / "mine"
    mine.mkdir()
    os.chown(mine, NOBODY, NOBODY)
    assert _as_somebody_else(lambda: _starts_and_answers(mine / "home")) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's server runs as that user, who can reach the data")
def test_root_can_start_it_below_a_folder_that_only_root_can_enter(tmp_path: Path) -> None:
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


def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    """The local database asks for its password, so a broken credential fails here as it does in production."""
    with Postgres(tmp_path / "home") as postgres:
        wrong = postgres.dsn().replace(postgres.password, "wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_it_is_gone_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    """No process is left behind, even by kill -9."""
    program = (
        "import sys, time; from pathlib import Path; from local.postgres import Postgres\n"
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
