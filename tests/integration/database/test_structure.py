"""What holds the rules is there, or operations hears of it and `migrate` puts it back (issue 8 A1, I)."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from operations.commands.alerts import read_current_conditions
from operations.commands.status import read_status
from shared.adapters.postgres.migrate import MIGRATIONS, migrate, read_migrations
from shared.domain.comparison import ProofVerdict
from tests.support.foundation import DAY, days
from tests.support.operator import Operator
from tests.support.there import there

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler

REMINDER = "cert_expiry_reminders.reminder_once"
# How it is damaged, and the fact that says so; None: triggers that are off have a condition of their own.
DAMAGES = {
    "a unique constraint": (
        "ALTER TABLE certification.cert_expiry_reminders DROP CONSTRAINT reminder_once",
        {"missing": REMINDER},
    ),
    "a check": (
        "ALTER TABLE certification.runs DROP CONSTRAINT run_state_known",
        {"missing": "runs.run_state_known"},
    ),
    "a check, and another of its name": (
        (
            "ALTER TABLE certification.runs DROP CONSTRAINT run_state_known,"
            " ADD CONSTRAINT run_state_known CHECK (state <> '')"
        ),
        {"changed": "runs.run_state_known"},
    ),
    "a check that looked at no older row": (
        (
            "ALTER TABLE certification.audit DROP CONSTRAINT audit_names_an_actor,"
            " ADD CONSTRAINT audit_names_an_actor CHECK (btrim(actor) <> '') NOT VALID"
        ),
        {"invalid": "audit.audit_names_an_actor"},
    ),
    "a foreign key": (
        "ALTER TABLE certification.run_counts DROP CONSTRAINT count_of_a_run",
        {"missing": "run_counts.count_of_a_run"},
    ),
    "what enforces a foreign key": (
        "ALTER TABLE certification.run_counts DISABLE TRIGGER ALL",
        {"disabled": "run_counts.count_of_a_run"},
    ),
    "not null": (
        "ALTER TABLE certification.runs ALTER COLUMN function DROP NOT NULL",
        {"missing": "runs.function"},
    ),
    "an index": ("DROP INDEX certification.alert_open_once", {"missing": "alert_open_once"}),
    "an index of the app's table": (
        "DROP INDEX public.certifications_expires_on",
        {"missing": "certifications_expires_on"},
    ),
    "an invalid index": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'certification.notice_once'::regclass",
        {"invalid": "notice_once"},
    ),
    "a disabled trigger of the app's table": (
        "ALTER TABLE public.peer_mentors DISABLE TRIGGER certification_listing_updated",
        None,
    ),
    "a trigger that fires for a replica only": (
        "ALTER TABLE public.certifications ENABLE REPLICA TRIGGER certification_listing_deleted",
        None,
    ),
    "a dropped trigger of the app's table": (
        "DROP TRIGGER certification_recheck_inserted ON public.certifications",
        None,
    ),
    "a trigger of our settings": (
        "DROP TRIGGER listing_mapping_keeps_its_flags ON certification.standard",
        None,
    ),
    "a function": ("DROP FUNCTION certification.claim_reminders", {"missing": "claim_reminders"}),
    "a function that does something else": (
        (
            "CREATE OR REPLACE FUNCTION certification.may_run(p_function text) RETURNS boolean"
            " LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS 'SELECT true'"
        ),
        {"changed": "may_run"},
    ),
    "a function's rights": (
        "ALTER FUNCTION certification.record_changed_listings() SECURITY INVOKER",
        {"changed": "record_changed_listings"},
    ),
}


def damage(connection):
    return connection.execute("SELECT kind, name, damage FROM certification.structure_damage()").fetchall()


def facts(connection):
    """The facts of the condition, or None."""
    return next((t.facts for t in read_current_conditions(connection) if t.condition == "structure_damaged"), None)


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_is_reported_named_and_put_back(connection: psycopg.Connection, what: Any) -> None:
    """Issue 8 I: missing, invalid, disabled or changed is a condition of its own, and `migrate` cures it."""
    assert damage(connection) == []
    statement, expected = DAMAGES[what]
    connection.execute(statement)
    assert facts(connection) == expected
    assert read_status(connection).verdict == ProofVerdict.NO
    said: list[Any] = []
    migrate(connection, report=said.append)
    assert [s.endswith("is as it should be again.") for s in said] == [True]
    assert damage(connection) == []
    assert facts(connection) is None
    migrate(connection, report=said.append)
    assert len(said) == 1


def test_the_sweep_reports_of_what_is_missing(
    foundation: Foundation, reconciler: Reconciler, database: TestDatabase, connection: psycopg.Connection
) -> None:
    """Issue 8 I: in the run that sees it, under the function's own login."""
    connection.execute("ALTER TABLE certification.notices DROP CONSTRAINT notice_state_known")
    secret = database.login("Reconciliation")
    with psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        dbname=secret["dbname"],
        user=secret["username"],
        password=secret["password"],
    ) as login:
        login.execute("SELECT certification.record_alerts()")
    open_now = foundation.all("SELECT n FROM certification.alerts WHERE condition = 'structure_damaged'")
    assert open_now == [1]


