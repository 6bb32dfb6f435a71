"""The sender, SES's events and the sweep at the same moment, and an outbox of a million (I4, I17)."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.foundation import DAY, days
from tests.support.mails import Mails, message_id
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def behind(connection: psycopg.Connection[Any], held: Callable[[], object], *others: Callable[[], object]) -> None:
    """Do one thing in a transaction that stays open until all others wait for it, and then commit it."""
    threads = [threading.Thread(target=other) for other in others]
    with connection.transaction():
        held()
        for thread in threads:
            thread.start()
        with psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True) as watcher:
            deadline = time.monotonic() + 20
            while there(watcher.execute(WAITING).fetchone())[0] < len(others):
                assert time.monotonic() < deadline, "nobody waits"
                time.sleep(0.01)
    for thread in threads:
        thread.join()


EVENT = "SELECT certification.record_mail_event(%s, %s, 'bounce', %s, now(), now(), 'permanent', 'General', '5.1.1')"


@pytest.mark.parametrize("first", ["settle", "event"])
def test_the_settling_and_the_event_at_once(
    mails: Mails, connection: psycopg.Connection[Any], reminded: Callable[..., Any], first: str
) -> None:
    """I17: whichever commits first, the other sees it: the event is applied, and waits for nobody."""
    notice = there(mails.claim(reminded().organisation)).id
    run, key = mails.run_id, "an-event"
    settling = "SELECT certification.settle_notice(%s, %s, 'sent', NULL, %s)"
    if first == "settle":
        behind(
            connection,
            lambda: connection.execute(settling.encode(), (notice, run, message_id(notice))),
            lambda: mails.says(notice, "bounce"),
        )
    else:
        behind(
            connection,
            lambda: connection.execute(EVENT.encode(), (key, notice, message_id(notice))),
            lambda: mails.settle(notice),
        )
    assert mails.state(notice)[:2] == ("sent", "bounced")
    assert mails.foundation.one("SELECT count(*) FROM certification.mail_events WHERE applied_at IS NULL") == 0
    assert mails.problem("0@example.no") == "address_bounced"


def test_an_event_that_comes_twice_at_once_is_one(
    mails: Mails, connection: psycopg.Connection[Any], reminded: Callable[..., Any]
) -> None:
    """I17: by the lock of the notice's row."""
    (notice,) = (one.id for one in mails.send(reminded().organisation))
    said: list[Any] = []
    key = f"{message_id(notice)}:bounce:permanent"
    behind(
        connection,
        lambda: connection.execute(EVENT.encode(), (key, notice, message_id(notice))),
        lambda: said.append(mails.says(notice, "bounce")),
    )
    assert said == ["repeated"]
    assert mails.kinds(notice) == ["bounce"]


def test_the_third_of_three_at_once_is_seen(
    mails: Mails,
    database: TestDatabase,
    foundation: Foundation,
    connection: psycopg.Connection[Any],
    reminded: Callable[..., Any],
) -> None:
    """I17: three transient bounces of one address; the last two are recorded at the same moment."""
    people = reminded(3)
    foundation.do("UPDATE peer_mentors SET email = 'kari@example.no'")
    first, second, third = (one.id for one in mails.send(people.organisation))
    mails.says(first, "bounce", bounce_type="transient")
    held = EVENT.replace("permanent", "transient")
    behind(
        connection,
        lambda: connection.execute(held.encode(), ("second", second, message_id(second))),
        lambda: mails.says(third, "bounce", bounce_type="transient"),
    )
    assert mails.problem("kari@example.no") == "address_bounces_repeatedly"


def test_two_sweeps_at_once_take_different_mails(
    mails: Mails,
    connection: psycopg.Connection[Any],
    database: TestDatabase,
    foundation: Foundation,
    reminded: Callable[..., Any],
) -> None:
    """I18: nobody waits for anybody: what another transaction holds is left to the next sweep."""
    notice = there(mails.claim(reminded().organisation)).id
    mails.says(notice, "bounce")
    mails.time_passes(timedelta(minutes=21))
    mails.connection("Reconciliation").execute("SET lock_timeout = '3s'")
    with connection.transaction():
        connection.execute("SELECT 1 FROM certification.notices WHERE id = %s FOR UPDATE", (notice,))
        assert mails.sweep()["mail_events_taken_up"] == 0
    assert mails.sweep()["mail_events_taken_up"] == 1


