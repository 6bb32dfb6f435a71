"""certification_operations_reader can change nothing, and the database says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from shared.adapters.postgres.opening import login_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase

READER = "certification_operations_reader"
_CALLED = """
WITH RECURSIVE called AS (
    SELECT p.oid, p.proname, p.prosrc, p.provolatile FROM pg_proc AS p
     WHERE p.pronamespace = 'certification'::regnamespace AND has_function_privilege(%s, p.oid, 'EXECUTE')
    UNION
    SELECT p.oid, p.proname, p.prosrc, p.provolatile FROM called AS c
      JOIN pg_proc AS p ON p.pronamespace = 'certification'::regnamespace
                       AND c.prosrc ~ ('certification\\.' || p.proname || '\\(')
) SELECT proname, provolatile::text FROM called
"""


@pytest.fixture
def reader(database: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**login_of(database.login("OperationsReader")), autocommit=True) as connection:
        yield connection


def test_each_function_that_it_may_call_is_stable(database: TestDatabase) -> None:
    """PostgreSQL refuses a write in a function that is not volatile; those that such a function calls count too."""
    with database.connect() as owner:
        found: dict[str, str] = dict(owner.execute(_CALLED.encode(), (READER,)).fetchall())
    assert {"preview", "explain", "wanted_listings"} <= found.keys()
    assert {name for name, volatile in found.items() if volatile == "v"} == set()


def test_it_may_only_select(database: TestDatabase) -> None:
    """No table, column or sequence is granted to it for anything else, nor a role that has more."""
    with database.connect() as owner:
        rights = owner.execute(
            "SELECT DISTINCT privilege_type FROM information_schema.role_table_grants WHERE grantee = %s", (READER,)
        ).fetchall()
        roles = owner.execute(
            "SELECT count(*) FROM pg_auth_members AS m WHERE m.member = %s::regrole", (READER,)
        ).fetchone()
    assert rights == [("SELECT",)]
    assert roles == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT certification.release_brake(NULL, NULL, NULL, NULL)",
        "INSERT INTO certification.audit (action, actor, reason) VALUES ('x', 'x', 'x')",
        "UPDATE certification.runs SET state = 'succeeded'",
        "DELETE FROM certification.alerts",
        "SELECT email FROM public.peer_mentors",
        "CREATE TABLE certification.mine ()",
    ],
)
def test_what_it_tries_is_refused(reader: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedFunction)) as refused:
        reader.execute(statement.encode())
    assert refused.value.sqlstate == "42501" or "release_brake" in statement
