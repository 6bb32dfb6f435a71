"""What runs with the owner's rights runs nothing but its own text (issue 8 C2, CVE-2018-1058)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from local.stack.database import _FOUNDATION, LOGINS
from shared.adapters.postgres.migrate import migrate
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from local.stack.postgres import Postgres
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler

PATH = "search_path=pg_catalog, pg_temp"


def texts(connection):
    """Name, text, language, definer, settings."""
    return connection.execute(
        "SELECT p.oid::regprocedure::text, p.prosrc, l.lanname, p.prosecdef, coalesce(p.proconfig, '{}')"
        " FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang"
        " WHERE p.pronamespace = 'certification'::regnamespace ORDER BY 1"
    ).fetchall()


def test_every_function_looks_in_the_catalogue_and_nowhere_else(connection: psycopg.Connection) -> None:
    """Issue 8 C2: pg_catalog first, pg_temp last, nothing between.

    Also of functions that run as their caller: the owner calls them too. Excepted are the expressions that the planner
    puts in place of their call, for which the path of what calls them holds: no table, no aggregate, the owner only.
    """
    found = texts(connection)
    assert len(found) > 100
    without = {name: text for name, text, _, _, settings in found if PATH not in settings}
    assert [name for name, _, _, definer, _ in found if definer and name in without] == []
    assert [name for name, _, language, _, _ in found if language != "sql" and name in without] == []
    assert [name for name, text in without.items() if re.search(r"\bFROM\b", text)] == []
    callable_by_a_login = connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc AS p, unnest(%s::text[]) AS r"
        " WHERE p.pronamespace = 'certification'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE')",
        (list(LOGINS.values()),),
    ).fetchall()
    # Constraints and defaults call with the path of whoever writes the row.
    called_by_a_write = connection.execute(
        "SELECT d.refobjid::regprocedure::text FROM pg_depend AS d WHERE d.refclassid = 'pg_proc'::regclass"
        " AND d.classid IN ('pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_class'::regclass)"
    ).fetchall()
    assert called_by_a_write != []
    assert [name for (name,) in callable_by_a_login + called_by_a_write if name in without] == []


RELATION = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|LOCK TABLE|TRUNCATE|ANALYZE|USING|TABLE)\s+(?:ONLY\s+)?([a-z_]+)\b(?!\s*[.(])",
    re.IGNORECASE,
)
# What stands after these words and is no relation.
NO_RELATION = {"lateral", "select", "set", "strict", "nowait", "of", "if", "not", "temporary", "errcode"}


def test_every_relation_in_a_text_names_its_schema(connection: psycopg.Connection) -> None:
    """Issue 8 C1, C2: what has no schema might be the caller's temporary table."""
    found = {}
    for signature, source, _, _, _ in texts(connection):
        name = signature.partition("(")[0].removeprefix("certification.")
        text = re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--[^\n]*", "", source))
        text = re.sub(r"\b(?:extract|substring|trim)\s*\([^()]*?\bFROM\b", "(", text, flags=re.IGNORECASE)
        text = re.sub(r"\bIS (?:NOT )?DISTINCT FROM\b|\bDO UPDATE\b|\bFOR (?:NO KEY )?UPDATE\b|\bFOR SHARE\b", "", text)
        own = set(re.findall(r"\b([a-z_]+)\s+(?:\([^()]*\)\s+)?AS\s+(?:MATERIALIZED\s+)?\(", text))  # WITH
        own |= set(re.findall(r"\b([vp](?:_[a-z_]+)?)\b", text)) | {
            "new_rows",
            "old_rows",
        }  # variables, transition tables
        own |= {"reason"} if name == "website_stopped" else set()  # INTO an OUT parameter
        left = {r for r in RELATION.findall(text) if r.lower() not in NO_RELATION} - own
        if left:
            found[name] = left
    assert found == {}


