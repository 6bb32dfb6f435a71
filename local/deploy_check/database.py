"""The app's database before any of this came: its tables, an owner who is no superuser, and a few mentors."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from emulators.pg_net.worker import PG_NET_SQL
from local.deploy_check.tls import TlsProxy
from local.stack.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER, DATABASE = "owner", "app"
PASSWORD: Final = "the owner's own"
_FOUNDATION: Final = Path(__file__).parents[1] / "stack" / "foundation.sql"
_TABLES: Final = ("organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log")

# Whoever these are, and on whatever day: some are valid, one ends within a threshold, one ended yesterday.
_MENTORS: Final = """
WITH o AS (INSERT INTO organisations (name) VALUES ('HLF Prøve') RETURNING id),
     c AS (INSERT INTO coordinators (organisation_id, full_name, email)
           SELECT o.id, 'Kari Koordinator', 'kari@example.no' FROM o RETURNING id, organisation_id),
     m AS (INSERT INTO peer_mentors (organisation_id, coordinator_id, first_name, last_name, email, area,
                                     listing_consent)
           SELECT c.organisation_id, c.id, 'Likeperson', 'Nummer ' || n, 'likeperson' || n || '@example.no', 'Oslo',
                  n <> 3 FROM c, generate_series(1, 12) AS n RETURNING id, last_name)
INSERT INTO certifications (mentor_id, certified_on, expires_on)
SELECT m.id, current_date - 700,
       current_date + CASE m.last_name WHEN 'Nummer 1' THEN -1 WHEN 'Nummer 2' THEN 20 ELSE 300 END FROM m
"""


@dataclass(frozen=True)
class AppDatabase:
    """The server, and the TLS before it."""

    server: Postgres
    proxy: TlsProxy

    @property
    def dsn(self) -> str:
        """As the server's superuser, whom none of the guide's lines is."""
        return self.server.dsn(DATABASE)

    @property
    def owners(self) -> str:
        """As the owner of the app's tables."""
        return psycopg.conninfo.make_conninfo(self.dsn, user=OWNER, password=PASSWORD)


@contextmanager
def app_database(folder: Path) -> Iterator[AppDatabase]:
    """Yield the app's database; the authority of its certificate is in `database-ca.pem`."""
    with Postgres(folder / "server", durable=False) as server, TlsProxy(server.port) as proxy:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            words = psycopg.sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}")
            connection.execute(words.format(psycopg.sql.Identifier(OWNER), psycopg.sql.Literal(PASSWORD)))
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}".encode())
        with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
            connection.execute(_FOUNDATION.read_bytes())
            connection.execute(PG_NET_SQL.read_bytes())
            connection.execute(f"GRANT CREATE ON SCHEMA public TO {OWNER}".encode())
            for table in _TABLES:
                connection.execute(f"ALTER TABLE {table} OWNER TO {OWNER}".encode())
            connection.execute(_MENTORS.encode())
        proxy.write_authority(folder / "database-ca.pem")
        yield AppDatabase(server, proxy)
