"""The migration of the database: the numbered table migrations, forward only, then the SQL functions as they are now.

`shared/database/tables/` holds tables, columns and constraints. A file there never changes once it was applied.
`shared/database/functions/` holds the current text of every SQL function, trigger and grant. A file there is applied
again when it has changed. `functions/before_tables.sql` comes before the tables, whose constraints and defaults call
it. The structure that must be there is kept by `functions/structure.sql`.

One apply is one transaction, and each file in it is one simple query. So a transaction pooler may sit in between, and
no function is ever missing while another deployment runs. A transaction-level advisory lock makes two deployments
take turns. Applying twice does nothing, except that damaged parts of an earlier apply are restored.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.adapters.postgres import foundation
from shared.domain.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

MIGRATIONS = Path(__file__).parents[2] / "database" / "tables"
FUNCTIONS = Path(__file__).parents[2] / "database" / "functions"
_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_BEFORE_THE_FOLD = re.compile(r"^\d{4}_")  # the names that migrations had before they were folded into tables/
_BEFORE_TABLES = "functions/before_tables.sql"
_STRUCTURE = "functions/structure.sql"
# Every statement names its schema, so that no object that another user put into a schema is run as the owner.
# A database may have standard_conforming_strings off, which would turn the backslashes of our patterns into escapes.
_PATH = "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL standard_conforming_strings = on"
_LOCK = 0x686C66  # "hlf": any constant that no other program uses


class MigrationError(PermanentError):
    """The migrations on disk and those in the database do not fit together."""


class OtherVersionError(MigrationError):
    """The database was migrated by a version whose table migrations are not those on disk."""


@dataclass(frozen=True)
class Migration:
    """One file, by its name and text."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Return the checksum, by which a file that was changed after it was applied is recognised."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """Return the files in order. Raises MigrationError for a malformed name, a gap or a number that is used twice."""
    files = sorted(folder.glob("*.sql"))
    for expected, file in enumerate(files, start=1):
        found = _NAME.match(file.name)
        if found is None:
            raise MigrationError(f"{file.name}: a migration is named NNNN_what_it_does.sql")
        if int(found[1]) != expected:
            raise MigrationError(f"{file.name}: number {expected:04d} was expected here")
    return tuple(Migration(f"tables/{file.name}", file.read_text(encoding="utf-8")) for file in files)


def read_functions(folder: Path = FUNCTIONS) -> tuple[Migration, ...]:
    """Return the files of SQL functions in the order of their paths. None depends on another while it is created."""
    return tuple(
        Migration(f"functions/{file.relative_to(folder).as_posix()}", file.read_text("utf-8"))
        for file in sorted(folder.rglob("*.sql"))
    )


def migrate(
    connection: psycopg.Connection,
    folder: Path = MIGRATIONS,
    functions: Path = FUNCTIONS,
    report: Callable[[str], None] = lambda _: None,
) -> tuple[str, ...]:
    """Apply what is missing or has changed and return its names. `connection` must not be inside a transaction.

    `report` is called with a sentence for each damaged constraint, index or trigger, and for what could not be done.
    Raises OtherVersionError for an applied table migration that is changed or missing on disk, and for a new one whose
    number is below an applied one; MigrationError for tables of the app that cannot work. Nothing is applied then.
    """
    numbered, repeatable = read_migrations(folder), read_functions(functions)
    _require_foundation(connection)
    applied = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE SCHEMA IF NOT EXISTS certification;"
            "CREATE TABLE IF NOT EXISTS certification.migrations"
            " (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        known: dict[str, str] = dict(
            connection.execute("SELECT name, checksum FROM certification.migrations").fetchall()
        )
        connection.execute("SET LOCAL lock_timeout = '5s'")
        # A function may call one of a later file, or use a table that is created only after it.
        connection.execute("SET LOCAL check_function_bodies = off")
        connection.execute(_PATH)
        _require_same_history(known, numbered)
        damaged, still_expected = _mend(connection, repeatable, report)
        first = [file for file in repeatable if file.name == _BEFORE_TABLES]
        for file in (*first, *numbered, *(file for file in repeatable if file not in first)):
            if known.get(file.name) != file.checksum or (damaged and file in repeatable):
                _apply(connection, file)
                applied.append(file.name)
        _write_structure(connection, still_expected, [m for m in numbered if m.name in applied], changed=bool(applied))
        for (refusal,) in connection.execute("SELECT certification.revoke_temporary()").fetchall():
            if refusal is not None:
                report(refusal)
    return tuple(applied)


