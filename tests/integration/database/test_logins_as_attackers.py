"""Each login of ours as an attacker would use it: all that the catalogue has and no GRANT of ours names is refused.

Nothing here is a list of what there is. What is granted is read from the GRANT statements that are applied; what there
is, from the catalogue of a real database; and each attempt is really made, as that login.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from local.stack import database as local_database
from local.stack.database import LOGINS
from shared.adapters.postgres.migrate import migrate, read_functions, read_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.postgres import Postgres

GRANT = re.compile(
    r"^GRANT\s+(?P<rights>[A-Z, ]+?)\s+ON\s+(?P<kind>FUNCTION|SCHEMA|TABLE)?\s*(?P<what>[^;]+?)\s+TO\s+(?P<to>[^;]+);",
    re.MULTILINE | re.DOTALL,
)
REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReservedName)
NOTHING_GRANTED = "01007"  # a GRANT of what one does not have is a warning
# The catalogue's own, what is temporary, and pg_net's, which grants it to everybody itself (docs/contract.md).
OTHERS = "n.nspname NOT IN ('pg_catalog', 'information_schema', 'net') AND n.nspname !~ '^pg_t'"
# What no transaction block takes.
ALONE = ("CREATE DATABASE", "DROP DATABASE", "CREATE TABLESPACE", "ALTER SYSTEM", "CHECKPOINT")


@dataclass
class GrantRecord:
    """What our files grant to one role."""

    functions: set[str] = field(default_factory=set)
    tables: set[tuple[str, str]] = field(default_factory=set)


# The functions that record runs and publish alerts, by a role that they are members of.
RECORD_RUNS = {"certification_expiry_check", "certification_send_notices", "certification_reconciliation"}


def granted(role: str) -> GrantRecord:
    """Functions from the files of functions only: a grant of an old migration is not the current one."""
    found = GrantRecord()
    roles = {role, *(["certification_scheduled"] if role in RECORD_RUNS else [])}
    for file in (*read_migrations(), *read_functions()):
        for grant in GRANT.finditer(re.sub("--.*", "", file.sql)):
            if roles.isdisjoint(re.split(r"[\s,]+", grant["to"])):
                continue
            names = re.split(r"[\s,]+", re.sub(r"\([^)]*\)", "", grant["what"]).strip())
            if grant["kind"] == "FUNCTION":
                found.functions |= set(names) if file.name.startswith("functions/") else set()
            elif grant["kind"] != "SCHEMA":
                found.tables |= {(name, right) for name in names for right in re.split(r"[\s,]+", grant["rights"])}
    return found


@pytest.fixture(scope="module")
def server(postgres: Postgres) -> Iterator[str]:
    """A database as `migrate` leaves it (a copy of one has other rights), and somebody's things in it."""
    name = "attacked"
    dsn = local_database.create(postgres, name)
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("SELECT lo_from_bytea(4711, 'secret')")
        owner.execute("CREATE FOREIGN DATA WRAPPER somebodys; CREATE SERVER somewhere FOREIGN DATA WRAPPER somebodys")
        owner.execute("CREATE VIEW public.whom AS SELECT * FROM public.peer_mentors")
        owner.execute("CREATE MATERIALIZED VIEW public.kept AS SELECT * FROM public.peer_mentors")
        owner.execute("INSERT INTO certification.webhook (url, secret) VALUES ('https://a.example', repeat('k', 40))")
    yield dsn
    with psycopg.connect(postgres.dsn(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


class Attacker:
    """One login; what it tries, and what was not refused."""

    def __init__(self, connection: psycopg.Connection, owner: psycopg.Connection, role: str) -> None:
        self.connection = connection
        self.owner = owner
        self.granted = granted(role)
        self.tried = 0
        self.succeeded: list[str] = []
        self.warned: list[str | None] = []
        connection.add_notice_handler(lambda notice: self.warned.append(notice.sqlstate))

    def catalogue(self, query: str) -> list[tuple[Any, ...]]:
        return self.owner.execute(query.encode()).fetchall()

    def tries(self, statement: str, *also: type[Exception]) -> None:
        """Whatever is not refused for want of a right (or with one of these errors) is a success of the attacker."""
        self.tried += 1
        self.warned.clear()
        try:
            if statement.startswith(ALONE):
                self.connection.execute(statement.encode())
            else:
                with self.connection.transaction(force_rollback=True):
                    self._run(statement)
        except (*REFUSED, *also):  # type: ignore[misc]
            return
        except psycopg.Error as error:
            self.succeeded.append(f"{statement}: {error.sqlstate} {error}")
            return
        if NOTHING_GRANTED not in self.warned:
            self.succeeded.append(statement)

    def _run(self, statement: str) -> None:
        if not statement.startswith("COPY") or "STD" not in statement:
            self.connection.execute(statement.encode())
            return
        with self.connection.cursor().copy(statement.encode()) as copy:
            if "STDOUT" in statement:
                list(copy)


@contextmanager
def attacking(postgres, dsn, function) -> Iterator[Attacker]:
    secret: dict[str, Any] = local_database.make_login(postgres, function, "attacked")
    names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
    with (
        psycopg.connect(dsn, autocommit=True) as owner,
        psycopg.connect(**{ours: secret[theirs] for ours, theirs in names.items()}, autocommit=True) as login,
    ):
        login.execute("SET statement_timeout = '5s'")
        yield Attacker(login, owner, LOGINS[function])


@pytest.fixture(params=LOGINS)
def attacker(request: pytest.FixtureRequest, server: str, postgres: Postgres) -> Iterator[Attacker]:
    with attacking(postgres, server, request.param) as attacker:
        yield attacker


def nulls(types: list[str]) -> str:
    """Arguments that are not known while it is planned: a strict function of a plain null is never called at all."""
    return ", ".join(f"(SELECT NULL::{name})" for name in types)


def call_every_function(attacker: Attacker) -> None:
    """Of every schema but the catalogue's, with a null of its type for each argument."""
    for schema, name, kind, arguments, as_caller in attacker.catalogue(
        "SELECT n.nspname, p.proname, p.prokind::text,"
        " ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t),"
        " NOT p.prosecdef"
        " FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
        f" WHERE {OTHERS}"
    ):
        if f"{schema}.{name}" in attacker.granted.functions:
            continue
        if as_caller and schema != "certification":
            continue  # it can do what its caller could do by hand, which is tried below
        call = f'"{schema}"."{name}"({nulls(arguments)})'
        attacker.tries(f"CALL {call}" if kind == "p" else f"SELECT {call}")


def use_every_relation(attacker: Attacker) -> None:
    """Read, write, empty, lock, copy, change, drop, put a trigger on."""
    for name, kind, column in attacker.catalogue(
        "SELECT c.oid::regclass::text, c.relkind::text,"
        " (SELECT quote_ident(a.attname) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 LIMIT 1)"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {OTHERS}"
    ):
        if kind == "S":
            for statement in ("nextval('{0}')", "setval('{0}', 1)", "last_value FROM {0}"):
                attacker.tries(f"SELECT {statement.format(name)}")
            attacker.tries(f"ALTER SEQUENCE {name} RESTART")
            continue
        rights = {right for table, right in attacker.granted.tables if name in {table, f"certification.{table}"}}
        statements = {
            "SELECT": [
                f"SELECT * FROM {name} LIMIT 1",
                f"SELECT count(*) FROM {name}",
                f"COPY (TABLE {name}) TO STDOUT",
            ],
            "INSERT": [f"INSERT INTO {name} DEFAULT VALUES", f"COPY {name} FROM STDIN"],
            "UPDATE": [f"UPDATE {name} SET {column} = DEFAULT"],
            "DELETE": [f"DELETE FROM {name}"],
            "TRUNCATE": [f"TRUNCATE {name} CASCADE"],
            "OWNER": [
                f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE",
                f"CREATE TRIGGER mine BEFORE INSERT ON {name} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                f"CREATE RULE mine AS ON INSERT TO {name} DO ALSO NOTHING",
                f"ALTER TABLE {name} DISABLE TRIGGER ALL",
                f"ALTER TABLE {name} OWNER TO CURRENT_USER",
                f"ALTER TABLE {name} ADD COLUMN mine text",
                f"CREATE INDEX ON {name} ({column})",
                f"DROP TABLE {name} CASCADE",
                f"GRANT SELECT ON {name} TO PUBLIC",
                f"COMMENT ON TABLE {name} IS 'mine'",
            ],
        }
        for right, made in statements.items():
            if right in rights:
                continue
            for statement in made:
                if kind in {"m", "v"} and not statement.startswith(("SELECT", "COPY (", "GRANT")):
                    continue  # another error comes first, whoever asks
                attacker.tries(statement)


def read_what_the_server_keeps(attacker: Attacker) -> None:
    """Catalogues that are not everybody's, files, large objects, other sessions, replication."""
    for (name,) in attacker.catalogue(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'pg_catalog'::regnamespace"
        " AND c.relkind IN ('r', 'v') AND NOT EXISTS (SELECT 1 FROM aclexplode(c.relacl) AS a"
        " WHERE a.grantee = 0 AND a.privilege_type = 'SELECT')"
        " AND NOT EXISTS (SELECT 1 FROM pg_attribute AS t, aclexplode(t.attacl) AS a"
        " WHERE t.attrelid = c.oid AND a.grantee = 0)"
    ):
        attacker.tries(f"SELECT * FROM {name}")
    for (name,) in attacker.catalogue(
        "SELECT c.oid::regclass::text FROM pg_class AS c"
        " WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'"
    ):
        attacker.tries(f"DELETE FROM {name}")
        attacker.tries(f"TRUNCATE {name}")
    for name, arguments in attacker.catalogue(
        "SELECT p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t) FROM pg_proc AS p"
        " WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'"
        " AND p.proacl IS NOT NULL AND NOT EXISTS (SELECT 1 FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0)"
    ):
        if "internal" not in arguments:
            attacker.tries(f"SELECT pg_catalog.{name}({nulls(arguments)})")
    for (oid,) in attacker.catalogue("SELECT oid FROM pg_largeobject_metadata"):
        for call in ("lo_get({})", "lo_put({}, 0, '')", "lo_unlink({})", "lo_open({}, 262144)"):
            attacker.tries(f"SELECT {call.format(oid)}")
    attacker.tries("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user LIMIT 1")
    attacker.tries("COPY (SELECT 1) TO PROGRAM 'true'")
    attacker.tries("COPY (SELECT 1) TO '/dev/null'")
    attacker.tries("SELECT pg_create_physical_replication_slot('mine')")


def make_something(attacker: Attacker) -> None:
    """In every schema, in the database, in the cluster."""
    for (schema,) in attacker.catalogue(
        "SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_(t|toast)'"
    ):
        for statement in (
            "CREATE TABLE {}.mine (n integer)",
            "CREATE VIEW {}.mine AS SELECT 1",
            "CREATE SEQUENCE {}.mine",
            "CREATE TYPE {}.mine AS (n integer)",
            "CREATE DOMAIN {}.mine AS integer",
            "CREATE FUNCTION {}.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "CREATE AGGREGATE {}.array_agg(uuid) (SFUNC = array_append, STYPE = uuid[])",
            "CREATE OPERATOR {}.= (LEFTARG = uuid, RIGHTARG = text, FUNCTION = texteq)",
            "ALTER SCHEMA {} OWNER TO CURRENT_USER",
            "GRANT USAGE ON SCHEMA {} TO PUBLIC",
            "DROP SCHEMA {} CASCADE",
            "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA {} GRANT ALL ON TABLES TO PUBLIC",
        ):
            attacker.tries(statement.format(schema), psycopg.errors.UndefinedFunction) if "OPERATOR" in statement else (
                attacker.tries(statement.format(schema))
            )
    for statement in (
        "CREATE TEMPORARY TABLE mine (n integer)",
        "CREATE TEMPORARY TABLE differences AS SELECT 1 AS site",
        "CREATE SCHEMA mine",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "CREATE EXTENSION adminpack",
        "CREATE PUBLICATION mine FOR ALL TABLES",
        "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE FOREIGN DATA WRAPPER mine",
        "CREATE TABLESPACE mine LOCATION '/tmp'",
        "CREATE LANGUAGE mine HANDLER plpgsql_call_handler",
        "CREATE CAST (uuid AS text) WITH INOUT",
        "ALTER SYSTEM SET work_mem = '1GB'",
        "ALTER DATABASE attacked OWNER TO CURRENT_USER",
        "ALTER DATABASE attacked SET search_path = public",
        "GRANT TEMPORARY ON DATABASE attacked TO PUBLIC",
        "DROP OWNED BY postgres",
        "CHECKPOINT",
        "DO LANGUAGE internal 'x'",
    ):
        attacker.tries(statement, psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported)


def become_somebody_else(attacker: Attacker) -> None:
    """Every role, database, server, wrapper and parameter there is."""
    mine = {
        name
        for (name,) in attacker.connection.execute(
            "SELECT r.rolname FROM pg_roles AS r WHERE pg_has_role(r.oid, 'MEMBER')"
        ).fetchall()
    }
    for (role,) in attacker.catalogue("SELECT rolname FROM pg_roles"):
        if role not in mine:
            attacker.tries(f'SET ROLE "{role}"')
            attacker.tries(f'SET SESSION AUTHORIZATION "{role}"')
            attacker.tries(f'ALTER ROLE "{role}" PASSWORD NULL')
            attacker.tries(f'ALTER ROLE "{role}" SET search_path = public')
            attacker.tries(f'DROP ROLE "{role}"')
        attacker.tries(f'GRANT "{role}" TO CURRENT_USER', psycopg.errors.FeatureNotSupported)  # pg_database_owner
        attacker.tries(f'ALTER ROLE "{role}" SUPERUSER')
        attacker.tries(f'ALTER ROLE "{role}" CREATEROLE')
    for (name,) in attacker.catalogue("SELECT quote_ident(datname) FROM pg_database"):
        attacker.tries(f"ALTER DATABASE {name} RENAME TO mine")
        attacker.tries(f"DROP DATABASE {name}")
    for (name,) in attacker.catalogue("SELECT quote_ident(srvname) FROM pg_foreign_server"):
        attacker.tries(f"CREATE USER MAPPING FOR CURRENT_USER SERVER {name}")
        attacker.tries(f"DROP SERVER {name} CASCADE")
    for (name,) in attacker.catalogue("SELECT quote_ident(fdwname) FROM pg_foreign_data_wrapper"):
        attacker.tries(f"CREATE SERVER mine FOREIGN DATA WRAPPER {name}")
    for name, setting in attacker.catalogue(
        "SELECT name, quote_literal(setting) FROM pg_settings WHERE context = 'superuser'"
    ):
        attacker.tries(f"SET {name} = {setting}")


ATTACKS = (call_every_function, use_every_relation, read_what_the_server_keeps, make_something, become_somebody_else)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_granted_is_refused(attacker: Attacker, attack: Any) -> None:
    """The catalogue is walked, not a list, and each attempt is made."""
    attack(attacker)
    assert attacker.succeeded == []
    assert attacker.tried > 20


def test_what_is_granted_may_be_called(attacker: Attacker) -> None:
    """So that the refusals are not those of a login that can do nothing."""
    assert len(attacker.granted.functions) > 3
    missing = [
        name
        for name in attacker.granted.functions
        if not attacker.catalogue(
            "SELECT bool_and(has_function_privilege("
            f"'{attacker.connection.info.user}', p.oid, 'EXECUTE')) FROM pg_proc AS p"
            f" WHERE p.oid::regprocedure::text LIKE '{name}(%'"
        )[0][0]
    ]
    assert missing == []


# What somebody might write, what undoes it, and which attack must then succeed.
CARELESS = {
    "a function without REVOKE": (
        "CREATE FUNCTION certification.careless() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT 1::text'",
        "DROP FUNCTION certification.careless",
        call_every_function,
    ),
    "a trigger's function without REVOKE": (
        "CREATE FUNCTION certification.careless() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP FUNCTION certification.careless",
        call_every_function,
    ),
    "a table for everybody": (
        "GRANT SELECT ON certification.webhook TO PUBLIC",
        "REVOKE SELECT ON certification.webhook FROM PUBLIC",
        use_every_relation,
    ),
    "a sequence for everybody": (
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA certification TO PUBLIC",
        "REVOKE USAGE ON ALL SEQUENCES IN SCHEMA certification FROM PUBLIC",
        use_every_relation,
    ),
    "a schema to make things in": (
        "GRANT CREATE ON SCHEMA certification TO PUBLIC",
        "REVOKE CREATE ON SCHEMA certification FROM PUBLIC",
        make_something,
    ),
    "temporary tables": (
        "GRANT TEMPORARY ON DATABASE attacked TO PUBLIC",
        "REVOKE TEMPORARY ON DATABASE attacked FROM PUBLIC",
        make_something,
    ),
    "files": (
        (
            "GRANT pg_read_server_files TO certification_send_notices;"
            " GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO certification_send_notices"
        ),
        (
            "REVOKE pg_read_server_files FROM certification_send_notices;"
            " REVOKE EXECUTE ON FUNCTION pg_ls_dir(text) FROM certification_send_notices"
        ),
        read_what_the_server_keeps,
    ),
    "a large object": (
        "GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC",
        "REVOKE SELECT ON LARGE OBJECT 4711 FROM PUBLIC",
        read_what_the_server_keeps,
    ),
    "a foreign server": (
        "GRANT USAGE ON FOREIGN SERVER somewhere TO PUBLIC",
        "REVOKE USAGE ON FOREIGN SERVER somewhere FROM PUBLIC",
        become_somebody_else,
    ),
    "a role": (
        "GRANT certification_reconciliation TO local_certification_send_notices WITH ADMIN OPTION",
        "REVOKE certification_reconciliation FROM local_certification_send_notices",
        become_somebody_else,
    ),
}


@pytest.mark.parametrize("what", CARELESS)
def test_a_careless_change_is_seen(server: str, postgres: Postgres, what: Any) -> None:
    """The walk fails if somebody adds a function without REVOKE, or grants too much."""
    careless, undo, attack = CARELESS[what]
    with attacking(postgres, server, "SendNotices") as attacker:
        attacker.owner.execute(careless.encode())
        try:
            attack(attacker)
        finally:
            attacker.owner.execute(undo.encode())
        assert attacker.succeeded != []


def test_temporary_tables_are_left_to_the_apps_roles(server: str, postgres: Postgres) -> None:
    """I16: PUBLIC loses the right, and who had it by that keeps it."""
    local_database.make_login(postgres, "SendNotices", "attacked")
    with psycopg.connect(server, autocommit=True) as owner:
        owner.execute("DROP ROLE IF EXISTS the_app; CREATE ROLE the_app")
        owner.execute("GRANT TEMPORARY ON DATABASE attacked TO PUBLIC")
        migrate(owner)
        rights = owner.execute(
            "SELECT has_database_privilege('the_app', 'attacked', 'TEMPORARY'),"
            " has_database_privilege('local_certification_send_notices', 'attacked', 'TEMPORARY')"
        ).fetchone()
        owner.execute("REVOKE ALL ON DATABASE attacked FROM the_app; DROP ROLE the_app")
    assert rights == (True, False)


def test_an_owner_who_may_not_revoke_says_so(postgres: Postgres) -> None:
    """ "where we may"; the owner of schema `certification` need not own the database."""
    name = "lesser"
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("DROP ROLE IF EXISTS lesser; CREATE ROLE lesser LOGIN CREATEROLE PASSWORD 'lesser'")
        server.execute("CREATE DATABASE lesser")
        server.execute("GRANT CREATE ON DATABASE lesser TO lesser")
    try:
        with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
            connection.execute("GRANT CREATE ON SCHEMA public TO lesser")
        said: list[str] = []
        with psycopg.connect(
            host="127.0.0.1", port=postgres.port, dbname=name, user="lesser", password="lesser", autocommit=True
        ) as owner:
            owner.execute(local_database._FOUNDATION.read_bytes())
            migrate(owner, report=said.append)
            assert [sentence.endswith("REVOKE TEMPORARY ON DATABASE lesser FROM PUBLIC") for sentence in said] == [True]
            owner.execute("ALTER TABLE peer_mentors DISABLE TRIGGER certification_listing_updated")
            owner.execute("ALTER TABLE certification.runs DROP CONSTRAINT run_state_known")
            said.clear()
            migrate(owner, report=said.append)
            assert [sentence.endswith("is as it should be again.") for sentence in said] == [True, True, False]
            assert owner.execute(
                "SELECT certification.start_run('expiry_check', now(), 'x') IS NOT NULL"
            ).fetchone() == (True,)
    finally:
        with psycopg.connect(postgres.dsn(), autocommit=True) as server:
            server.execute("DROP DATABASE lesser WITH (FORCE)")
            server.execute("DROP ROLE lesser")
