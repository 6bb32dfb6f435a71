"""Databases of the app for the integration checkpoint: the stand-in as an ordinary owner has it, and what spoils it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from emulators.pg_net.worker import PG_NET_SQL
from local.stack.database import _FOUNDATION, store_webhook
from shared.adapters.postgres.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.postgres import Postgres

OWNER = "contract_owner"
PASSWORD = "of-a-throw-away-database"
WEBHOOK = ("https://webhook.example.no/", "k" * 40)


@contextmanager
def contract_database(postgres: Postgres, name: str, *, before: str = "", after: str = "") -> Iterator[str]:
    """Make a database whose app and whose schema certification belong to one ordinary role; yield its superuser's dsn.

    `before` spoils the app's tables before the migrations, `after` whatever is there then.
    """
    with foundation_database(postgres, name) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(PG_NET_SQL.read_bytes())
            connection.execute(f"GRANT USAGE ON SCHEMA net TO {OWNER}".encode())
            connection.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA net TO {OWNER}".encode())
        with owner_of(postgres, name) as owner:
            if before:
                owner.execute(before.encode())
            migrate(owner)
            owner.execute("UPDATE certification.standard SET brake_count = 1000000")
        store_webhook(dsn, *WEBHOOK)
        if after:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(after.encode())
        yield dsn


@contextmanager
def foundation_database(postgres: Postgres, name: str, *, encoding: str = "UTF8") -> Iterator[str]:
    """Make a database with the app's tables alone, which belong to an ordinary role; yield its superuser's dsn."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        if server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
            server.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}").format(
                    sql.Identifier(OWNER), sql.Literal(PASSWORD)
                )
            )
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        of = sql.SQL("" if encoding == "UTF8" else " ENCODING {} LOCALE 'C' TEMPLATE template0").format(encoding)
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}{}").format(sql.Identifier(name), sql.Identifier(OWNER), of))
    try:
        with owner_of(postgres, name) as owner:
            owner.execute(_FOUNDATION.read_bytes())
        yield postgres.dsn(name)
    finally:
        with psycopg.connect(postgres.dsn(), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def owner_of(postgres: Postgres, name: str) -> Iterator[psycopg.Connection[Any]]:
    """Open a connection of the role that owns the app's tables and the schema, in autocommit."""
    with psycopg.connect(owner_dsn(postgres, name), autocommit=True) as connection:
        yield connection


def owner_dsn(postgres: Postgres, name: str) -> str:
    """Return the connection string of the owner."""
    return make_conninfo(postgres.dsn(name), user=OWNER, password=PASSWORD)
