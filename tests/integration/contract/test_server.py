"""The points of the database server: clocks, time zones, encryption."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from shared.adapters.postgres.integration import server as checking
from shared.adapters.postgres.integration.server import server_findings, server_points
from shared.domain.integration.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.integration.findings import Finding


def found(dsn: str, *, ahead: timedelta = timedelta()) -> dict[str, Finding]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        findings = server_findings(connection, now=lambda: datetime.now(UTC) + ahead)
        return {finding.point: finding for finding in findings}


def test_a_server_beside_us_holds_in_every_point(sound: str) -> None:
    findings = found(sound)
    assert findings.keys() == server_points().keys()
    assert {finding.verdict for finding in findings.values()} == {Verdict.HOLDS}


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
