"""verify-integration on a database of Supabase's shape: auth schema, row level security, roles of its API, enums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from operations.commands.verify_integration import of_behaviour, of_database
from shared.adapters.postgres.integration.behaviour.concurrent import concurrent_points
from shared.domain.integration.findings import Verdict
from tests.support.contract import OWNER, contract_database, owner_dsn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack.postgres import Postgres

_NAME = "contract_supabase"
_TABLES = ("organisations", "coordinators", "peer_mentors", "certifications", "mentor_status_log")
# Before the migrations: the app's own side, as a project of Supabase has it.
_SUPABASE = (
    "CREATE TYPE mentor_status AS ENUM ('active', 'paused', 'certification_expired', 'inactive');"
    "ALTER TABLE peer_mentors DROP CONSTRAINT peer_mentors_status_known, ALTER status DROP DEFAULT,"
    " ALTER status TYPE mentor_status USING status::mentor_status, ALTER status SET DEFAULT 'active';"
    "ALTER TABLE mentor_status_log ALTER from_status TYPE mentor_status USING from_status::mentor_status,"
    " ALTER to_status TYPE mentor_status USING to_status::mentor_status;"
    "CREATE OR REPLACE FUNCTION pause_mentor(p_mentor_id uuid, p_actor text, p_reason text) RETURNS text"
    " LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ DECLARE v mentor_status; BEGIN"
    " SELECT status INTO v FROM peer_mentors WHERE id = p_mentor_id FOR UPDATE;"
    " IF v = 'active' THEN UPDATE peer_mentors SET status = 'paused' WHERE id = p_mentor_id;"
    " INSERT INTO mentor_status_log (mentor_id, from_status, to_status, reason, actor)"
    " VALUES (p_mentor_id, v, 'paused', p_reason, p_actor); END IF; RETURN 'changed'; END $$;"
    "CREATE OR REPLACE FUNCTION resume_mentor(p_mentor_id uuid, p_actor text, p_reason text) RETURNS text"
    " LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ DECLARE v mentor_status; BEGIN"
    " SELECT status INTO v FROM peer_mentors WHERE id = p_mentor_id FOR UPDATE;"
    " IF v = 'paused' THEN UPDATE peer_mentors SET status = 'active' WHERE id = p_mentor_id;"
    " INSERT INTO mentor_status_log (mentor_id, from_status, to_status, reason, actor)"
    " VALUES (p_mentor_id, v, 'active', p_reason, p_actor); END IF; RETURN 'changed'; END $$;"
    # A column of the app's own that has no default and that the contract does not know.
    "ALTER TABLE peer_mentors ADD tenant text; UPDATE peer_mentors SET tenant = 'hlf';"
    + "".join(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;" for table in _TABLES)
    + "CREATE POLICY own ON peer_mentors FOR SELECT USING (organisation_id IS NOT NULL);"
)


@pytest.fixture(scope="module")
def supabase(postgres: Postgres) -> Iterator[str]:
    """The dsn of such a database. Its API's roles are the server's, so they are made once."""
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        for role in ("anon", "authenticated", "service_role"):
            if server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
                server.execute(f"CREATE ROLE {role} NOLOGIN".encode())
    api = (
        f"CREATE SCHEMA auth AUTHORIZATION {OWNER}; CREATE TABLE auth.users (id uuid PRIMARY KEY);"
        f"ALTER TABLE auth.users OWNER TO {OWNER};"
        "GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;"
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO anon, authenticated, service_role;"
        "ALTER TABLE public.coordinators ADD FOREIGN KEY (id) REFERENCES auth.users (id) NOT VALID;"
    )
    with contract_database(postgres, _NAME, before=_SUPABASE, after=api) as dsn:
        yield dsn
    with psycopg.connect(postgres.dsn(), autocommit=True) as server:
        server.execute("DROP ROLE anon, authenticated, service_role")


def test_every_point_holds_in_supabases_shape(postgres: Postgres, supabase: str) -> None:
    """Enums, row level security on, the API's roles and auth.users hold nothing up."""
    with psycopg.connect(supabase, autocommit=True) as connection:
        report = of_database(connection)
    tried = of_behaviour(owner_dsn(postgres, _NAME), copy=True)
    assert [one for one in (*report.findings, *tried.findings) if one.verdict is not Verdict.HOLDS] == []


def test_a_published_schema_is_found(supabase: str) -> None:
    """PostgREST's roles may use nothing of ours: the schema is not to be published through the API."""
    with psycopg.connect(supabase, autocommit=True) as connection:
        connection.execute("GRANT USAGE ON SCHEMA certification TO anon, authenticated")
        try:
            report = of_database(connection)
        finally:
            connection.execute("REVOKE USAGE ON SCHEMA certification FROM anon, authenticated")
    (finding,) = report.of(Verdict.DOES_NOT_HOLD)
    assert finding.point == "structure.strangers"
    assert "anon" in finding.found


def test_a_column_without_a_default_is_filled_in(postgres: Postgres, supabase: str) -> None:
    """Rows of the behaviour take what the app needs beside the contract from a row that is there, or say why not."""
    with psycopg.connect(supabase, autocommit=True) as connection:
        connection.execute("ALTER TABLE peer_mentors ALTER tenant SET NOT NULL")
        try:
            empty = of_behaviour(owner_dsn(postgres, _NAME), copy=False)
            connection.execute(
                "INSERT INTO organisations (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'HLF Moss');"
                "INSERT INTO peer_mentors (organisation_id, first_name, last_name, status, tenant)"
                " VALUES ('00000000-0000-4000-8000-000000000001', 'Kari', 'Sæther', 'inactive', 'hlf')"
            )
            filled = of_behaviour(owner_dsn(postgres, _NAME), copy=False)
        finally:
            connection.execute("ALTER TABLE peer_mentors ALTER tenant DROP NOT NULL; DELETE FROM peer_mentors")
    alone = [one for one in empty.findings if one.point not in concurrent_points()]
    assert {one.verdict for one in alone} == {Verdict.NOT_CHECKED}
    assert "tenant must have a value" in alone[0].found
    assert {one.verdict for one in filled.findings if one.point not in concurrent_points()} == {Verdict.HOLDS}
