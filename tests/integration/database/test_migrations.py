"""The database's files: from nothing, again, in order, and what is said when they do not fit."""

from __future__ import annotations

import re
import shutil
import threading
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local.stack.database import _FOUNDATION, simulate_time
from shared.adapters.postgres.migrate import (
    FUNCTIONS,
    MIGRATIONS,
    MigrationError,
    OtherVersionError,
    migrate,
    read_functions,
    read_migrations,
)
from tests.support.nightly_checks import at_night

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.stack.postgres import Postgres
    from tests.conftest import TestDatabase


@pytest.fixture
def bare(postgres: Postgres) -> Iterator[Any]:
    """An empty database with nothing but the foundation."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("CREATE DATABASE bare")
    with psycopg.connect(postgres.dsn("bare"), autocommit=True) as connection:
        connection.execute(_FOUNDATION.read_bytes())
        yield connection
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    """Return a copy of the table migrations."""
    return shutil.copytree(MIGRATIONS, tmp_path / "tables")


def test_every_migration_is_applied_in_order_and_only_once(bare: Any) -> None:
    """Applying twice does nothing."""
    names = [file.name for file in (*read_migrations(), *read_functions())]
    applied = migrate(bare)
    assert sorted(applied) == sorted(names)
    # What constraints call comes first, then the tables in their order, then the other functions.
    assert applied[0] == "functions/before_tables.sql"
    tables = tuple(file.name for file in read_migrations())
    assert applied[1 : len(tables) + 1] == tables
    assert migrate(bare) == ()
    applied = bare.execute("SELECT name FROM certification.migrations").fetchall()
    assert {name for (name,) in applied} == set(names)


def test_a_changed_function_file_is_applied_again(bare: Any, tmp_path: Path) -> None:
    """The current text of a function is what the database runs: a changed file, and no other, is applied."""
    functions = shutil.copytree(FUNCTIONS, tmp_path / "functions")
    migrate(bare, functions=functions)
    file = functions / "before_tables.sql"
    file.write_text(file.read_text().replace("interval '26 hours'", "interval '27 hours'"))
    assert migrate(bare, functions=functions) == ("functions/before_tables.sql",)
    silences = bare.execute("SELECT max(longest_silence) FROM certification.functions()").fetchone()
    assert silences == (timedelta(hours=27),)


def test_every_function_has_one_current_text(connection: psycopg.Connection) -> None:
    """One place to read a rule: what is in the database stands once in the files, and nothing else does."""
    texts = re.findall(
        r"^CREATE OR REPLACE FUNCTION certification\.(\w+)", "\n".join(f.sql for f in read_functions()), re.MULTILINE
    )
    found = connection.execute(
        "SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'certification'::regnamespace"
    ).fetchall()
    assert sorted(texts) == sorted(name for (name,) in found)
    assert len(texts) > 80


def test_every_trigger_has_one_current_text(connection: psycopg.Connection) -> None:
    """As the functions; a trigger left from an older file would go on firing."""
    pattern = re.compile(r"^CREATE OR REPLACE TRIGGER (\w+)\s.*?\bON (\w+\.\w+)", re.MULTILINE | re.DOTALL)
    texts = [(table, name) for f in read_functions() for name, table in pattern.findall(f.sql)]
    found = connection.execute(
        "SELECT n.nspname || '.' || c.relname, t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_proc AS p ON p.oid = t.tgfoid"
        " WHERE p.pronamespace = 'certification'::regnamespace"
    ).fetchall()
    assert sorted(texts) == sorted(found)
    assert len(texts) > 15


def test_two_deployments_at_once_take_turns(bare: Any, postgres: Postgres) -> None:
    """By a transaction's advisory lock; each migration is applied by one of them."""
    applied = []

    def deploy():
        with psycopg.connect(postgres.dsn("bare"), autocommit=True) as connection:
            applied.append(migrate(connection))

    deployments = [threading.Thread(target=deploy) for _ in range(3)]
    for deployment in deployments:
        deployment.start()
    for deployment in deployments:
        deployment.join()
    assert sorted(name for names in applied for name in names) == sorted(
        file.name for file in (*read_migrations(), *read_functions())
    )


