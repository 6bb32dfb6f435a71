"""The behaviour is tried on rows that are never committed, rings nothing, and holds nobody up (I16, I18)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from operations.commands.verify_integration import of_behaviour, of_database
from shared.adapters.postgres.integration.behaviour.concurrent import concurrent_points
from shared.adapters.postgres.integration.data import data_findings
from shared.domain.integration.findings import Verdict
from tests.support.contract import owner_dsn

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack.postgres import Postgres

_TABLES = """
SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname IN ('public', 'certification', 'net')
"""
_CALLING = (
    "CREATE SCHEMA aws_lambda;"
    "CREATE FUNCTION aws_lambda.invoke(a text, b json) RETURNS int LANGUAGE sql AS 'SELECT 1';"
    "CREATE FUNCTION public.tell(p uuid) RETURNS void LANGUAGE plpgsql AS $$BEGIN"
    " PERFORM aws_lambda.invoke('them', '{}'); END$$;"
    "CREATE FUNCTION public.on_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
    " PERFORM public.tell(NEW.id); RETURN NULL; END$$;"
    "CREATE TRIGGER calls AFTER UPDATE ON public.peer_mentors FOR EACH ROW EXECUTE FUNCTION public.on_change();"
)
_HARMLESS = (
    "CREATE FUNCTION public.on_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
    " PERFORM net.http_post(url := 'https://app.example.no/', body := '{}'); RETURN NULL; END$$;"
    "CREATE TRIGGER queues AFTER UPDATE ON public.peer_mentors FOR EACH ROW EXECUTE FUNCTION public.on_change();"
)


def counts(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        tables = [name for (name,) in connection.execute(_TABLES.encode()).fetchall()]
        return {name: len(connection.execute(f"SELECT 1 FROM {name}".encode()).fetchall()) for name in tables}


@pytest.mark.parametrize(("copy", "statements"), [(False, _HARMLESS), (True, "SELECT 1")])
def test_nothing_is_left_behind(postgres: Postgres, variant: Callable[[str], str], copy: bool, statements: str) -> None:
    """Neither a row of the app, nor one of ours, nor a post in pg_net's queue; the webhook stays set up."""
    dsn = variant(statements)
    before = counts(dsn)
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=copy)
    assert {one.verdict for one in report.findings if copy or one.point not in concurrent_points()} == {Verdict.HOLDS}
    after = counts(dsn)
    if copy:  # the audit is only added to: it has the settings of the organisation that was made and is gone
        for name in ("certification.audit", "certification.chain"):
            after[name] = before[name]
    assert after == before
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT enabled FROM certification.webhook").fetchall() == [(True,)]


_INVOKE = (
    "CREATE SCHEMA aws_lambda;CREATE FUNCTION aws_lambda.invoke(a text, b json) RETURNS int LANGUAGE sql AS 'SELECT 1';"
)
_PAUSE = (
    "CREATE OR REPLACE FUNCTION pause_mentor(p_mentor_id uuid, p_actor text, p_reason text) RETURNS text"
    " LANGUAGE plpgsql AS $$BEGIN {0}; RETURN 'changed'; END$$;"
)
_OUTBOX = (
    "CREATE TABLE outbox (n int); CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS"
    " $$BEGIN INSERT INTO public.outbox VALUES (1); RETURN NULL; END$$;"
    "CREATE TRIGGER notes AFTER UPDATE ON peer_mentors FOR EACH ROW EXECUTE FUNCTION on_change();"
    "CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM {0}; RETURN NULL; END$$;"
    "CREATE TRIGGER sends AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION send();"
)
CALLING = {
    "by a function of a trigger": (_CALLING, "peer_mentors.calls"),
    "by a workflow": (_INVOKE + _PAUSE.format("PERFORM aws_lambda.invoke('x', '{}')"), "public.pause_mentor"),
    "by the trigger of an outbox": (_OUTBOX.format("extensions.http_post('https://them', '')"), "outbox.sends"),
    "by dblink": (_OUTBOX.format("dblink_exec('them', 'x')"), "outbox.sends"),
    "in quotes": (_OUTBOX.format('"aws_lambda"."invoke"(NULL, NULL)'), "outbox.sends"),
}


@pytest.mark.parametrize("how", CALLING)
def test_what_calls_out_stops_the_trial(postgres: Postgres, variant: Callable[[str], str], how: str) -> None:
    """What it sends is not undone by a rollback; it is named."""
    statements, name = CALLING[how]
    variant(statements)
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=True)
    assert {one.verdict for one in report.findings} == {Verdict.NOT_CHECKED}
    assert all(f"{name} calls out" in one.found for one in report.findings)


