"""A database of an earlier schema, with its data in it, becomes like a fresh one and loses nothing.

tests/data/schema_of_tables_0019.sql.xz is a dump by pg_dump of a database that had the tables up to number 0019, after
two nightly checks, a sending, a sync and a comparison. It stays as it is; a release adds a dump of its own.
"""

from __future__ import annotations

import lzma
import subprocess
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import database as local_database
from local.stack.server_binaries import psql_binary
from shared.adapters.postgres.migrate import migrate
from tests.conftest import TestDatabase, drop_database
from tests.integration.database.test_schema_dump import dumped
from tests.support.foundation import DAY, Foundation, days
from tests.support.nightly_checks import Functions, at_night

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from emulators.ses.server import LocalSes
    from local.stack.postgres import Postgres

DUMP = Path(__file__).parents[2] / "data" / "schema_of_tables_0019.sql.xz"
KEPT = ("notices", "cert_expiry_reminders", "transitions", "listings", "proofs", "audit", "runs", "chain")


@pytest.fixture
def earlier(postgres: Postgres, server: psycopg.Connection, tmp_path: Path) -> Iterator[TestDatabase]:
    """A database as the dump has it."""
    (path := tmp_path / "earlier.sql").write_bytes(lzma.decompress(DUMP.read_bytes()))
    database = TestDatabase(postgres, "earlier_schema")
    server.execute("CREATE DATABASE earlier_schema TEMPLATE template0")
    psql = [str(psql_binary()), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database.dsn, "-f", str(path)]
    subprocess.run(psql, check=True, stdout=subprocess.DEVNULL)
    yield database
    drop_database(server, database.name)


@pytest.fixture
def fresh(postgres: Postgres, server: psycopg.Connection) -> Iterator[TestDatabase]:
    """A database of the present schema."""
    local_database.create(postgres, "fresh_schema")
    yield (database := TestDatabase(postgres, "fresh_schema"))
    drop_database(server, database.name)


def counts(connection: psycopg.Connection) -> dict[str, Any]:
    """Return how many rows there are of what must not be lost."""
    people = Foundation(connection)
    return {name: people.one(f"SELECT count(*) FROM certification.{name}") for name in KEPT}


def test_an_earlier_database_becomes_like_a_fresh_one(earlier: TestDatabase, fresh: TestDatabase) -> None:
    """The same schema, with its data, and nothing is damaged."""
    with earlier.connect() as connection:
        before = counts(connection)
        assert all(before.values()), before
        assert migrate(connection)
        assert counts(connection) == before
        assert Foundation(connection).all("SELECT * FROM certification.structure_damage()") == []
    differ = unified_diff(dumped(fresh.dsn).splitlines(), dumped(earlier.dsn).splitlines(), lineterm="", n=1)
    assert list(differ) == []


def test_an_upgraded_database_goes_on(earlier: TestDatabase, ses: LocalSes) -> None:
    """I1, I3: what the earlier release did is done; the mails that waited go, each once."""
    with earlier.connect() as connection:
        migrate(connection)
        people = Foundation(connection)
        local_database.simulate_time(connection, at_night(DAY + days(1)))
        before = people.everything()
        with Functions(earlier.login, earlier.dsn) as functions:
            functions.nightly_check(DAY + days(1))
            after = people.everything()
            assert {name: after[name] for name in after if name != "notices"} == {
                name: before[name] for name in before if name != "notices"
            }
            assert after["notices"] == before["notices"]
            waiting = people.one("SELECT count(*) FROM certification.notices WHERE state = 'pending'")
            assert waiting > 0
            functions.send(DAY + days(1))
            functions.send(DAY + days(1))
        assert len(ses.messages) == people.one(
            "SELECT count(*) FROM certification.notices AS n JOIN certification.runs AS r ON r.id = n.sender_run_id"
            " WHERE n.state = 'sent' AND r.scheduled_at > %s",
            at_night(DAY + days(1)),
        )
        assert 0 < len(ses.messages) <= waiting
