"""The floor of a nightly check: the least that PostgreSQL can do to make the same rows.

The *floor* computes a nightly check's rows from the tables as they were before it (certifications, peer_mentors). It
writes them with one bare INSERT … SELECT for each table that a nightly check writes: reminders, notices, transitions,
the status log, and the new versions of the mentors that it expires. Its target tables have the columns of the real ones
and are unlogged, without a constraint, an index or a trigger. It claims nothing, locks nothing, counts nothing and
could not be run twice.

Two stricter floors have names of their own. The *shared floor* finds the mentors once and writes all five tables from
that in one statement. The *copy* takes the finished rows of the real nightly check and skips even finding the mentors.

All floors run with the memory and planner settings that the nightly check's functions set for themselves.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from uuid import UUID

    from shared.adapters.postgres.connection import Connection

# Each table that a nightly check writes, and the condition for the rows of one nightly check.
_WRITTEN: Final = {
    "reminders": ("certification.cert_expiry_reminders", "run_id = %(run)s"),
    "notices": ("certification.notices", "run_id = %(run)s"),
    "transitions": ("certification.transitions", "run_id = %(run)s"),
    "status_log": ("public.mentor_status_log", "true"),
    "mentors": ("public.peer_mentors", "status = 'certification_expired'"),
}

_EXPIRED: Final = """
      FROM public.certifications AS c
      JOIN public.peer_mentors AS m ON m.id = c.mentor_id
     WHERE m.status = 'active' AND c.expires_on < %(as_of)s"""
_BARE: Final = {
    "reminders": """
    SELECT c.mentor_id, t.day, c.expires_on, %(as_of)s, %(run)s,
           CASE WHEN c.expires_on < %(as_of)s OR c.expires_on <= %(as_of)s + t.nearer THEN 'collapsed'
                WHEN certification.mail_problem(m.email) IS NULL THEN 'claimed' ELSE 'unreachable' END,
           CASE WHEN c.expires_on < %(as_of)s THEN 'expired'
                WHEN c.expires_on <= %(as_of)s + t.nearer THEN 'nearer_threshold'
                ELSE certification.mail_problem(m.email) END
      FROM public.certifications AS c
      JOIN public.peer_mentors AS m ON m.id = c.mentor_id
      JOIN (VALUES (30, 14), (14, 7), (7, NULL)) AS t (day, nearer) ON c.expires_on <= %(as_of)s + t.day
     WHERE m.status = 'active' AND c.expires_on <= %(as_of)s + 30""",
    "notices": """
    SELECT row_number() OVER (), %(run)s, x.organisation_id, x.kind, x.mentor_id, x.coordinator_id, x.threshold_day,
           x.expires_on, 'pending', NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL
      FROM (SELECT m.organisation_id, 'reminder' AS kind, m.id AS mentor_id, NULL::uuid AS coordinator_id,
                   CASE WHEN c.expires_on <= %(as_of)s + 7 THEN 7 WHEN c.expires_on <= %(as_of)s + 14 THEN 14
                        ELSE 30 END AS threshold_day, c.expires_on
              FROM public.certifications AS c
              JOIN public.peer_mentors AS m ON m.id = c.mentor_id
             WHERE m.status = 'active' AND c.expires_on BETWEEN %(as_of)s AND %(as_of)s + 30
               AND certification.mail_problem(m.email) IS NULL
            UNION ALL
            SELECT m.organisation_id, 'expired', m.id, NULL, NULL, c.expires_on"""
    + _EXPIRED
    + """
               AND certification.mail_problem(m.email) IS NULL
            UNION ALL
            SELECT DISTINCT m.organisation_id, 'digest', NULL::uuid, m.coordinator_id, NULL::integer, NULL::date
              FROM public.certifications AS c
              JOIN public.peer_mentors AS m ON m.id = c.mentor_id
             WHERE m.status = 'active' AND c.expires_on <= %(as_of)s + 30 AND m.coordinator_id IS NOT NULL) AS x""",
    "transitions": "SELECT m.id, 'certification_expired', c.expires_on, %(as_of)s, %(run)s" + _EXPIRED,
    "status_log": "SELECT row_number() OVER (), m.id, 'active', 'certification_expired', 'certification_expired',"
    " 'system:expiry_check', c.expires_on, now()" + _EXPIRED,
    "mentors": "SELECT m.id, m.organisation_id, m.coordinator_id, m.first_name, m.last_name, m.email, m.phone, m.area,"
    " 'certification_expired', m.listing_consent, m.locale" + _EXPIRED,
}
_SHARED: Final = """
    WITH due AS MATERIALIZED (
        SELECT m.*, c.expires_on, certification.mail_problem(m.email) AS problem, c.expires_on < %(as_of)s AS expired
          FROM public.certifications AS c
          JOIN public.peer_mentors AS m ON m.id = c.mentor_id
         WHERE m.status = 'active' AND c.expires_on <= %(as_of)s + 30
    ), reminders AS (
        INSERT INTO floor.reminders
        SELECT d.id, t.day, d.expires_on, %(as_of)s, %(run)s,
               CASE WHEN d.expired OR d.expires_on <= %(as_of)s + t.nearer THEN 'collapsed'
                    WHEN d.problem IS NULL THEN 'claimed' ELSE 'unreachable' END,
               CASE WHEN d.expired THEN 'expired' WHEN d.expires_on <= %(as_of)s + t.nearer THEN 'nearer_threshold'
                    ELSE d.problem END
          FROM due AS d
          JOIN (VALUES (30, 14), (14, 7), (7, NULL)) AS t (day, nearer) ON d.expires_on <= %(as_of)s + t.day
        RETURNING 1
    ), notices AS (
        INSERT INTO floor.notices
        SELECT row_number() OVER (), %(run)s, x.organisation_id, x.kind, x.mentor_id, x.coordinator_id, x.threshold_day,
               x.expires_on, 'pending', NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL
          FROM (SELECT d.organisation_id, CASE WHEN d.expired THEN 'expired' ELSE 'reminder' END AS kind,
                       d.id AS mentor_id, NULL::uuid AS coordinator_id,
                       CASE WHEN d.expired THEN NULL WHEN d.expires_on <= %(as_of)s + 7 THEN 7
                            WHEN d.expires_on <= %(as_of)s + 14 THEN 14 ELSE 30 END AS threshold_day, d.expires_on
                  FROM due AS d WHERE d.problem IS NULL
                UNION ALL
                SELECT DISTINCT d.organisation_id, 'digest', NULL::uuid, d.coordinator_id, NULL::integer, NULL::date
                  FROM due AS d WHERE d.coordinator_id IS NOT NULL) AS x
        RETURNING 1
    ), transitions AS (
        INSERT INTO floor.transitions
        SELECT d.id, 'certification_expired', d.expires_on, %(as_of)s, %(run)s FROM due AS d WHERE d.expired RETURNING 1
    ), status_log AS (
        INSERT INTO floor.status_log
        SELECT row_number() OVER (), d.id, 'active', 'certification_expired', 'certification_expired',
               'system:expiry_check', d.expires_on, now()
          FROM due AS d WHERE d.expired RETURNING 1
    ), mentors AS (
        INSERT INTO floor.mentors
        SELECT d.id, d.organisation_id, d.coordinator_id, d.first_name, d.last_name, d.email, d.phone, d.area,
               'certification_expired', d.listing_consent, d.locale
          FROM due AS d WHERE d.expired RETURNING 1
    )
    SELECT (SELECT count(*) FROM reminders) AS reminders, (SELECT count(*) FROM notices) AS notices,
           (SELECT count(*) FROM transitions) AS transitions, (SELECT count(*) FROM status_log) AS status_log,
           (SELECT count(*) FROM mentors) AS mentors"""


@dataclass(frozen=True)
class Floor:
    """The duration, and the number of rows in each table."""

    seconds: float
    rows: Mapping[str, int]


def run_floor(connection: Connection, as_of: date, run_id: UUID) -> Floor:
    """Compute and write the rows of the nightly check of `as_of`, in a database where that check has not run."""
    with _tables(connection):
        return _insert_each(connection, _BARE, {"as_of": as_of, "run": run_id})


def run_shared_floor(connection: Connection, as_of: date, run_id: UUID) -> Floor:
    """Write the same rows as `run_floor`, but in one statement that finds the mentors once."""
    with _tables(connection):
        began = time.perf_counter()
        row = connection.execute(_SHARED.encode(), {"as_of": as_of, "run": run_id}).fetchone()
        return Floor(time.perf_counter() - began, row or {})


def run_copy(connection: Connection, run_id: UUID) -> Floor:
    """Copy the rows that `run_id`, the first nightly check with anything to do, has written."""
    finished = {name: f"SELECT * FROM {table} WHERE {rows}" for name, (table, rows) in _WRITTEN.items()}
    with _tables(connection):
        return _insert_each(connection, finished, {"run": run_id})


def rows_of_run(connection: Connection, run_id: UUID) -> dict[str, int]:
    """Return how many rows `run_id`, the first nightly check with anything to do, has written to each table."""
    found = {}
    for name, (table, rows) in _WRITTEN.items():
        row = connection.execute(f"SELECT count(*) AS n FROM {table} WHERE {rows}".encode(), {"run": run_id}).fetchone()
        found[name] = int(row["n"]) if row else 0
    return found


@contextmanager
def _tables(connection: Connection) -> Iterator[None]:
    connection.execute("SET work_mem = '64MB'; SET jit = off; CREATE SCHEMA floor")
    for name, (table, _) in _WRITTEN.items():
        connection.execute(f"CREATE UNLOGGED TABLE floor.{name} AS TABLE {table} WITH NO DATA".encode())
    connection.execute("CHECKPOINT")
    yield
    connection.execute("DROP SCHEMA floor CASCADE; RESET work_mem; RESET jit")


def _insert_each(connection: Connection, selects: Mapping[str, str], parameters: Mapping[str, Any]) -> Floor:
    rows, seconds = {}, 0.0
    for name, select in selects.items():
        began = time.perf_counter()
        rows[name] = connection.execute(f"INSERT INTO floor.{name} {select}".encode(), parameters).rowcount
        seconds += time.perf_counter() - began
    return Floor(seconds, rows)