def test_reviewing_duplicates_does_not_cure_the_constraint(
    foundation: Foundation, connection: psycopg.Connection
) -> None:
    """Issue 8 I: "everything is as it should be" was shown while the unique constraint was missing."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(10))
    connection.execute("ALTER TABLE certification.cert_expiry_reminders DROP CONSTRAINT reminder_once")
    for _ in range(2):
        foundation.do(
            "INSERT INTO certification.cert_expiry_reminders"
            " (mentor_id, threshold_day, certification_expiry_date, as_of, run_id, state)"
            " VALUES (%s, 30, %s, %s, %s, 'claimed')",
            mentor,
            DAY,
            DAY,
            uuid4(),
        )
    foundation.do("SELECT certification.find_duplicates(%s)", uuid4())
    foundation.do("SELECT certification.review_duplicates('reminder', NULL, 'turid', 'seen')")
    assert [t.condition for t in read_status(connection).alerts if t.condition == "duplicates"] == []
    assert facts(connection) == {"missing": REMINDER}
    said: list[Any] = []
    migrate(connection, report=said.append)
    assert said == [
        (
            f"constraint certification.{REMINDER} is missing and cannot be put back: 1 row is against it."
            " Put that right, then migrate again."
        )
    ]
    assert facts(connection) == {"missing": REMINDER}
    foundation.do(
        "DELETE FROM certification.cert_expiry_reminders AS r USING certification.cert_expiry_reminders AS o"
        " WHERE o.ctid < r.ctid"
    )
    migrate(connection)
    assert facts(connection) is None


@pytest.mark.parametrize(
    ("drop", "rows", "against"),
    [
        (
            "ALTER TABLE certification.run_counts DROP CONSTRAINT count_of_a_run",
            (
                "INSERT INTO certification.run_counts SELECT gen_random_uuid(), gen_random_uuid(), 'x', '', 1"
                " FROM generate_series(1, 3)"
            ),
            3,
        ),
        (
            "ALTER TABLE certification.queue_depths DROP CONSTRAINT queue_depth_not_negative",
            "INSERT INTO certification.queue_depths VALUES ('A', -1), ('B', -1), ('C', 1)",
            2,
        ),
        (
            "DROP INDEX certification.alert_open_once",
            (
                "INSERT INTO certification.alerts (condition, since, n, closed_at)"
                " SELECT 'duplicates', now(), 1, CASE WHEN i > 3 THEN now() END FROM generate_series(1, 5) AS i"
            ),
            2,
        ),
        (
            "ALTER TABLE certification.listings ALTER COLUMN organisation_id DROP NOT NULL",
            "INSERT INTO certification.listings (mentor_id, state) VALUES (gen_random_uuid(), 'waiting')",
            1,
        ),
    ],
    ids=["foreign key", "check", "partial unique index", "not null"],
)
def test_what_rows_are_against_is_counted(connection: psycopg.Connection, drop: str, rows: str, against: int) -> None:
    """Issue 8 I: what `migrate` cannot put back it says with the number of rows, and stays expected."""
    connection.execute(drop)
    connection.execute(rows)
    said: list[Any] = []
    migrate(connection, report=said.append)
    assert [f" cannot be put back: {against} row" in s for s in said] == [True]
    assert len(damage(connection)) == 1


def test_a_lost_table_is_said_once(connection: psycopg.Connection) -> None:
    """Everything of it is gone with it; no statement brings its rows back."""
    connection.execute("DROP TABLE certification.queue_depths")
    assert damage(connection) == [("table", "certification.queue_depths", "missing")]
    said: list[Any] = []
    migrate(connection, report=said.append)
    assert said == ["table certification.queue_depths is missing with all its rows: restore it from a backup."]


def test_what_a_migration_drops_is_not_missed(connection: psycopg.Connection, tmp_path: Path) -> None:
    """Neither what it drops nor what it changes, even where that was damaged before."""
    folder = shutil.copytree(MIGRATIONS, tmp_path / "tables")
    number = len(read_migrations()) + 1
    (folder / f"{number:04d}_fewer_rules.sql").write_text(
        "ALTER TABLE certification.runs DROP CONSTRAINT run_state_known;"
        "ALTER TABLE certification.queue_depths DROP CONSTRAINT IF EXISTS queue_depth_not_negative;"
    )
    connection.execute("ALTER TABLE certification.queue_depths DROP CONSTRAINT queue_depth_not_negative")
    connection.execute("INSERT INTO certification.queue_depths VALUES ('A', -1)")
    migrate(connection, folder)
    assert damage(connection) == []


def test_another_postgresql_may_write_the_same_otherwise(connection: psycopg.Connection) -> None:
    """After an upgrade definitions are not compared until the next `migrate`; what is missing still is."""
    connection.execute("UPDATE certification.expected_structure SET definition = 'in other words', as_shown = 14")
    assert damage(connection) == []
    connection.execute("DROP INDEX certification.alert_open_once")
    assert damage(connection) == [("index", "certification.alert_open_once", "missing")]


def test_every_part_of_a_fresh_database_is_expected(connection: psycopg.Connection) -> None:
    """So that nothing of ours is left out of the look."""
    kinds: dict[Any, Any] = dict(
        connection.execute("SELECT kind, count(*) FROM certification.expected_structure GROUP BY kind").fetchall()
    )
    tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'certification'").fetchone()
    assert kinds["table"] == there(tables)[0]
    assert set(kinds) == {"table", "constraint", "not_null", "index", "trigger", "function"}


def test_the_check_takes_milliseconds(connection: psycopg.Connection) -> None:
    """It is part of every sweep and of every `status`."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        damage(connection)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05


def test_the_command_ends_with_1_while_something_is_damaged(
    database: TestDatabase, connection: psycopg.Connection
) -> None:
    """One table of exit codes (issue 8 A2): 0 done, 1 something is wrong."""
    owner = Operator.at(database.dsn)
    connection.execute("DROP INDEX certification.alert_open_once")
    assert "alert_open_once was missing" in " ".join(owner.run("migrate").split())
    connection.execute("DROP TABLE certification.queue_depths")
    owner.run("migrate", expect=1)