def test_pg_net_sends_what_is_committed(postgres: Postgres, variant: Callable[[str], str]) -> None:
    """In a rollback its queue goes too, so the behaviour is tried; rows that are committed would be sent."""
    variant(_HARMLESS)
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=True)
    assert {one.point for one in report.of(Verdict.NOT_CHECKED)} == concurrent_points().keys()


def test_what_the_app_defers_to_the_commit_counts(postgres: Postgres, variant: Callable[[str], str]) -> None:
    """A constraint trigger that refuses a pause at the commit refuses it here too."""
    variant(
        "CREATE FUNCTION no_pause() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.status = 'paused' THEN"
        " RAISE EXCEPTION 'no'; END IF; RETURN NULL; END$$;"
        "CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON peer_mentors DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION no_pause();"
    )
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=False)
    assert "behaviour.pause_is_logged" in {one.point for one in report.of(Verdict.DOES_NOT_HOLD)}


def test_a_workflow_that_fails_is_broken(postgres: Postgres, variant: Callable[[str], str]) -> None:
    """A column that it needs and the app has dropped is the app's mistake, not a point that could not be checked."""
    variant(_PAUSE.format("UPDATE peer_mentors SET gone = 1 WHERE id = p_mentor_id"))
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=False)
    finding = next(one for one in report.findings if one.point == "behaviour.pause_is_logged")
    assert (finding.verdict, finding.found) == (Verdict.DOES_NOT_HOLD, "it fails with SQLSTATE 42703")


def test_a_log_with_random_ids_is_understood(postgres: Postgres, variant: Callable[[str], str]) -> None:
    """The contract leaves the log's id to the app; and the log may refer to the mentor."""
    variant(
        "ALTER TABLE mentor_status_log DROP id, ADD id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
        " ADD FOREIGN KEY (mentor_id) REFERENCES peer_mentors (id)"
    )
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=True)
    assert {one.verdict for one in report.findings if one.point in concurrent_points()} == {Verdict.HOLDS}


def test_two_workflows_at_once_want_a_copy(postgres: Postgres, sound: str) -> None:
    """They take two connections and rows that are committed, so a deployed database is left alone."""
    assert sound
    report = of_behaviour(owner_dsn(postgres, "contract_base"), copy=False)
    unchecked = report.of(Verdict.NOT_CHECKED)
    assert [one.point for one in unchecked] == ["behaviour.pause_beside_a_night", "behaviour.pause_waits_for_a_night"]
    assert report.exit_code == 3


def test_a_login_that_is_not_the_owner_gets_a_reason(
    sound: str, postgres: Postgres, server: psycopg.Connection
) -> None:
    """The points could not be checked; none is said to hold."""
    server.execute("CREATE ROLE contract_stranger LOGIN PASSWORD 'x'")
    try:
        address = psycopg.conninfo.make_conninfo(sound, user="contract_stranger", password="x")
        report = of_behaviour(address, copy=False)
    finally:
        server.execute("DROP ROLE contract_stranger")
    assert {one.verdict for one in report.findings} == {Verdict.NOT_CHECKED}


def test_a_locked_table_is_not_waited_for_long(variant: Callable[[str], str]) -> None:
    """An ALTER TABLE under way makes points unchecked after two seconds; the app's statement is not held up (I16)."""
    dsn = variant("SELECT 1")
    altered = threading.Event()
    with psycopg.connect(dsn) as altering:
        altering.execute("LOCK TABLE public.certifications IN ACCESS EXCLUSIVE MODE")
        altered.set()
        with psycopg.connect(dsn, autocommit=True) as connection:
            report = of_database(connection)
    locked = {one.point: one for one in report.of(Verdict.NOT_CHECKED)}
    assert "data.active_uncertified" in locked
    assert "55P03" in locked["data.active_uncertified"].found
    assert "data.status_unknown" not in locked


def test_no_lock_outlives_a_statement(sound: str) -> None:
    """The checkpoint reads in autocommit: after each finding it holds no lock on the app's tables."""
    with psycopg.connect(sound, autocommit=True) as connection, psycopg.connect(sound, autocommit=True) as watching:
        pid = connection.info.backend_pid
        held: list[Any] = []
        for _ in data_findings(connection):
            held += watching.execute(
                "SELECT l.relation::regclass FROM pg_locks AS l WHERE l.pid = %s AND l.locktype = 'relation'", (pid,)
            ).fetchall()
    assert held == []
