"""429 from Dataverse, to several workers at once (I9), and workers killed or cut off in the middle (I7)."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.errors import ConnectionLostError
from shared.domain.listings import Result
from tests.faults import sync_victim
from tests.support.foundation import DAY, days
from tests.support.syncs import SyncWorker, leases_end, outcome, unsynced, wanted
from tests.support.there import there
from tests.support.wire import KillingProxy

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite

pytestmark = pytest.mark.slow

LATER = DAY + days(100)
BATCH = r"\$batch"
# What was on its way when the window opened: nobody can call it back.
ON_ITS_WAY_MS = 150


@pytest.fixture
def organisation(foundation: Foundation) -> Any:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


def people(foundation, organisation, count):
    return [foundation.mentor(organisation, LATER, consent=True) for _ in range(count)]


def test_workers_in_a_storm_of_429_begin_nothing_in_a_window(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """I9: whichever worker was told, all wait the whole Retry-After; then everything gets there."""
    mentors = people(foundation, organisation, 200)
    workers = [crew.worker(batch_size=5, parallel=3, patient=True) for _ in range(4)]
    site.limits(enabled=True, requests=12, window_seconds=1.0, execution_seconds=1000, concurrent=52)
    with ThreadPoolExecutor(4) as pool:
        shares = [mentors[number::4] for number in range(4)]
        list(pool.map(lambda worker, share: worker.sync(*share), workers, shares))
    deadline = time.monotonic() + 20
    while unsynced(foundation) and time.monotonic() < deadline:
        workers[0].seconds = 60.0
        workers[0].unsynced()
    assert site.visible() == wanted(foundation)
    journal = site.journal()
    assert [entry for entry in journal if entry.status == 429]
    late = [there(entry.after_refusal_ms) for entry in journal if entry.in_retry_after]
    assert [milliseconds for milliseconds in late if milliseconds > ON_ITS_WAY_MS] == []


def test_a_long_retry_after_holds_for_every_worker(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """I9: all of it, not the longest pause a worker is willing to make; nothing is sent meanwhile."""
    mentors = people(foundation, organisation, 3)
    site.fail_next(1, status=429, retry_after=30)
    first, second = crew.worker(), crew.worker()
    result = first.sync(*mentors)
    assert {*result.results.values()} == {Result.GIVEN_BACK}
    assert 29 < result.retry_after <= 30
    site.clear_journal()
    assert 25 < second.sync(*mentors).retry_after <= 30
    assert first.unsynced().counts["listings_published"] == 0
    assert site.pushes() == 0
    foundation.do("UPDATE certification.sync_state SET backoff_until = clock_timestamp()")
    second.unsynced()
    assert site.visible() == wanted(foundation)


def test_a_429_in_one_operation_holds_everybody_back(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """A 429 inside one operation holds everybody back and the others are settled.

    I9: the batch itself was answered with 200.
    """
    mentors = people(foundation, organisation, 5)
    site.poison(str(mentors[0]), status=429, code="0x80072322", count=1)
    worker = crew.worker()
    result = worker.sync(*mentors)
    assert outcome(result, mentors[0]) is Result.GIVEN_BACK
    assert result.counts()["listings_published"] == 4
    assert worker.state.seconds_left() > 20


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_at_any_statement_loses_nothing(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any, moment: str
) -> None:
    """I7: before and after the push; once its claim has ended, the next sync ends where it should have."""
    at = 1
    while True:
        staying, leaving = people(foundation, organisation, 2)
        crew.worker().sync(leaving)
        foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", leaving)
        started: list[Any] = []
        kill = lambda: os.kill(started[0].pid, signal.SIGKILL)  # noqa: B023, E731
        with KillingProxy(crew.login["port"], at, moment, kill) as proxy:
            login = {**crew.login, "port": proxy.port}
            started.append(sync_victim.start(login, crew.url, crew.secret.value, [staying, leaving]))
            started[0].join()
        assert started[0].exitcode == (-signal.SIGKILL if proxy.statements >= at else 0)
        leases_end(foundation)
        crew.worker().unsynced()
        assert unsynced(foundation) == 0, f"killed {moment} statement {at}"
        assert site.visible() == wanted(foundation), f"killed {moment} statement {at}"
        if proxy.statements < at:
            break
        at += 1
    assert at > 4
    assert len(site.rows()) == foundation.one("SELECT count(*) FROM peer_mentors")


def test_a_worker_killed_during_its_push_loses_nothing(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """I7: the website has it and the database does not know; nobody claims it before the lease has ended."""
    mentors = people(foundation, organisation, 3)
    site.slow(0.6, 1, path=BATCH)
    victim = sync_victim.start(crew.login, crew.url, crew.secret.value, mentors)
    deadline = time.monotonic() + 10
    while foundation.one("SELECT count(*) FROM certification.listings WHERE state = 'sending'") < 3:
        assert time.monotonic() < deadline
    time.sleep(0.2)
    os.kill(there(victim.pid), signal.SIGKILL)
    victim.join()
    other = crew.worker()
    assert {*other.sync(*mentors).results.values()} == {Result.BUSY}
    while len(site.rows()) < 3:
        assert time.monotonic() < deadline
    foundation.pause(mentors[0])
    leases_end(foundation)
    other.unsynced()
    assert site.visible() == wanted(foundation)
    assert unsynced(foundation) == 0


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_database_that_goes_away_under_way_loses_nothing(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any, at: int
) -> None:
    """I7: the invocation fails as a whole, so all of its messages come again."""
    mentors = people(foundation, organisation, 3)
    cut = lambda: foundation.do(  # noqa: E731
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", crew.login["username"]
    )
    with KillingProxy(crew.login["port"], at, "after", cut) as proxy:
        login = {**crew.login, "port": proxy.port}
        with SyncWorker(login, crew.url, crew.secret) as worker, pytest.raises(ConnectionLostError):
            worker.sync(*mentors)
    leases_end(foundation)
    crew.worker().unsynced()
    assert site.visible() == wanted(foundation)
    assert unsynced(foundation) == 0


def test_people_who_change_many_never_meet_a_deadlock(
    database: TestDatabase, foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """Issue 3: whoever changes a mentor is not refused because of the sync."""
    mentors = people(foundation, organisation, 300)
    stop = threading.Event()

    def work(worker):
        while not stop.is_set():
            worker.seconds = 60.0
            worker.sync(*mentors)

    workers = [crew.worker(batch_size=1000, patient=True) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(work, worker) for worker in workers]
        try:
            with database.connect() as app:
                for number in range(40):
                    order = "DESC" if number % 2 else "ASC"
                    app.execute(
                        "UPDATE peer_mentors SET phone = %s WHERE id IN"
                        f" (SELECT id FROM peer_mentors ORDER BY id {order} LIMIT 250)".encode(),
                        (str(number),),
                    )
        finally:
            stop.set()
        for one in running:
            one.result()
    # What a statement held for too long to be settled is left to the end of its claim.
    foundation.do(
        "UPDATE certification.listings SET claimed_until = clock_timestamp() - interval '1 second'"
        " WHERE claimed_until IS NOT NULL"
    )
    crew.worker().unsynced()
    assert unsynced(foundation) == 0
    assert {row["hlf_phone"] for row in site.rows()} <= {"38", "39"}