def test_a_migration_that_fails_leaves_nothing(bare: Any, folder: Any) -> None:
    """One apply is one transaction."""
    migrate(bare, folder)
    broken = folder / f"{len(read_migrations()) + 1:04d}_broken.sql"
    broken.write_text("CREATE TABLE certification.half (); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(bare, folder)
    assert bare.execute("SELECT to_regclass('certification.half')").fetchone() == (None,)
    broken.write_text("CREATE TABLE certification.half ();")
    assert migrate(bare, folder) == (f"tables/{broken.name}",)


def test_a_file_changed_after_it_was_applied_is_an_error(bare: Any, folder: Any) -> None:
    """Forward only; the message says what to do, and nothing later is applied."""
    migrate(bare, folder)
    first = min(folder.iterdir())
    first.write_text(first.read_text() + "\n-- changed")
    with pytest.raises(OtherVersionError, match=f"^tables/{first.name} was changed after it was applied"):
        migrate(bare, folder)


def test_a_table_migration_that_is_gone_is_an_error(bare: Any, folder: Any) -> None:
    """An older version must not put its functions beside newer tables; nor may a file get another name."""
    newer = folder / f"{len(read_migrations()) + 1:04d}_newer.sql"
    newer.write_text("CREATE TABLE certification.newer ();")
    migrate(bare, folder)
    with pytest.raises(
        OtherVersionError, match=f"^tables/{newer.name} was applied to this database and is missing here"
    ):
        migrate(bare)


def test_a_table_migration_that_comes_too_late_is_an_error(bare: Any, folder: Any) -> None:
    """Two developers took the same number, and the file of one was applied before the other was merged before it."""
    number = len(read_migrations()) + 1
    theirs, mine = f"{number:04d}_theirs.sql", f"{number + 1:04d}_mine.sql"
    for name in (theirs, mine):
        (folder / name).write_text(f"CREATE TABLE certification.{name[5:-4]} ();")
    migrate(bare, folder)
    bare.execute("DELETE FROM certification.migrations WHERE name = %s", (f"tables/{theirs}",))
    bare.execute("DROP TABLE certification.theirs")
    with pytest.raises(OtherVersionError, match=f"^tables/{theirs} comes before tables/{mine}, which was applied"):
        migrate(bare, folder)
    assert bare.execute("SELECT to_regclass('certification.theirs')").fetchone() == (None,)


def test_a_database_from_before_the_fold_is_an_error(bare: Any) -> None:
    """Its migrations were numbered without a folder; they became one new set before the first release."""
    migrate(bare)
    bare.execute("INSERT INTO certification.migrations (name, checksum) VALUES ('0001_settings_and_runs.sql', '')")
    with pytest.raises(OtherVersionError, match=r"^this database was created by a version before the first release"):
        migrate(bare)


def test_every_function_says_what_it_guarantees(connection: psycopg.Connection) -> None:
    """In a COMMENT, so that it stands in the database too."""
    silent = connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc AS p"
        " WHERE p.pronamespace = 'certification'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL"
    ).fetchall()
    assert silent == []


def test_sql_is_as_narrow_as_everything_else() -> None:
    """120 columns, as the formatter of the Python code has it."""
    lines = [(file.name, line) for file in (*read_migrations(), *read_functions()) for line in file.sql.splitlines()]
    assert [(name, line) for name, line in lines if len(line) > 120] == []


def test_tables_hold_no_function() -> None:
    """One text for each function; also those that constraints call stand in the files of functions."""
    for file in read_migrations():
        assert re.search(r"CREATE (OR REPLACE )?(FUNCTION|TRIGGER)|GRANT EXECUTE", file.sql) is None, file.name


