"""Issue 8 H: local data that a killed program or another version left behind are no reason not to start."""

from __future__ import annotations

import fcntl
import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from emulators.dataverse.control import rows_file
from emulators.dataverse.model import schema_file
from emulators.dataverse.model.store import Store
from local.stack import database, session, stack
from local.stack.dataverse import TABLES
from local.stack.postgres import Postgres, PostgresError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"tables": {"hlf_peermentors": [1]}, "version": 1}', '{"tables": 1}']
)
def test_rows_that_cannot_be_read_are_put_aside(tmp_path: Path, content: str) -> None:
    """The emulator did not start any more; with the file gone, the stack brings everybody to the website again."""
    rows = tmp_path / "dataverse.json"
    rows.write_text(content)
    store = Store(schema_file.load(TABLES))
    rows_file.read(store, rows)
    assert not rows.exists()
    assert (tmp_path / "dataverse.unreadable").read_text() == content
    assert not any(table.rows for table in store.tables_by_set.values())


@pytest.mark.parametrize("addresses", [{}, [], None, {"dsn": "postgresql://"}])
def test_addresses_of_another_version_are_no_traceback(tmp_path: Path, addresses: object) -> None:
    """What holds the data cannot be asked then, and that is said."""
    (tmp_path / stack.ADDRESSES).write_text(json.dumps(addresses))
    with (tmp_path / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(stack.StackRunningError), session.database_only(tmp_path):
            pass


def test_addresses_of_a_killed_stack_are_forgotten(tmp_path: Path) -> None:
    """Another command, beside one that has the data for itself, would go where nobody is any more."""
    (tmp_path / stack.ADDRESSES).write_text("{}")
    with stack._hold(tmp_path / "lock"):
        assert not (tmp_path / stack.ADDRESSES).exists()


def test_a_database_of_another_version_is_explained(postgres: Postgres) -> None:
    """Its table migrations are not those of this version; the sentence says how to start anew."""
    dsn = database.create(postgres)
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO certification.migrations VALUES ('0001_settings_and_runs.sql', '')")
    with pytest.raises(PostgresError, match=r"of another version \(.*\): `python -m local up --fresh` makes them anew"):
        stack._migrated(postgres)
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute(f"DROP DATABASE {database.NAME}".encode())
