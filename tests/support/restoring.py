"""A database that is dumped, goes on, and is restored to the dump: PostgreSQL's own pg_dump and psql."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import psycopg

from local.stack.server_binaries import psql_binary
from tests.support.foundation import Foundation
from tests.support.nightly_checks import Functions
from tests.support.reconciling import Reconciler
from tests.support.syncs import SyncWorker

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.syncs import Crew


class Age:
    """The system between two restores: every connection is of this age, as all end when a database is replaced."""

    def __init__(self, database: TestDatabase, crew: Crew) -> None:
        self._open = ExitStack()
        self.connection = self._open.enter_context(database.connect())
        self.foundation = Foundation(self.connection)
        self.functions = self._open.enter_context(Functions(database.login, database.dsn))
        self.worker = self._open.enter_context(SyncWorker(crew.login, crew.url, crew.secret, owner=crew.owner))
        self.reconciler = self._open.enter_context(Reconciler(database.login("Reconciliation"), crew.url, crew.secret))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sync(self) -> None:
        """Bring everything that waits to the website."""
        self.worker.seconds = 60.0
        assert self.worker.unsynced().complete


@dataclass(frozen=True)
class Backup:
    """A dump in a file."""

    database: TestDatabase
    path: Path

    @classmethod
    def of(cls, database: TestDatabase, path: Path) -> Backup:
        """Dump the database as it is now."""
        _run("pg_dump", "-d", database.dsn, "-f", str(path))
        return cls(database, path)

    def restore(self, present: datetime) -> None:
        """Replace the database by the dump. Every connection to it ends; `present` is what time it is."""
        name = self.database.name
        with psycopg.connect(self.database.postgres.dsn(), autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            server.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        _run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.database.dsn, "-f", str(self.path))
        with self.database.connect() as connection:
            people = Foundation(connection)
            people.present(present)
            # The simulated present is not what a listing's age goes by. What the dump has, is older than the restore.
            people.past_triggers("UPDATE certification.listings SET changed_at = changed_at - interval '1 month'")


def _run(program: str, *arguments: str) -> None:
    subprocess.run([psql_binary().with_name(program), *arguments], check=True, stdout=subprocess.DEVNULL)