def test_mentors_who_were_there_get_their_listings(bare: Any) -> None:
    """Mentors who were there get the listings that a change would give them.

    I5: the first table of listings is filled by a statement of its own, because no function is there yet.
    """
    bare.execute("INSERT INTO organisations (name) VALUES ('HLF Moss')")
    bare.execute(
        "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known;"
        "INSERT INTO peer_mentors (organisation_id, first_name, last_name, status, listing_consent)"
        " SELECT o.id, 'Kari', s, s, c FROM organisations AS o, unnest(ARRAY[true, false]) AS c,"
        " unnest(ARRAY['active', E' Active\\t', 'paused', 'certification_expired']) AS s"
    )
    migrate(bare)
    written = (
        "SELECT mentor_id, organisation_id, state, desired_version, synced_version"
        " FROM certification.listings ORDER BY 1"
    )
    found = bare.execute(written).fetchall()
    bare.execute("TRUNCATE certification.listings")
    bare.execute("SELECT certification.bump_listing_version(ARRAY(SELECT id FROM peer_mentors))")
    assert found == bare.execute(written).fetchall()
    assert sorted(row[2] for row in found) == ["hidden"] * 6 + ["waiting"] * 2


@pytest.mark.parametrize("name", ["8_short.sql", "0099_gap.sql", "0001_twice.sql", "0008_Capital.sql"])
def test_a_name_out_of_form_or_order_is_an_error(folder: Any, name: str) -> None:
    """NNNN_what_it_does.sql, without gaps."""
    (folder / name).write_text("")
    with pytest.raises(MigrationError, match=r"is named NNNN|was expected here"):
        read_migrations(folder)


@pytest.mark.parametrize(
    "table", ["organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log"]
)
def test_a_database_without_the_foundation_is_reported_so(bare: Any, table: str) -> None:
    """By name of what is missing, before anything is written."""
    bare.execute(f"DROP TABLE {table} CASCADE".encode())
    with pytest.raises(MigrationError, match=f"lacks the foundation's tables {table}: see docs/contract.md"):
        migrate(bare)
    assert bare.execute("SELECT to_regclass('certification.migrations')").fetchone() == (None,)


def test_mentors_from_before_the_migrations_are_checked(bare: Any, database: TestDatabase) -> None:
    """I2: the triggers have seen none of them."""
    bare.execute("INSERT INTO organisations (name) VALUES ('HLF Moss')")
    bare.execute(
        "INSERT INTO peer_mentors (organisation_id, first_name, last_name, email)"
        " SELECT id, 'Kari', 'Sæther', 'kari@example.no' FROM organisations"
    )
    bare.execute("INSERT INTO certifications SELECT id, '2023-01-01', '2026-12-08' FROM peer_mentors")
    migrate(bare)
    simulate_time(bare, at_night(date(2026, 12, 1)))
    bare.execute(
        "WITH run AS (SELECT certification.start_run('expiry_check', now(), 'a-request') AS id),"
        " part AS (SELECT certification.start_organisation(run.id, o.id, '2026-12-01') FROM run, organisations AS o)"
        " SELECT * FROM part"
    )
    bare.execute(
        "SELECT certification.claim_reminders(o.id, '2026-12-01', r.id)"
        " FROM organisations AS o, certification.runs AS r"
    )
    assert bare.execute("SELECT count(*) FROM certification.cert_expiry_reminders").fetchone() == (3,)


def test_nothing_is_kept_in_a_session(connection: psycopg.Connection) -> None:
    """For a transaction pooler: no lasting temporary tables, session locks, prepared statements, LISTEN, SET."""
    forbidden = re.compile(
        r"\b(?:CREATE\s+(?:LOCAL\s+|GLOBAL\s+)?TEMP(?![^;]*\bON\s+COMMIT\s+DROP\b)"
        r"|pg_(?:try_)?advisory_lock\b|LISTEN\s|PREPARE\s|DECLARE\s+\w+\s+CURSOR|SET\s+SESSION\b|set_config\([^)]*,\s*false\s*\))",
        re.IGNORECASE,
    )
    for migration in (*read_migrations(), *read_functions()):
        assert forbidden.search(re.sub("--.*", "", migration.sql)) is None, migration.name
        assert re.search(r"^SET (?!LOCAL)", migration.sql, re.MULTILINE) is None, migration.name
    assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
