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


@pytest.mark.parametrize("copy", [False, True])
def test_nothing_is_left_behind(postgres: Postgres, variant: Callable[[str], str], copy: bool) -> None:
    """Neither a row of the app, nor one of ours, nor a post in pg_net's queue; the webhook stays set up."""
    dsn = variant(_HARMLESS)
    before = counts(dsn)
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=copy)
    assert {one.verdict for one in report.findings if copy or one.point not in concurrent_points()} == {Verdict.HOLDS}
    after = counts(dsn)
    if copy:  # an ordinary trigger of the app has posted what was committed
        after["net.http_request_queue"] = before["net.http_request_queue"]
    assert after == before
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT enabled FROM certification.webhook").fetchall() == [(True,)]


def test_a_trigger_that_calls_out_stops_the_trial(postgres: Postgres, variant: Callable[[str], str]) -> None:
    """What it sends is not undone by a rollback, also where another function makes the call; it is named."""
    variant(_CALLING)
    report = of_behaviour(owner_dsn(postgres, "contract_variant"), copy=True)
    assert {one.verdict for one in report.findings} == {Verdict.NOT_CHECKED}
    assert all("peer_mentors.calls calls out" in one.found for one in report.findings)


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
