"""What the login of break-glass may do: begin, take what it has begun, end, import; nothing without who and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.foundation import DAY, days
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

TAKE = "SELECT * FROM certification.take_listings(%s, %s::uuid[], %s::text[], %s::text[], %s)"


@pytest.fixture
def login(database: TestDatabase) -> Iterator[psycopg.Connection]:
    secret = database.login("BreakGlass")
    names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
    with psycopg.connect(**{ours: secret[theirs] for ours, theirs in names.items()}, autocommit=True) as login:
        yield login


def begun(connection: psycopg.Connection) -> int:
    query = "SELECT certification.begin_break_glass('Turid', 'AWS er nede', 'everything', '{publish}', '{1}')"
    return there(connection.execute(query.encode()).fetchone())[0]


def take(connection: psycopg.Connection, run: int, *mentors: Any, hide: bool = True) -> dict[Any, str]:
    nothing: list[None] = [None] * len(mentors)
    return dict(connection.execute(TAKE.encode(), (run, list(mentors), nothing, nothing, hide)).fetchall())


def test_it_may_call_these_functions_and_read_no_table(connection: psycopg.Connection) -> None:
    """The whole list, so that an addition is made on purpose."""
    functions = connection.execute(
        "SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'certification'::regnamespace"
        " AND has_function_privilege('certification_break_glass', p.oid, 'EXECUTE') ORDER BY 1"
    ).fetchall()
    assert [name for (name,) in functions] == [
        "backoff_seconds_left",
        "begin_break_glass",
        "block_website_for",
        "break_glass_export",
        "break_glass_listings",
        "break_glass_organisations",
        "break_glass_places",
        "claim_listings",
        "end_break_glass",
        "import_break_glass_journal",
        "settle_listings",
        "take_listings",
        "website_tables",
    ]
    tables = connection.execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('r', 'v', 'm', 'S')"
        " AND c.relnamespace IN ('certification'::regnamespace, 'public'::regnamespace)"
        " AND has_table_privilege('certification_break_glass', c.oid, 'SELECT,INSERT,UPDATE,DELETE,TRUNCATE')"
    ).fetchall()
    assert tables == []


def test_nothing_is_taken_without_who_and_why(login: psycopg.Connection, foundation: Foundation) -> None:
    """Nor under the run of another login, of another action, or of yesterday."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(9), consent=True)
    before = foundation.all("SELECT * FROM certification.listings")
    others = foundation.one(
        "INSERT INTO certification.audit (action, actor, reason) VALUES ('begin_break_glass', 'x', 'y') RETURNING id"
    )
    action = foundation.one(
        "INSERT INTO certification.audit (action, actor, reason, login) VALUES ('force_sync', 'x', 'y', %s)"
        " RETURNING id",
        login.info.user,
    )
    yesterdays = begun(login)
    foundation.past_triggers("UPDATE certification.audit SET at = at - interval '25 hours' WHERE id = %s", yesterdays)
    for run in (0, others, action, yesterdays):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            take(login, run, mentor)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            login.execute("SELECT certification.end_break_glass(%s, 'done', '{}', '{}')", (run,))
    assert foundation.all("SELECT * FROM certification.listings") == before


