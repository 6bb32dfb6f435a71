"""Fifty coordinators who force at once for a minute within the limits, beside live changes; then above the limits."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from local.demo.website import wait_until_synced

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from benchmarks.force_sync.stack import Bench

_CHANGES_PER_SECOND: Final = 5
_ABOVE: Final = 12
_PER_MENTOR: Final = 6


@dataclass
class Storm:
    """What came of it. `took` in milliseconds."""

    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    above: Counter[int] = field(default_factory=Counter)
    changes: int = 0
    audited: int = 0
    wrong_rows: int = 0


def storm(bench: Bench, seconds: float, per_minute: int) -> Storm:
    """Let every coordinator force mentors `per_minute` times a minute, all at once, for so many seconds."""
    found = Storm()
    lock = threading.Lock()
    ends = time.monotonic() + seconds
    with bench.database() as connection:
        _let_a_minute_pass(connection)
        before = connection.execute("SELECT count(*) FROM certification.audit").fetchone()

    def coordinator(number: int, own: list[UUID]) -> None:
        choose = random.Random(number)  # noqa: S311 - any order will do
        order = own * 6
        choose.shuffle(order)
        with bench.client() as client:
            for mentor in order:
                began = time.monotonic()
                if began >= ends:
                    return
                reply = bench.force(client, bench.coordinators[number], mentor)
                with lock:
                    found.took.append((time.monotonic() - began) * 1000)
                    found.statuses[reply.status_code] += 1
                time.sleep(max(0.0, began + 60 / per_minute - time.monotonic()))

    def changes() -> None:
        choose = random.Random(0)  # noqa: S311
        with bench.database() as connection:
            while time.monotonic() < ends:
                mentor = choose.choice(bench.mentors)
                connection.execute(
                    "UPDATE public.peer_mentors SET area = 'Møre og Romsdal ' || %s WHERE id = %s",
                    (found.changes, mentor),
                )
                found.changes += 1
                time.sleep(1 / _CHANGES_PER_SECOND)

    shares = [bench.mentors[number :: len(bench.coordinators)] for number in range(len(bench.coordinators))]
    threads = [threading.Thread(target=coordinator, args=(number, own)) for number, own in enumerate(shares)]
    threads.append(threading.Thread(target=changes))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until_synced(bench.stack.dsn)
    with bench.database() as connection:
        after = connection.execute("SELECT count(*) FROM certification.audit").fetchone()
        wanted = connection.execute("SELECT id::text, area FROM public.peer_mentors").fetchall()
    found.audited = (after[0] if after else 0) - (before[0] if before else 0)
    shown = {row["hlf_mentorid"]: row for row in bench.control.rows()}
    found.wrong_rows = (
        len(shown) - len(wanted) + sum(shown.get(key, {}).get("hlf_area") != area for key, area in wanted)
    )
    found.above = _above_the_limits(bench)
    return found


def _let_a_minute_pass(connection: psycopg.Connection) -> None:
    """Put the forced syncs so far before this minute, past the trigger that lets nobody rewrite the audit."""
    connection.execute("SET session_replication_role = replica")
    connection.execute("UPDATE certification.audit SET at = at - interval '2 minutes'")
    connection.execute("SET session_replication_role = origin")


def _above_the_limits(bench: Bench) -> Counter[int]:
    """Force one mentor more often than a minute allows, after a quiet minute."""
    with bench.database() as connection:
        _let_a_minute_pass(connection)
    statuses: Counter[int] = Counter()
    with bench.client() as client:
        for _ in range(_ABOVE):
            statuses[bench.force(client, bench.coordinators[0], bench.mentors[0]).status_code] += 1
    return statuses


def lost_or_doubled(found: Storm) -> int:
    """Return how many requests have no audit row, or one too many, and how many rows the website has wrong."""
    done = found.statuses[httpx.codes.OK] + found.statuses[httpx.codes.ACCEPTED]
    return abs(found.audited - done) + found.wrong_rows


def above_is_refused(found: Storm) -> bool:
    """Return whether above the limits there were only refusals, and below none."""
    return found.above == {httpx.codes.OK: _PER_MENTOR, httpx.codes.TOO_MANY_REQUESTS: _ABOVE - _PER_MENTOR}
