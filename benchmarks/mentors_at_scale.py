"""Any number of mentors in a database, made by set-based SQL from a fixed seed.

Expiry dates are spread evenly over three years from FIRST_EXPIRY. Five in ten mentors are in the first of three
organisations, three in the second, two in the third; there is a coordinator to every thirty. One in fifty has no
usable address, one in a hundred no coordinator, none lacks both. Three in a hundred are paused, two inactive. Ids are
scattered as those of gen_random_uuid() are, and the same every time.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from psycopg import sql

if TYPE_CHECKING:
    from shared.adapters.postgres.connection import Connection

FIRST_EXPIRY: Final = date(2026, 12, 1)
DAYS: Final = 3 * 365
MENTORS_PER_COORDINATOR: Final = 30
NOBODY_DUE: Final = date(2027, 1, 14)
"""Nobody reaches a threshold of the HLF standard or expires on this day."""
_EMPTY_DATES: Final = [NOBODY_DUE + timedelta(days) for days in (-1, 7, 14, 30)]

_LOAD: Final = (
    "SELECT setseed(0.42)",
    """
    INSERT INTO public.organisations (id, name)
    SELECT md5('organisation ' || i)::uuid, 'Organisation ' || i FROM generate_series(1, 3) AS i
    """,
    """
    INSERT INTO public.coordinators (id, organisation_id, full_name, email)
    SELECT md5('coordinator ' || i)::uuid,
           md5('organisation ' || CASE WHEN i % 10 < 5 THEN 1 WHEN i % 10 < 8 THEN 2 ELSE 3 END)::uuid,
           'Coordinator ' || i, 'coordinator' || i || '@example.no'
      FROM generate_series(0, {coordinators} - 1) AS i
    """,
    """
    INSERT INTO public.peer_mentors
        (id, organisation_id, coordinator_id, first_name, last_name, email, phone, area, status, listing_consent,
         locale)
    SELECT md5('mentor ' || i)::uuid, k.organisation_id, CASE WHEN x.lacks < 0.99 THEN k.id END,
           'First' || i, 'Last' || i, CASE WHEN x.lacks >= 0.02 THEN 'mentor' || i || '@example.no' END,
           '+47 000 00 000', 'Area ' || i % 350,
           CASE WHEN x.status < 0.03 THEN 'paused' WHEN x.status < 0.05 THEN 'inactive' ELSE 'active' END,
           i % 10 < 7, 'nb'
      FROM (SELECT i, random() AS status, random() AS lacks FROM generate_series(0, {mentors} - 1) AS i) AS x
      JOIN public.coordinators AS k ON k.id = md5('coordinator ' || i % {coordinators})::uuid
     ORDER BY i
    """,
    """
    INSERT INTO public.certifications (mentor_id, certified_on, expires_on)
    SELECT x.id, x.expires_on - 1095, x.expires_on + (x.expires_on = ANY ({empty}))::integer
      FROM (SELECT m.id, {first}::date + floor(random() * {days})::integer AS expires_on
              FROM public.peer_mentors AS m) AS x
    """,
)


def load(connection: Connection, mentors: int) -> None:
    """Fill an empty foundation with `mentors` mentors. `connection` is in autocommit."""
    values = {
        "mentors": sql.Literal(mentors),
        "coordinators": sql.Literal(max(10, mentors // MENTORS_PER_COORDINATOR)),
        "first": sql.Literal(FIRST_EXPIRY),
        "days": sql.Literal(DAYS),
        "empty": sql.Literal(_EMPTY_DATES),
    }
    # Without triggers: as in a database that held its mentors before the migrations came, where none recorded them.
    connection.execute("SET session_replication_role = replica")
    for statement in _LOAD:
        connection.execute(sql.SQL(statement).format(**values))
    connection.execute("RESET session_replication_role")
    connection.execute("VACUUM ANALYZE")
