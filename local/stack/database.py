"""The local database: stand-in for the foundation, migrations, logins, and organisations' settings."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from emulators.pg_net.worker import PG_NET_SQL
from shared.adapters.postgres.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from uuid import UUID

    from local.mentors_file.mentors import OrganisationRow
    from local.stack.postgres import Postgres

NAME = "certification"
_FOUNDATION = Path(__file__).with_name("foundation.sql")
_TEMPLATE = Path(__file__).parents[2].joinpath("template.yaml").read_text(encoding="utf-8")
# The database role of each function that template.yaml has a login for.
ROLES = {
    function: "certification_" + re.sub(r"(?<!^)(?=[A-Z])", "_", function).lower()
    for function in re.findall(r"^  (\w+):\n    Type: AWS::Serverless::Function$", _TEMPLATE, re.MULTILINE)
    if f"\n  {function}DatabaseSecret:\n" in _TEMPLATE
}
# The login of break-glass has no secret in AWS; it lies in a safe.
LOGINS = ROLES | {"BreakGlass": "certification_break_glass"}


def exists(postgres: Postgres, name: str = NAME) -> bool:
    """Return whether this database exists."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None


def create(postgres: Postgres, name: str = NAME, *, template: str | None = None) -> str:
    """Create a fresh database, and return its connection string.

    Copy `template` if it is given; otherwise build the foundation and apply the migrations.
    """
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        source = (
            sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template)) if template else sql.SQL("")
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + source)
    if template is None:
        with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
            connection.execute(_FOUNDATION.read_bytes())
            connection.execute(PG_NET_SQL.read_bytes())
            migrate(connection)
    return postgres.dsn(name)


def make_login(postgres: Postgres, whose: str, database: str = NAME) -> dict[str, str | int]:
    """Return a login of LOGINS with a new password, in the form of its secret."""
    username, password = f"local_{LOGINS[whose]}", secrets.token_urlsafe(18)
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (username,)).fetchone()
        verb = sql.SQL("ALTER ROLE {} PASSWORD {}" if known else "CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}")
        names = [sql.Identifier(username), sql.Literal(password)] + ([] if known else [sql.Identifier(LOGINS[whose])])
        connection.execute(verb.format(*names))
    return {
        "host": "127.0.0.1",
        "port": postgres.port,
        "dbname": database,
        "username": username,
        "password": password,
        "sslmode": "disable",  # the wheel's server is built without TLS
    }


def store_webhook(dsn: str, url: str, secret: str) -> None:
    """Store the address of the webhook and the key that signs its messages."""
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM certification.webhook")
        connection.execute("INSERT INTO certification.webhook (url, secret) VALUES (%s, %s)", (url, secret))


def set_evaluated(connection: psycopg.Connection, organisations: Iterable[UUID], day: date) -> None:
    """Record that the check of that day has run in these organisations."""
    connection.execute(
        "INSERT INTO certification.evaluated_days (organisation_id, day) SELECT unnest(%s::uuid[]), %s"
        " ON CONFLICT DO NOTHING",
        (list(organisations), day),
    )


def simulate_time(connection: psycopg.Connection[Any], moment: datetime | None) -> None:
    """Make `moment` the present from now on. None makes the present the clock's again."""
    connection.execute("DELETE FROM certification.simulated_time")
    if moment is not None:
        connection.execute("INSERT INTO certification.simulated_time (ahead) SELECT %s - clock_timestamp()", (moment,))


def set_present(dsn: str, moment: datetime | None) -> None:
    """Call `simulate_time` on a new connection."""
    with psycopg.connect(dsn) as connection:
        simulate_time(connection, moment)


def publish_again(dsn: str) -> None:
    """Have every listing sent to the website once more."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "SELECT certification.bump_listing_version(ARRAY(SELECT l.mentor_id FROM certification.listings AS l))"
        )


def store_settings(dsn: str, organisations: Iterable[OrganisationRow]) -> None:
    """Write organisations' settings into the configuration repository."""
    with psycopg.connect(dsn) as connection:
        for row in organisations:
            connection.execute(
                "INSERT INTO certification.organisation_settings"
                " (organisation_id, org_thresholds, thresholds, reactivate_renewed, brake_count, brake_percent)"
                " SELECT %(id)s, %(flag)s, coalesce(%(thresholds)s::smallint[], s.thresholds), %(reactivate)s,"
                " %(brake_count)s, %(brake_percent)s"
                " FROM certification.standard AS s"
                " ON CONFLICT (organisation_id) DO UPDATE SET org_thresholds = excluded.org_thresholds,"
                " thresholds = excluded.thresholds, reactivate_renewed = excluded.reactivate_renewed,"
                " brake_count = excluded.brake_count, brake_percent = excluded.brake_percent",
                {
                    "id": row.id,
                    "flag": row.org_thresholds,
                    "thresholds": list(row.thresholds) or None,
                    "reactivate": row.reactivate_renewed,
                    "brake_count": row.brake_count,
                    "brake_percent": row.brake_percent,
                },
            )
