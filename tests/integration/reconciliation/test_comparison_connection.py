"""Nothing is held in the database while the website is waited for; every run ends so (issue 8 C1, D3; I18)."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from shared.adapters.postgres.connection import call
from shared.domain.errors import ConnectionLostError
from shared.domain.runs import RunFailedError, RunState
from shared.use_cases.reconciliation import reconcile
from tests.support.foundation import DAY, days
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
OURS = "FROM pg_stat_activity WHERE usename = 'local_certification_reconciliation' AND datname = current_database()"
LOGINS = f"SELECT pg_terminate_backend(pid) {OURS}"
TABLES = tuple(f"comparison{name}" for name in ("s", "_sites", "_rows", "_differences", "_read_again", "_equal"))


@pytest.fixture
def listed(foundation: Foundation, worker: SyncWorker) -> list[UUID]:
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, LATER, consent=True) for _ in range(4)]
    worker.sync(*mentors)
    return mentors


def left(foundation: Foundation) -> dict[str, int]:
    counts = {table: foundation.one(f"SELECT count(*) FROM certification.{table}") for table in TABLES}
    return {table: n for table, n in counts.items() if n}


class WatchedReader:
    """shared.ports.WebsiteReader that does something before each of its replies."""

    def __init__(self, reader: Any, happens: Any) -> None:
        self._reader, self._happens = reader, happens

    def pages(self, *asked: Any) -> Any:
        for page in self._reader.pages(*asked):
            self._happens()
            yield page

    def rows(self, *asked: Any) -> Any:
        self._happens()
        return self._reader.rows(*asked)


@pytest.mark.parametrize("run", ["full", "sweep"])
def test_no_transaction_is_open_while_the_website_is_waited_for(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], site: EmulatedWebsite, run: str
) -> None:
    """A pool of one server connection is no deadlock, and a timeout of idle transactions kills nothing."""
    seen: list[Any] = []
    states, locks = f"SELECT state {OURS}", f"SELECT count(*) FROM pg_locks WHERE pid IN (SELECT pid {OURS})"

    def look() -> None:
        seen.append((set(foundation.all(states)), foundation.one(locks)))

    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    reconciler.reader = WatchedReader(reconciler.reader, look)
    getattr(reconciler, run)()
    assert len(seen) >= 1
    assert seen == [({"idle"}, 0)] * len(seen)
    assert (left(foundation), reconciler.counts["field_drift"]) == ({}, 1)


def test_one_connection_is_enough(foundation: Foundation, reconciler: Reconciler, listed: list[UUID]) -> None:
    """As a pool of one gives it: comparison, backoff and record in turn."""
    assert foundation.one("SELECT count(*) FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'") == 1
    foundation.do("ALTER ROLE local_certification_reconciliation SET idle_in_transaction_session_timeout = '1s'")
    try:
        assert reconciler.full().state is RunState.SUCCEEDED
    finally:
        foundation.do("ALTER ROLE local_certification_reconciliation RESET ALL")


def kill(foundation: Foundation) -> None:
    """End every connection of reconciliation, and wait until that is done."""
    foundation.all(LOGINS)
    while foundation.one(LOGINS.replace("pg_terminate_backend(pid)", "count(*)")):
        time.sleep(0.01)


def test_connections_that_die_between_two_pages_cost_nothing(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID]
) -> None:
    """What was read is in the database, and the run goes on with other connections."""
    reconciler.reader = WatchedReader(reconciler.reader, lambda: kill(foundation))
    assert reconciler.full().state is RunState.SUCCEEDED
    assert foundation.all("SELECT complete, equal FROM certification.proofs") == [(True, 4)]
    assert left(foundation) == {}


def test_a_connection_killed_in_a_statement_ends_the_run(
    database: TestDatabase, foundation: Foundation, reconciler: Reconciler, listed: list[UUID]
) -> None:
    """On another connection; the proof says that it proves nothing, and the next run works."""
    reader = reconciler.reader
    with database.connect() as holder:
        holder.autocommit = False

        def release() -> None:
            foundation.all(LOGINS)
            holder.rollback()

        def hold_and_kill() -> None:
            holder.execute("LOCK TABLE certification.comparison_rows IN ACCESS EXCLUSIVE MODE")
            threading.Timer(0.3, release).start()

        reconciler.reader = WatchedReader(reader, hold_and_kill)
        verdict = reconciler.full()
    assert (verdict.state, verdict.reason) == (RunState.FAILED, "database_connection_lost")
    assert foundation.all("SELECT state, reason FROM certification.runs") == [("failed", "database_connection_lost")]
    assert foundation.all("SELECT complete, reason FROM certification.proofs") == [(False, "database_connection_lost")]
    assert (foundation.all("SELECT 1 FROM certification.findings"), left(foundation)) == ([], {})
    reconciler.reader = reader
    assert reconciler.full().state is RunState.SUCCEEDED
    assert foundation.one("SELECT complete FROM certification.proofs ORDER BY ended_at DESC") is True


@pytest.mark.parametrize("where", ["check", "work"])
def test_a_connection_that_dies_anywhere_ends_the_run(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], where: str
) -> None:
    """Also while the credential is tried, and where the database is away for that statement."""

    def lost(*_: Any) -> Any:
        call(reconciler.connection, "SELECT pg_terminate_backend(pg_backend_pid())", {})

    lost_at: dict[str, Any] = {"check": {"check_credential": lost}, "work": {"depths": SimpleNamespace(read=lost)}}
    error = ConnectionLostError if where == "check" else RunFailedError
    with pytest.raises(error):
        reconcile(
            "sweep",
            datetime.now(UTC),
            "r",
            ports=reconciler.ports(**lost_at[where]),
            time_left=lambda: 300.0,
            report=type("Quiet", (), {"work": lambda *_, **__: None, "run": lambda *_: None})(),
        )
    assert foundation.all("SELECT state, reason FROM certification.runs") == [("failed", "database_connection_lost")]


def test_a_connection_that_died_in_between_is_replaced(foundation: Foundation, reconciler: Reconciler) -> None:
    """As a pooler, a failover or a timeout ends it while nothing is asked: nothing is lost."""
    for _ in range(3):
        kill(foundation)
        assert reconciler.reconciliation.count_waiting()["findings_open"] == 0


def test_an_app_without_anybody_is_compared_too(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID]
) -> None:
    """Everything is gone past the triggers, also our own record: whoever is shown is shown of nobody."""
    foundation.empty()
    reconciler.full()
    assert reconciler.counts["orphan"] == 4


def test_what_a_dead_run_left_is_removed_by_the_next(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID]
) -> None:
    """And not what a run that is alive works with."""

    @contextmanager
    def killed() -> Iterator[Any]:
        with reconciler.comparing() as comparison:
            comparison.close = lambda: None  # type: ignore[attr-defined]
            yield comparison

    reconciler.full(comparing=killed)
    leavings = left(foundation)
    assert (leavings["comparisons"], leavings["comparison_rows"]) == (1, 4)
    reconciler.full()
    assert left(foundation) == leavings
    foundation.do("UPDATE certification.comparisons SET used_at = used_at - interval '17 minutes'")
    reconciler.full()
    assert left(foundation) == {}


def test_a_comparison_whose_rows_are_gone_is_an_error(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID]
) -> None:
    """As after the restart of a server that crashed, which empties unlogged tables."""
    reconciler.reader = WatchedReader(
        reconciler.reader, lambda: foundation.do("TRUNCATE certification.comparisons, certification.comparison_rows")
    )
    verdict = reconciler.full()
    assert (verdict.state, verdict.reason) == (RunState.FAILED, "database_P0002")
    assert (reconciler.queue.taken(), foundation.all("SELECT 1 FROM certification.findings")) == ([], [])


def test_many_rows_are_dropped_at_once_unless_another_works(foundation: Foundation, reconciler: Reconciler) -> None:
    connection = reconciler.connection

    def opened() -> Any:
        made = there(connection.execute("SELECT * FROM certification.open_comparison('0')").fetchone())["comparison_id"]
        connection.execute(
            "SELECT certification.add_website_rows(%s, array_agg(1), array_agg(gen_random_uuid()),"
            " array_agg(gen_random_uuid()), array_agg(2::smallint), array_agg('a'::text), array_agg(NULL::text))"
            " FROM generate_series(1, 10001)",
            (made,),
        )
        return made

    one, other = opened(), opened()
    connection.execute("SELECT certification.close_comparison(%s)", (one,))
    assert left(foundation)["comparison_rows"] == 10001
    connection.execute("SELECT certification.close_comparison(%s)", (other,))
    assert left(foundation) == {}


def test_no_function_of_the_owner_touches_a_callers_objects(
    database: TestDatabase, foundation: Foundation, listed: list[UUID]
) -> None:
    """A login that makes tables of these names, with triggers, changes nothing and runs nothing as the owner."""
    secret = database.login("Reconciliation")
    texts = foundation.all(
        "SELECT p.prosrc FROM pg_proc AS p WHERE p.pronamespace = 'certification'::regnamespace AND p.prosecdef"
    )
    assert len(texts) > 40
    assert [text for text in texts if re.search(r"\b(?:CREATE\s+TEMP|pg_temp\.)", text, re.IGNORECASE)] == []
    names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
    with psycopg.connect(**{ours: secret[theirs] for ours, theirs in names.items()}, autocommit=True) as login:
        login.execute(
            "CREATE FUNCTION pg_temp.mine() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''as %'', current_user; END'"
        )
        for name in (*TABLES, "sites", "website_rows", "differences", "seen_equal", "repairs"):
            login.execute(f"CREATE TEMPORARY TABLE {name} (comparison_id uuid, site integer, mentor_id uuid)".encode())
            for event in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                login.execute(
                    f"CREATE TRIGGER mine_{event} BEFORE {event} ON {name}"
                    " FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.mine()".encode()
                )
        row = login.execute("SELECT * FROM certification.open_comparison('0')").fetchone()
        assert row is not None
        for call in (
            "add_website_rows(%s, '{1}', '{NULL}', '{6f7c1c1e-0000-4000-8000-000000000001}', '{0}', '{a}', '{NULL}')",
            "compare_website(%s, NULL)",
            "forget_rows(%s, '{}')",
            "forget_repeated_rows(%s)",
            "differences_to_verify(%s, 10)",
            "close_comparison(%s)",
        ):
            login.execute(f"SELECT certification.{call}".encode(), (row[0],))