@pytest.fixture
def hostile(connection: psycopg.Connection) -> psycopg.Connection:
    """A database where PUBLIC may create in schema public, and somebody has."""
    connection.execute(
        "GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE TABLE public.ran_as (who text);"
        " GRANT ALL ON public.ran_as TO PUBLIC"
    )
    plant(connection)
    return connection


def plant(connection):
    """Better matches than the catalogue's own for what our texts call, each noting as whom it runs."""
    connection.execute("DROP ROLE IF EXISTS attacker")
    connection.execute("CREATE ROLE attacker")
    connection.execute("SET ROLE attacker")
    for element in ("uuid", "text", "bigint", "date", "jsonb", "smallint", "public.peer_mentors"):
        name = re.sub(r"\W", "_", element)
        connection.execute(
            f"CREATE FUNCTION public.spy_{name}(s {element}[], v {element}) RETURNS {element}[] LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO public.ran_as VALUES (current_user); RETURN array_append(s, v); END $$;"
            f" CREATE AGGREGATE public.array_agg({element}) (SFUNC = public.spy_{name}, STYPE = {element}[]);".encode()
        )
    for name, arguments, result in (
        ("coalesce_uuid", "uuid, uuid", "uuid"),
        ("cardinality", "uuid[]", "integer"),
        ("cardinality", "text[]", "integer"),
        ("unnest", "uuid[]", "SETOF uuid"),
        ("unnest", "smallint[]", "SETOF smallint"),
        ("unnest", "text[]", "SETOF text"),
        ("to_json", "text", "json"),
        ("concat_ws", "text, text, text", "text"),
        ("jsonb_build_object", "text, text", "jsonb"),
        ("jsonb_build_object", "text, integer", "jsonb"),
        ("array_position", "text[], text", "integer"),
        ("generate_subscripts", "smallint[], integer", "SETOF integer"),
        ("num_nulls", "text", "integer"),
    ):
        connection.execute(
            f"CREATE FUNCTION public.{name}({arguments}) RETURNS {result} LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO public.ran_as VALUES (current_user); RETURN"
            f"{'' if result.startswith('SETOF') else ' NULL'}; END $$".encode()
        )
    for number, (symbol, left, right) in enumerate(
        (
            ("=", "uuid", "text"),
            ("<", "date", "text"),
            ("||", "uuid[]", "uuid"),
            ("<>", "text", "varchar"),
            ("=", "text", "varchar"),
        )
    ):
        name = f"operator_{number}"
        result = "uuid[]" if symbol == "||" else "boolean"
        connection.execute(
            f"CREATE FUNCTION public.{name}({left}, {right}) RETURNS {result} LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO public.ran_as VALUES (current_user); RETURN NULL; END $$;"
            f" CREATE OPERATOR public.{symbol}"
            f" (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = public.{name})".encode()
        )
    connection.execute("RESET ROLE")


def test_nothing_of_an_attackers_runs_as_the_owner(
    hostile: psycopg.Connection, foundation: Foundation, functions: Functions, reconciler: Reconciler
) -> None:
    """Issue 8 C2: `public.array_agg(uuid)` ran as the owner within `run_step`."""
    organisation = foundation.organisation()
    for number in range(4):
        foundation.mentor(organisation, DAY + days(7 * number - 1))
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(1))
    reconciler.full()
    reconciler.sweep()
    foundation.do("SELECT certification.release_brake(%s, 'expiry', 'turid', 'seen')", organisation)
    foundation.do("SELECT * FROM certification.preview(%s, 30)", DAY)
    foundation.do("SELECT * FROM certification.current_conditions()")
    foundation.do("UPDATE peer_mentors SET listing_consent = NOT listing_consent")
    foundation.do("UPDATE certification.standard SET thresholds = '{20,10}'")
    assert foundation.one("SELECT count(*) FROM certification.transitions") > 0
    assert foundation.all("SELECT DISTINCT who FROM ran_as") == []