def _mend(
    connection: psycopg.Connection, repeatable: tuple[Migration, ...], report: Callable[[str], None]
) -> tuple[bool, list[str]]:
    """Restore what an earlier apply created and is gone.

    Return whether the functions' files have to be applied again, and what could not be restored.
    """
    if connection.execute("SELECT to_regclass('certification.expected_structure')").fetchone() == (None,):
        return False, []
    for file in repeatable:
        if file.name == _STRUCTURE:
            connection.execute(file.sql.encode())
    for (said,) in connection.execute("SELECT said FROM certification.mend_structure()").fetchall():
        report(said)
    damage = connection.execute("SELECT kind, name FROM certification.structure_damage()").fetchall()
    in_files = [(kind, name) for kind, name in damage if kind in {"function", "trigger"}]
    for kind, name in in_files:
        report(f"{kind} {name} was missing or changed and is as it should be again.")
    return bool(in_files), [f"{kind} {name}" for kind, name in damage if (kind, name) not in in_files]


def _write_structure(
    connection: psycopg.Connection, still_expected: list[str], new: list[Migration], *, changed: bool
) -> None:
    """Record the structure that has to be there from now on, unless nothing has changed."""
    of_another_version = connection.execute(
        "SELECT NOT EXISTS (SELECT 1 FROM certification.expected_structure AS e"
        " WHERE e.as_shown = current_setting('server_version_num')::integer / 10000)"
    ).fetchone()
    if changed or of_another_version == (True,):
        # An item that a new migration mentions is as that migration has left it, so it is not expected as before.
        kept = [item for item in still_expected if not any(item.rpartition(".")[2] in m.sql for m in new)]
        connection.execute("SELECT certification.write_structure(%s)", (kept,))


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    connection.execute(migration.sql.encode())
    connection.execute(
        "INSERT INTO certification.migrations AS m (name, checksum) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = excluded.applied_at",
        (migration.name, migration.checksum),
    )


def _require_same_history(known: dict[str, str], numbered: tuple[Migration, ...]) -> None:
    """Refuse a database whose applied table migrations are not, unchanged, the first ones on disk."""
    if any(_BEFORE_THE_FOLD.match(name) for name in known):
        raise OtherVersionError(
            "this database was created by a version before the first release, whose migrations have been folded since:"
            " create it again"
        )
    past = sorted(name for name in known if name.startswith("tables/"))
    on_disk = {migration.name: migration for migration in numbered}
    for name in past:
        if name not in on_disk:
            raise OtherVersionError(
                f"{name} was applied to this database and is missing here: use the version that has it"
            )
        if known[name] != on_disk[name].checksum:
            raise OtherVersionError(f"{name} was changed after it was applied: put it back and write a new migration")
    for name in on_disk:
        if past and name not in known and name < past[-1]:
            raise OtherVersionError(
                f"{name} comes before {past[-1]}, which was applied already: give it the next number"
            )


def _require_foundation(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute(_PATH)
        missing = foundation.missing_tables(connection)
        if missing:
            raise MigrationError(
                f"this database lacks the foundation's tables {', '.join(missing)}:"
                " see docs/contract.md for what they hold"
            )
        problems = foundation.problems(connection)
    if problems:
        raise MigrationError(
            "\n".join(("nothing was changed, because the app's tables do not fit yet (docs/contract.md):", *problems))
        )
