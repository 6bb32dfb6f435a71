"""The databases a nightly check is measured on: one source per size, and a fresh, warm copy of it for every repeat."""

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
# A small server's memory, and room for a nightly check between two checkpoints. Crash safety stays on. Autovacuum is
# off, so that it disturbs no measurement; every source is vacuumed and analysed.
SETTINGS: Final = {"shared_buffers": "1GB", "max_wal_size": "4GB", "autovacuum": "off"}
_WARM: Final = """
    SELECT sum(pg_prewarm(c.oid)) FROM pg_class AS c
     WHERE c.relnamespace IN ('public'::regnamespace, 'certification'::regnamespace) AND c.relkind IN ('r', 'i')"""


@contextmanager
def benchmark_server() -> Iterator[tuple[Postgres, Path]]:
    """A server of its own and a folder for the rest; both are gone when the block ends."""
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nightly-", dir=HOME) as folder:
        postgres = Postgres(Path(folder) / "postgres", settings=SETTINGS)
        try:
            postgres.start()
            yield postgres, Path(folder)
        finally:
            postgres.destroy()


def make_source(postgres: Postgres, mentors: int) -> str:
    """A database with `mentors` mentors after a nightly check on which nobody was due yet. Return its name."""
    name = f"nightly_{mentors}"
    dsn = database.create(postgres, name)
    with connected(dsn) as connection:
        load(connection, mentors)
        # An outage of six weeks exceeds every sensible limit; this one counts, compares, and lets it pass.
        connection.execute("UPDATE certification.standard SET brake_percent = 100")
        connection.execute("CREATE EXTENSION pg_prewarm")
        database.simulate_time(connection, datetime.combine(FIRST_EXPIRY + timedelta(days=365), time.min, UTC))
        run_nightly_check(connection, FIRST_EXPIRY - timedelta(days=60))
        connection.execute("VACUUM ANALYZE")
    return name


@contextmanager
def fresh_copy(postgres: Postgres, source: str) -> Iterator[Connection]:
    """A connection to a copy of `source` that is in shared buffers as far as it fits."""
    with connected(database.create(postgres, COPY, template=source)) as connection:
        connection.execute(_WARM)
        connection.execute("CHECKPOINT")
        yield connection


@contextmanager
def connected(dsn: str) -> Iterator[Connection]:
    """A connection as the functions use it: autocommit, nothing prepared, rows as dictionaries."""
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=None, row_factory=dict_row) as connection:
        yield connection
