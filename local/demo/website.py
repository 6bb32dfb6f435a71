"""The public website compared with the app: its content, whether it is up to date, and how fast a change gets there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

_PATIENCE_SECONDS = 60.0
_POLL_EVERY = 0.02
CHANGES_PER_SECOND = 20


class WebsiteBehindError(Exception):
    """Raised when the website does not match the app in time. The message says how many listings wait."""


@dataclass(frozen=True)
class VisitorView:
    """The listings that visitors see: names by mentor id."""

    names: dict[str, str]

    def gone(self, later: VisitorView) -> dict[str, str]:
        """Return the listings that are here and not in `later`."""
        return {mentor: name for mentor, name in self.names.items() if mentor not in later.names}


@dataclass(frozen=True)
class Latency:
    """Milliseconds from before a status change was committed until Dynamics had accepted it."""

    changes: int
    p50: float
    p95: float
    p99: float
    slowest: float


def visit(url: str) -> VisitorView:
    """Return the listings that a visitor of the website sees."""
    listings = _get(f"{url}/website", format="json")["listings"]
    return VisitorView({row["key"]: row["hlf_name"] or "" for row in listings})


def _get(url: str, **params: str | float) -> Any:  # noqa: ANN401 - any JSON
    """Send a GET from this machine, past every proxy and setting of the environment, and return the JSON."""
    return httpx.get(url, params=params, timeout=30, trust_env=False).raise_for_status().json()


def wait_until_synced(dsn: str, seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait until every listing is synced, except the rejected ones and those that the brake holds.

    Raise WebsiteBehindError after `seconds`.
    """
    deadline = time.monotonic() + seconds
    with psycopg.connect(dsn, autocommit=True) as connection:
        while waiting := _waiting(connection):
            if time.monotonic() > deadline:
                raise WebsiteBehindError(
                    f"{waiting} listings still wait for the website after {seconds:.0f} seconds ({_why(connection)})"
                )
            time.sleep(_POLL_EVERY)


def _why(connection: psycopg.Connection) -> str:
    """Return the states and reasons of the waiting listings, the most frequent first."""
    rows = connection.execute(
        "SELECT concat_ws(' ', l.state, l.reason) FROM certification.listings AS l"
        " WHERE l.synced_version < l.desired_version GROUP BY 1 ORDER BY count(*) DESC LIMIT 3"
    ).fetchall()
    return ", ".join(row[0] for row in rows)


def _waiting(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM certification.listings"
        " WHERE synced_version < desired_version AND state <> 'rejected' AND reason IS DISTINCT FROM 'brake'"
    ).fetchone()
    assert row is not None  # noqa: S101 - for the type checker: a count always has a row
    return int(row[0])


def times_to_site(
    dsn: str,
    url: str,
    mentors: int | Sequence[UUID],
    per_second: float = CHANGES_PER_SECOND,
    *,
    catch_up: Callable[[], None] | None = None,
) -> list[float]:
    """Pause live mentors one by one with SQL, resume them, and return the milliseconds of each change.

    A change lasts from before its commit until Dynamics has accepted it, and there are two for each mentor. `mentors`
    lists the mentors, or says how many to take. `catch_up` waits until the website is up to date.
    """
    began = time.time()
    with psycopg.connect(dsn, autocommit=True) as connection:
        committed = list(_changes(connection, mentors, per_second))
    (catch_up or partial(wait_until_synced, dsn))()
    accepted: dict[str, list[float]] = {}
    for write in _get(f"{url}/_emulator/journal/writes", since=began):
        accepted.setdefault(write["key"], []).append(write["at"])
    return [
        (next(at for at in accepted[str(mentor)] if at >= committed_at) - committed_at) * 1000
        for mentor, committed_at in committed
    ]


def summary(milliseconds: Sequence[float]) -> Latency:
    """Return the percentiles of at least two measurements."""
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return Latency(len(milliseconds), cuts[49], cuts[94], cuts[98], max(milliseconds))


def _changes(
    connection: psycopg.Connection, mentors: int | Sequence[UUID], per_second: float
) -> Iterator[tuple[UUID, float]]:
    if isinstance(mentors, int):
        rows = connection.execute(
            "SELECT mentor_id FROM certification.listings WHERE state = 'live' ORDER BY mentor_id LIMIT %s", (mentors,)
        ).fetchall()
        mentors = [mentor_id for (mentor_id,) in rows]
    due = time.monotonic()
    for call in ("pause_mentor", "resume_mentor"):
        for mentor_id in mentors:
            time.sleep(max(0.0, due - time.monotonic()))
            due += 1 / per_second
            committed_at = time.time()
            connection.execute(f"SELECT public.{call}(%s, 'local', 'measured')".encode(), (mentor_id,))
            yield mentor_id, committed_at
