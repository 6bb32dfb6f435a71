"""The file for the app's own CI: on a database that has the app's migrations and none of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from contract_check.cli import run
from local.contract_check_file import FILE
from local.single_file import ROOT
from local.stack.database import _FOUNDATION
from tests.conftest import INSTALLING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.stack.postgres import Postgres

_NAME = "contract_of_the_app"


@pytest.fixture
def app(
    postgres: Postgres, server: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., str]]:
    """The app's database; call it with statements that spoil it, and get the address without the password."""
    server.execute(f"DROP DATABASE IF EXISTS {_NAME} WITH (FORCE)".encode())
    server.execute(f"CREATE DATABASE {_NAME}".encode())
    given = {name: str(value) for name, value in conninfo_to_dict(postgres.dsn(_NAME)).items()}
    monkeypatch.setenv("PGPASSWORD", given.pop("password"))
    with psycopg.connect(postgres.dsn(_NAME), autocommit=True) as connection:
        connection.execute(_FOUNDATION.read_bytes())

        def spoil(statements: str = "SELECT 1") -> str:
            connection.execute(statements.encode())
            return make_conninfo("", **given)

        yield spoil
    server.execute(f"DROP DATABASE {_NAME} WITH (FORCE)".encode())


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, str]]:
    code = run([*arguments, "--json"])
    return code, {one["point"]: one["verdict"] for one in json.loads(capsys.readouterr().out)["findings"]}


def test_the_apps_database_is_left_as_it_was(
    app: Callable[..., str], postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our migrations and roles are rolled back; what takes two connections could not be checked (exit code 3)."""
    code, points = report(capsys, "--database-url", app())
    assert (code, set(points.values())) == (3, {"holds", "not_checked"})
    assert [point for point, verdict in points.items() if verdict == "not_checked"] == [
        "behaviour.pause_beside_a_night",
        "behaviour.pause_waits_for_a_night",
    ]
    with psycopg.connect(postgres.dsn(_NAME)) as connection:
        assert connection.execute("SELECT to_regnamespace('certification')").fetchone() == (None,)


def test_a_database_to_throw_away_is_verified_whole(
    app: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    code, points = report(capsys, "--database-url", app(), "--keep")
    assert (code, set(points.values())) == (0, {"holds"})


@pytest.mark.parametrize(
    ("statements", "point"),
    [
        ("ALTER TABLE peer_mentors DROP listing_consent", "structure.column.peer_mentors.listing_consent"),
        ("DROP TABLE mentor_status_log", "structure.table.mentor_status_log"),
        (
            "ALTER TABLE peer_mentors RENAME TO theirs; CREATE VIEW peer_mentors AS SELECT * FROM theirs",
            "structure.table.peer_mentors",
        ),
        ("DROP FUNCTION resume_mentor", "structure.workflow.resume_mentor"),
    ],
)
def test_a_migration_of_the_app_that_breaks_it_fails(
    app: Callable[..., str], capsys: pytest.CaptureFixture[str], statements: str, point: str
) -> None:
    """Exit code 1, and the point; where our migrations cannot be applied the rest could not be checked."""
    code, points = report(capsys, "--database-url", app(statements))
    assert code == 1
    assert [name for name, verdict in points.items() if verdict == "does_not_hold"] == [point]


def test_a_password_in_the_arguments_is_refused(app: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every user of the machine can read them; the password is not repeated."""
    assert run(["--database-url", f"{app()} password=very-secret"]) == 2
    assert "very-secret" not in "".join(capsys.readouterr())


@pytest.mark.slow
def test_the_file_runs_on_a_bare_python(app: Callable[..., str], tmp_path: Path) -> None:
    """Built as `make contract-check` does; an empty environment, no repository, a database to throw away."""
    made = ["make", "--silent", "contract-check", f"CONTRACT_ARGS=--folder {tmp_path}"]
    done = subprocess.run(made, cwd=ROOT, env=INSTALLING, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    home = tmp_path / "home"
    home.mkdir()
    python = os.path.realpath(sys.executable)  # the one that the environment was made from
    words = [python, "-I", str(tmp_path / FILE), "--keep", "--json", "--database-url", app()]
    environment = {"HOME": str(home), "PGPASSWORD": os.environ["PGPASSWORD"]}
    done = subprocess.run(words, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["counts"]["does_not_hold"] == 0


def test_a_database_that_is_away_is_not_called_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--database-url", "host=127.0.0.1 port=1 dbname=x"]) == 3
    assert "cannot be reached" in capsys.readouterr().err
