"""Apply the numbered SQL migrations, forward only.

Each file runs in one transaction as one simple query, so a transaction pooler may sit in between; a transaction-level
advisory lock lets two deployments take turns. Applying twice does nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shared.domain.errors import PermanentError

if TYPE_CHECKING:
    import psycopg

MIGRATIONS = Path(__file__).parents[2] / "migrations"
_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_LOCK = 0x686C66  # "hlf": any constant that nobody else uses
_FOUNDATION = ("organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log")


class MigrationError(PermanentError):
    """When the migrations on disk and those in the database do not fit together."""


@dataclass(frozen=True)
class Migration:
    """One file: its number, name and text."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells a file that was changed after it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(folder: Path = MIGRATIONS) -> tuple[Migration, ...]:
    """The files in order. Raises MigrationError for a name out of form, a gap or a number used twice."""
    files = sorted(folder.glob("*.sql"))
    for expected, file in enumerate(files, start=1):
        found = _NAME.match(file.name)
        if found is None:
            raise MigrationError(f"{file.name}: a migration is named NNNN_what_it_does.sql")
        if int(found[1]) != expected:
            raise MigrationError(f"{file.name}: number {expected:04d} was expected here")
    return tuple(Migration(file.name, file.read_text(encoding="utf-8")) for file in files)


def migrate(connection: psycopg.Connection, folder: Path = MIGRATIONS) -> tuple[str, ...]:
    """Apply what is missing and return its names. `connection` must not be inside a transaction."""
    migrations = read_migrations(folder)
    _require_foundation(connection)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        connection.execute(
            "CREATE SCHEMA IF NOT EXISTS certification;"
            "CREATE TABLE IF NOT EXISTS certification.migrations"
            " (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    applied = []
    for migration in migrations:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            row = connection.execute(
                "SELECT checksum FROM certification.migrations WHERE name = %s", (migration.name,)
            ).fetchone()
            if row is None:
                connection.execute("SET LOCAL lock_timeout = '5s'")
                connection.execute(migration.sql.encode())
                connection.execute(
                    "INSERT INTO certification.migrations (name, checksum) VALUES (%s, %s)",
                    (migration.name, migration.checksum),
                )
                applied.append(migration.name)
            elif row[0] != migration.checksum:
                raise MigrationError(
                    f"{migration.name} was changed after it was applied: put it back and write a new migration"
                )
    return tuple(applied)


def _require_foundation(connection: psycopg.Connection) -> None:
    with connection.transaction():
        missing = [
            name
            for name in _FOUNDATION
            if connection.execute("SELECT to_regclass(%s)", (f"public.{name}",)).fetchone() == (None,)
        ]
    if missing:
        raise MigrationError(
            f"this database lacks the foundation's tables {', '.join(missing)}: see docs/contract.md for what they hold"
        )
