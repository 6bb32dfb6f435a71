"""A fresh database and one that was migrated step by step have the same schema, by `pg_dump --schema-only`."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local.stack.database import _FOUNDATION
from local.stack.server_binaries import psql_binary
from local.stack.stack import ROOT
from shared.adapters.postgres.migrate import FUNCTIONS, MIGRATIONS, migrate, read_migrations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.stack.postgres import Postgres

# What the runner itself calls; nothing in them needs a table of a later migration.
OF_THE_RUNNER = ("before_tables.sql", "structure.sql")


@pytest.fixture
def build(postgres: Postgres) -> Iterator[Callable[..., str]]:
    """Return a function that migrates a database through versions, folders of tables and functions, and dumps it."""
    made: list[Any] = []

    def build(*versions: tuple[Path, Path]) -> str:
        name = f"dumped_{len(made)}"
        made.append(name)
        with psycopg.connect(postgres.dsn(), autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}".encode())
        with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
            connection.execute(_FOUNDATION.read_bytes())
            for tables, functions in versions:
                migrate(connection, tables, functions)
                # As if every file of functions had changed since.
                connection.execute("UPDATE certification.migrations SET checksum = '' WHERE name LIKE 'functions/%'")
        return dumped(postgres.dsn(name))

    yield build
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        for name in made:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def dumped(dsn: str) -> str:
    """Return the schema, without what tells one dump from another, and with grants in one order."""
    pg_dump = psql_binary().with_name("pg_dump")
    dump = subprocess.run([pg_dump, "--schema-only", "-d", dsn], check=True, capture_output=True, text=True).stdout
    lines: list[str] = []
    grants: list[str] = []
    for line in (line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))):
        if line.startswith("GRANT "):
            grants.append(line)  # they are kept in the order in which they were granted
        else:
            lines += [*sorted(grants), line]
            grants.clear()
    return "\n".join((*lines, *sorted(grants)))


def test_all_at_once_or_the_last_step_alone(build: Callable[..., str], tmp_path: Path) -> None:
    """What a database has does not depend on how many table migrations came at a time."""
    tables, functions = tmp_path / "tables", tmp_path / "functions"
    tables.mkdir()
    functions.mkdir()
    for migration in read_migrations()[:-1]:
        (tmp_path / migration.name).write_text(migration.sql)
    for name in OF_THE_RUNNER:
        shutil.copy(FUNCTIONS / name, functions)
    at_once = build((MIGRATIONS, FUNCTIONS))
    assert build((tables, functions), (MIGRATIONS, FUNCTIONS)) == at_once
    assert at_once.count("CREATE FUNCTION certification.") > 100


def test_applying_every_function_again_changes_nothing(build: Callable[..., str]) -> None:
    """A function file may be applied at any time, in whatever order its neighbours are."""
    assert build((MIGRATIONS, FUNCTIONS), (MIGRATIONS, FUNCTIONS)) == build((MIGRATIONS, FUNCTIONS))


def test_a_database_of_the_last_release_becomes_like_a_fresh_one(build: Callable[..., str], tmp_path: Path) -> None:
    """A function, trigger, grant or comment that is gone from the files is gone from a database that had it.

    A failure shows what a deployed database would keep. Drop it in a new table migration.
    """
    release = _git("describe", "--tags", "--abbrev=0", "--match", "v*").decode().strip()
    if not release:
        pytest.skip("nothing has been released, or this is no checkout with its tags")
    with tarfile.open(fileobj=io.BytesIO(_git("archive", release, "shared/database"))) as archive:
        archive.extractall(tmp_path, filter="data")
    before = tmp_path / "shared" / "database"
    assert build((before / "tables", before / "functions"), (MIGRATIONS, FUNCTIONS)) == build((MIGRATIONS, FUNCTIONS))


def _git(*arguments: str) -> bytes:
    """Return what git prints; nothing where there is no git or it cannot tell."""
    if (git := shutil.which("git")) is None:
        return b""
    command = [git, "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=False, capture_output=True, env={"PATH": os.environ["PATH"]}).stdout