def test_a_claim_passes_over_what_an_event_holds(
    mails: Mails, connection: psycopg.Connection[Any], reminded: Callable[..., Any]
) -> None:
    """I4: a notice that was given back, while an event proves that it went out, is not claimed."""
    organisation = reminded().organisation
    notice = there(mails.claim(organisation)).id
    mails.foundation.do("UPDATE certification.notices SET state = 'pending' WHERE id = %s", notice)
    mails.new_run()
    with connection.transaction():
        connection.execute(EVENT.encode(), ("an-event", notice, message_id(notice)))
        assert mails.claim(organisation) is None
    assert mails.claim(organisation) is None
    assert mails.state(notice)[0] == "sent"


def plan(connection: psycopg.Connection[Any], query: str, *parameters: object) -> str:
    rows = connection.execute(f"EXPLAIN {query}".encode(), parameters).fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.mark.slow
def test_an_outbox_of_a_million_is_looked_up_by_index(
    mails: Mails, connection: psycopg.Connection[Any], foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """An event, a settling, a sweep and the digests cost the same however many mails were sent before."""
    people = reminded(40)
    *sent, waiting = (one.id for one in mails.send(people.organisation))
    began = time.perf_counter()
    for notice in sent[:10]:
        mails.says(notice, "bounce", bounce_type="transient")
    mails.sweep()
    mails.outbox.complete_digests(mails.run_id, people.organisation)
    small = time.perf_counter() - began
    foundation.past_triggers(
        "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, threshold_day,"
        " certification_expiry_date, state, attempts, claimed_at, settled_at, message_id, address_digest, arrival,"
        " arrival_at, reported_in)"
        " SELECT gen_random_uuid(), %s, 'reminder', gen_random_uuid(), 7, %s, 'sent', 1, now() - interval '9 days',"
        " now() - interval '9 days', 'm' || i, sha256(i::text::bytea),"
        " CASE WHEN i %% 100 = 0 THEN 'bounced' ELSE 'delivered' END, now(), CASE WHEN i %% 100 = 0 THEN 1 END"
        " FROM generate_series(1, 1000000) AS i",
        people.organisation,
        DAY + days(7),
    )
    connection.execute("ANALYZE certification.notices")
    began = time.perf_counter()
    for notice in sent[10:20]:
        mails.says(notice, "bounce", bounce_type="transient")
    mails.sweep()
    mails.outbox.complete_digests(mails.run_id, people.organisation)
    large = time.perf_counter() - began
    assert large < 5 * small + 0.5, (small, large)
    for query in (
        "SELECT 1 FROM certification.notices AS n WHERE n.id = %s FOR NO KEY UPDATE",
        "SELECT 1 FROM certification.mail_events AS e WHERE e.notice_id = %s",
    ):
        assert "Seq Scan" not in plan(connection, query, waiting)
    for query in (
        (
            "SELECT t.id FROM certification.notices AS t WHERE t.state = 'sent' AND t.arrival IS NULL"
            " AND t.settled_at < clock_timestamp() - interval '24 hours' ORDER BY t.settled_at LIMIT 10000"
        ),
        (
            "SELECT n.id FROM certification.notices AS n WHERE n.organisation_id = gen_random_uuid()"
            " AND n.arrival IN ('bounced', 'complained') AND n.reported_in IS NULL"
        ),
        (
            "SELECT n.id FROM certification.notices AS n WHERE n.address_digest = sha256('')"
            " AND n.arrival IN ('delivered', 'bounced') ORDER BY n.id DESC LIMIT 3"
        ),
    ):
        assert "Seq Scan" not in plan(connection, query), query
