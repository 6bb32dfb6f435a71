"""What the functions need of the database server: clock, time zones, connection."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

import psycopg
from psycopg.rows import dict_row

from shared.adapters.postgres.integration.asking import ask, why
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_SKEW: Final = timedelta(seconds=30)
"""A webhook's signature is good for five minutes, and the shortest lease lasts two."""

_PID: Final = b"SELECT pg_backend_pid() AS pid"
_POINTS: Final[dict[str, str]] = {
    "dependencies.clock": f"the clocks of the database and of who asks differ by less than {MOST_SKEW.seconds} seconds",
    "dependencies.time_zones": "every organisation's time zone is known to the functions too",
    "dependencies.pooler": "a transaction stays on one server connection",
    "dependencies.tls": "the connection to the database is encrypted, and its certificate is verified",
}


def server_points() -> dict[str, str]:
    """Return every point of the server, with what is expected."""
    return dict(_POINTS)


def server_findings(
    connection: psycopg.Connection[Any], *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[Finding]:
    """Yield a finding for each point of the server. `now`: the function's clock."""
    checks: dict[str, Callable[[], Finding]] = {
        "dependencies.clock": lambda: _clock(connection, now),
        "dependencies.time_zones": lambda: _time_zones(connection),
        "dependencies.pooler": lambda: _pooler(connection),
        "dependencies.tls": lambda: _tls(connection),
    }
    for point, check in checks.items():
        try:
            yield check()
        except psycopg.Error as error:
            yield unchecked(point, _POINTS[point], why(error))


def _clock(connection: psycopg.Connection[Any], now: Callable[[], datetime]) -> Finding:
    point = "dependencies.clock"
    before = now()
    at: datetime = ask(connection, "SELECT clock_timestamp() AS at")[0]["at"]
    # The server read its clock at some moment in between, so this is the least that they differ.
    skew = max(before - at, at - now(), timedelta())
    said = f"{skew.total_seconds():.1f} seconds"
    if skew >= MOST_SKEW:
        return broken(
            point,
            _POINTS[point],
            f"they differ by {said} at least",
            "set whichever is wrong: signatures and leases go by both",
        )
    return holds(
        point,
        _POINTS[point],
        f"they agree within {(now() - before).total_seconds() + skew.total_seconds():.1f} seconds",
    )


def _time_zones(connection: psycopg.Connection[Any]) -> Finding:
    point = "dependencies.time_zones"
    # Only those that PostgreSQL knows: the others are a point of the data.
    rows = ask(connection, "SELECT z.name FROM certification.time_zones_in_use() AS z ORDER BY 1")
    known = {name.lower() for name in available_timezones()}
    lost = [row["name"] for row in rows if row["name"].lower() not in known]
    if lost:
        return broken(
            point,
            _POINTS[point],
            f"only PostgreSQL knows {', '.join(lost)}",
            "give these organisations an IANA name such as Europe/Oslo",
            n=len(lost),
        )
    return holds(point, _POINTS[point], f"{len(rows)} time zones in use")


def _pooler(connection: psycopg.Connection[Any]) -> Finding:
    point = "dependencies.pooler"
    try:
        with connection.transaction():
            pids = {connection.cursor(row_factory=dict_row).execute(_PID).fetchall()[0]["pid"] for _ in range(3)}
    except psycopg.errors.ProtocolViolation:
        pids = set()  # PgBouncer refuses BEGIN where it pools statements (08P01)
    if len(pids) != 1:
        return broken(
            point,
            _POINTS[point],
            "a pooler pools statements",
            "use the pooler's transaction mode (Supabase: port 6543), or the database itself",
        )
    pooled = connection.info.backend_pid not in pids
    return holds(point, _POINTS[point], "through a pooler" if pooled else "a connection of its own")


def _tls(connection: psycopg.Connection[Any]) -> Finding:
    point = "dependencies.tls"
    mode = connection.info.get_parameters().get("sslmode", "")
    if connection.pgconn.ssl_in_use:
        if mode == "verify-full":
            return holds(point, _POINTS[point], mode)
        if mode == "verify-ca":
            said = "the certificate's authority is checked, and not whether it is this host's (sslmode=verify-ca)"
            return broken(point, _POINTS[point], said, "leave sslmode out of the secret: many have this authority's")
        return broken(
            point,
            _POINTS[point],
            f"encrypted, and the server's certificate is not verified (sslmode={mode or 'prefer'})",
            "put the authority's certificate into the secret as sslrootcert, and leave sslmode out",
        )
    host = connection.info.host
    if host.startswith("/") or host in {"127.0.0.1", "::1", "localhost"}:
        return holds(point, _POINTS[point], "the database is on this machine: no network is crossed")
    return broken(
        point,
        _POINTS[point],
        "it is not encrypted",
        "put the authority's certificate into the secret as sslrootcert, and leave sslmode out",
    )
