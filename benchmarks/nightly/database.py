"""The databases for measuring a nightly check: one source per size, and a fresh, warm copy of it for every repeat."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.rows import dict_row

from benchmarks.mentors_at_scale import FIRST_EXPIRY, load
from benchmarks.nightly.calls import run_nightly_check
from local.stack import database
from local.stack.postgres import Postgres
from local.stack.stack import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.adapters.postgres.connection import Connection

COPY: Final = "nightly_copy"
# The memory of a small server, and room for a nightly check between two checkpoints. Crash safety stays on. Autovacuum
# is off, so that it disturbs no measurement; every source is vacuumed and analysed.
SETTINGS: Final = {"shared_buffers": "1GB", "max_wal_size": "4GB", "autovacuum": "off"}
_WARM: Final = """
    SELECT sum(pg_prewarm(c.oid)) FROM pg_class AS c
     WHERE c.relnamespace IN ('public'::regnamespace, 'certification'::regnamespace) AND c.relkind IN ('r', 'i')"""


@contextmanager
def benchmark_server() -> Iterator[tuple[Postgres, Path]]:
    """Yield a separate server and a folder for other files; both are deleted when the block ends."""
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nightly-", dir=HOME) as folder:
        postgres = Postgres(Path(folder) / "postgres", settings=SETTINGS)
        try:
            postgres.start()
            yield postgres, Path(folder)
        finally:
            postgres.destroy()


def make_source(postgres: Postgres, mentors: int) -> str:
    """Create a database with `mentors` mentors after a nightly check in which nothing was due, and return its name."""
    name = f"nightly_{mentors}"
    dsn = database.create(postgres, name)
    with connected(dsn) as connection:
        load(connection, mentors)
        # An outage of six weeks exceeds every sensible limit. This limit counts and compares, and lets the change pass.
        connection.execute("UPDATE certification.standard SET brake_percent = 100")
        connection.execute("CREATE EXTENSION pg_prewarm")
        database.simulate_time(connection, datetime.combine(FIRST_EXPIRY + timedelta(days=365), time.min, UTC))
        run_nightly_check(connection, FIRST_EXPIRY - timedelta(days=60))
        connection.execute("VACUUM ANALYZE")
    return name


@contextmanager
def fresh_copy(postgres: Postgres, source: str) -> Iterator[Connection]:
    """Yield a connection to a copy of `source` that is in shared buffers as far as it fits."""
    with connected(database.create(postgres, COPY, template=source)) as connection:
        connection.execute(_WARM)
        connection.execute("CHECKPOINT")
        yield connection


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """Yield a connection as the functions use it: autocommit, no prepared statements, rows as dictionaries."""
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None, row_factory=dict_row) as connection:
        yield connection
