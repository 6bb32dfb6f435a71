"""The points of the database server: clocks, time zones, encryption."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from operations.commands.verify_integration import of_database
from shared.adapters.postgres.integration import server as checking
from shared.adapters.postgres.integration.server import server_findings, server_points
from shared.domain.integration.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.integration.findings import Finding


ONLY_THERE = "Pacific/Kiritimati"
"""A time zone that the functions' list, of another edition, does not have."""

# A database in which a function of the server's own says something else: what the checkpoint reads is the server's.
_OVERRULED = (
    "CREATE FUNCTION public.{0} RETURNS {1} LANGUAGE sql VOLATILE AS $$ SELECT {2} $$;"
    "ALTER DATABASE contract_variant SET search_path = public, pg_catalog;"
)
VARIANTS: dict[str, tuple[str, dict[str, str]]] = {
    "dependencies.clock": (
        _OVERRULED.format("clock_timestamp()", "timestamptz", "pg_catalog.clock_timestamp() + interval '45 seconds'"),
        {},
    ),
    "dependencies.time_zones": (f"INSERT INTO organisations (name, timezone) VALUES ('HLF Moss', '{ONLY_THERE}')", {}),
    # As behind a pooler that gives every statement another connection.
    "dependencies.pooler": (_OVERRULED.format("pg_backend_pid()", "integer", "(random() * 1e9)::integer"), {}),
    "dependencies.tls": ("SELECT 1", {"host": "db.example.no", "hostaddr": "127.0.0.1"}),
}
"""What spoils each point of the server: statements, and another address of the same database."""


def found(dsn: str, *, ahead: timedelta = timedelta()) -> dict[str, Finding]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        findings = server_findings(connection, now=lambda: datetime.now(UTC) + ahead)
        return {finding.point: finding for finding in findings}


def test_a_server_beside_us_holds_in_every_point(sound: str) -> None:
    findings = found(sound)
    assert findings.keys() == server_points().keys()
    assert {finding.verdict for finding in findings.values()} == {Verdict.HOLDS}


def test_every_point_has_a_variant() -> None:
    """A point that nothing spoils might never speak."""
    assert VARIANTS.keys() == server_points().keys()


@pytest.mark.parametrize("point", VARIANTS)
def test_a_variant_is_found_by_its_own_point(
    variant: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """And by no other, of structure and data too."""
    edition = available_timezones() - {ONLY_THERE}
    monkeypatch.setattr(checking, "available_timezones", lambda: edition)
    statements, address = VARIANTS[point]
    with psycopg.connect(make_conninfo(variant(statements), **address), autocommit=True) as connection:
        report = of_database(connection)
    assert {finding.point for finding in report.of(Verdict.DOES_NOT_HOLD)} == {point}
    finding = next(finding for finding in report.findings if finding.point == point)
    assert finding.found
    assert finding.advice


@pytest.mark.parametrize("seconds", [-45, 45])
def test_clocks_that_differ_are_found(sound: str, seconds: int) -> None:
    """Whichever is ahead: signatures and leases go by both."""
    finding = found(sound, ahead=timedelta(seconds=seconds))["dependencies.clock"]
    assert finding.verdict is Verdict.DOES_NOT_HOLD
    assert "45.0 seconds at least" in finding.found


def test_a_time_zone_that_only_postgresql_knows_is_found(
    variant: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL has its own list; the functions' may be another edition."""
    dsn = variant(
        "INSERT INTO organisations (name, timezone) VALUES ('HLF Moss', 'posixrules'), ('HLF Ås', 'europe/oslo')"
    )
    monkeypatch.setattr(checking, "available_timezones", lambda: {"UTC"})
    finding = found(dsn)["dependencies.time_zones"]
    assert finding.verdict is Verdict.DOES_NOT_HOLD
    assert "Europe/Oslo" in finding.found


def test_a_connection_over_a_network_has_to_be_encrypted(sound: str) -> None:
    """This machine's own address crosses no network; a name might."""
    finding = found(make_conninfo(sound, host="db.example.no", hostaddr="127.0.0.1"))["dependencies.tls"]
    assert (finding.verdict, finding.found) == (Verdict.DOES_NOT_HOLD, "it is not encrypted")