def test_a_migration_runs_nothing_of_an_attackers(postgres: Postgres) -> None:
    """Issue 8 C2, its brother: `migrate` runs as the owner, in a database where somebody was before it."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("CREATE DATABASE planted")
    try:
        with psycopg.connect(postgres.dsn("planted"), autocommit=True) as connection:
            connection.execute(_FOUNDATION.read_bytes())
            connection.execute(
                "GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE TABLE public.ran_as (who text);"
                " GRANT ALL ON public.ran_as TO PUBLIC"
            )
            plant(connection)
            connection.execute(
                "WITH o AS (INSERT INTO organisations (name) VALUES ('HLF Moss') RETURNING id)"
                " INSERT INTO peer_mentors (organisation_id, first_name, last_name) SELECT id, 'Kari', 'Vik' FROM o"
            )
            migrate(connection)
            assert connection.execute("SELECT who FROM ran_as").fetchall() == []
    finally:
        with psycopg.connect(postgres.dsn(), autocommit=True) as server:
            server.execute("DROP DATABASE planted WITH (FORCE)")


@pytest.mark.parametrize("kind", ["table", "view"])
def test_temporary_things_of_our_names_are_not_used(
    database: TestDatabase, foundation: Foundation, functions: Functions, kind: str
) -> None:
    """Issue 8 C1, C2: where PUBLIC may make them, as in a copy of a database."""
    foundation.mentor(foundation.organisation(), DAY - days(1))
    names = foundation.all("SELECT tablename FROM pg_tables WHERE schemaname IN ('public', 'certification')")
    login = functions.connection("ExpiryCheck")
    login.execute(
        "CREATE FUNCTION pg_temp.took() RETURNS boolean LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'mine was used by %', current_user; END $$"
    )
    for name in names:
        login.execute(
            f"CREATE TEMPORARY TABLE {name} (id uuid CHECK (pg_temp.took()))"
            if kind == "table"
            else f"CREATE TEMPORARY VIEW {name} AS SELECT NULL::uuid AS id WHERE pg_temp.took()"
        )
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.transitions") == 1


@pytest.mark.parametrize("public_may_create", [False, True])
def test_the_apps_trigger_is_safe_or_does_not_find(
    foundation: Foundation, functions: Functions, public_may_create: bool
) -> None:
    """Issue 8 C2, I13, I16: a trigger of the app that names no schema works where nobody could deceive it.

    Where somebody could, the mentor is a step failure and told, and what was planted does not run.
    """
    foundation.do("CREATE TABLE public.audit_log (id uuid, status text)")
    foundation.do(
        "CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO audit_log VALUES (NEW.id, NEW.status); RETURN NEW; END $$"
    )
    foundation.do("CREATE TRIGGER audit BEFORE UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION public.audit()")
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1))
    if public_may_create:
        foundation.do("GRANT CREATE ON SCHEMA public TO PUBLIC")
    functions.nightly_check(DAY)
    if public_may_create:
        assert foundation.step_failures(mentor) == [("expire", "42P01", 1)]
    else:
        assert foundation.status(mentor) == "certification_expired"


def test_the_app_may_pin_its_triggers_function(foundation: Foundation, functions: Functions) -> None:
    """What the contract tells the app to do, wherever PUBLIC may create in its schema."""
    foundation.do("CREATE TABLE public.audit_log (id uuid, status text)")
    foundation.do(
        "CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS"
        " $$ BEGIN INSERT INTO audit_log VALUES (NEW.id, NEW.status); RETURN NEW; END $$"
    )
    foundation.do("CREATE TRIGGER audit BEFORE UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION public.audit()")
    foundation.do("GRANT CREATE ON SCHEMA public TO PUBLIC")
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1))
    functions.nightly_check(DAY)
    assert foundation.all("SELECT id, status FROM audit_log") == [(mentor, "certification_expired")]