@pytest.mark.parametrize(("actor", "reason"), [("", "r"), ("t", " "), ("t\u202e", "r"), ("t" * 201, "r")])
def test_nobody_begins_without_a_name_and_a_reason(login: psycopg.Connection, actor: str, reason: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        login.execute(
            "SELECT certification.begin_break_glass(%s, %s, 'everything', '{}'::text[], '{}'::bigint[])",
            (actor, reason),
        )


def test_whoever_is_to_be_listed_is_not_taken_to_hide(login: psycopg.Connection, foundation: Foundation) -> None:
    """And the reverse: the app may have changed since the plan was made (I5, I7)."""
    organisation = foundation.organisation()
    valid = foundation.mentor(organisation, DAY + days(9), consent=True)
    expired = foundation.mentor(organisation, DAY - days(1), consent=True)
    gone, run = uuid4(), begun(login)
    assert take(login, run, valid, expired, gone) == {valid: "changed", expired: "taken", gone: "unknown"}
    assert take(login, run, valid, expired, gone, hide=False) == {valid: "taken", expired: "changed", gone: "unknown"}


def test_one_that_a_transaction_holds_is_not_waited_for(
    login: psycopg.Connection, foundation: Foundation, database: TestDatabase
) -> None:
    """I16: nor does the app wait for us."""
    organisation = foundation.organisation()
    held, free = (foundation.mentor(organisation, DAY - days(1), consent=True) for _ in range(2))
    with database.connect() as app, app.transaction(force_rollback=True):
        app.execute("UPDATE peer_mentors SET phone = '1' WHERE id = %s", (held,))
        assert take(login, begun(login), held, free) == {held: "locked", free: "taken"}


def test_the_same_listing_is_taken_once(login: psycopg.Connection, foundation: Foundation) -> None:
    """A waiting version is not raised again: a run that is repeated leaves no trail of versions."""
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1), consent=True)
    version = "SELECT desired_version FROM certification.listings WHERE mentor_id = %s"
    take(login, begun(login), mentor)
    first = foundation.one(version, mentor)
    take(login, begun(login), mentor)
    assert foundation.one(version, mentor) == first


def test_what_is_stored_is_bounded(login: psycopg.Connection, foundation: Foundation) -> None:
    """I11: a caller stores codes and counts, not text."""
    measures, counts = ["x" * 500, "Kari Sæther <kari@example.no>", *map(str, range(100))], list(range(102))
    run = there(
        login.execute(
            "SELECT certification.begin_break_glass('Turid', 'r', %s, %s::text[], %s::bigint[])",
            ("y" * 500, measures, counts),
        ).fetchone()
    )[0]
    login.execute(
        "SELECT certification.end_break_glass(%s, %s, %s::text[], %s::bigint[])", (run, "æ", measures, counts)
    )
    begin, end = foundation.all("SELECT facts FROM certification.audit ORDER BY id")
    assert len(begin["mode"]) == 40
    assert len(begin["planned"]) <= 40
    assert max(map(len, begin["planned"])) == 40
    assert "Kari S?ther ?kari@example.no?" in begin["planned"]
    assert end["outcome"] == "?"


def test_a_journal_of_any_time_is_imported(login: psycopg.Connection, foundation: Foundation) -> None:
    """A clock may have been wrong, and a mentor gone since; an unknown outcome is refused."""
    query = (
        "SELECT certification.import_break_glass_journal(%s, 'Turid', 'r', '{1}', %s::uuid[], %s::text[],"
        " %s::timestamptz[])"
    )
    journal, mentor = uuid4(), uuid4()
    assert login.execute(query.encode(), (journal, [mentor], ["hidden"], ["infinity"])).fetchone() == (1,)
    assert login.execute(query.encode(), (journal, [mentor], ["hidden"], ["infinity"])).fetchone() == (0,)
    with pytest.raises(psycopg.errors.CheckViolation):
        login.execute(query.encode(), (uuid4(), [mentor], ["published"], ["now"]))
    assert foundation.one("SELECT count(*) FROM certification.audit") == 1


def test_a_hidden_mentor_is_never_taken_for_a_deleted_one(
    login: psycopg.Connection, foundation: Foundation, connection: psycopg.Connection
) -> None:
    """With row security on and forced, the call fails: nobody is hidden because a policy hides them from us."""
    foundation.mentor(foundation.organisation(), DAY + days(9), consent=True)
    owner = "seen_by_nobody"
    connection.execute(f"DROP ROLE IF EXISTS {owner}".encode())
    connection.execute(f"CREATE ROLE {owner}".encode())
    try:
        connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public, certification TO {owner}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA public, certification TO {owner}".encode())
        connection.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA certification TO {owner}".encode())
        connection.execute("ALTER TABLE peer_mentors ENABLE ROW LEVEL SECURITY")
        for name in ("break_glass_listings()", "break_glass_export()", "break_glass_organisations()"):
            connection.execute(f"ALTER FUNCTION certification.{name} OWNER TO {owner}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(f"SELECT * FROM certification.{name}".encode())
    finally:
        connection.execute(f"DROP OWNED BY {owner} CASCADE".encode())
        connection.execute(f"DROP ROLE {owner}".encode())
