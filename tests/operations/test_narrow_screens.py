"""At 80 columns, and at 60, no command of operations cuts a figure; it wraps or puts columns below."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.foundation import DAY, days
from tests.support.screens import figures

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.operator import Operator

pytestmark = pytest.mark.slow

WIDE = 400


def fill(foundation: Foundation) -> None:
    """Something on every screen: long names, large numbers, every list."""
    organisation = foundation.organisation(name="HLF Fylkeslag nummer 1 med et langt navn")
    foundation.evaluated(organisation)
    foundation.brake(0, 0, organisation)
    for kind in ("expiry", "repair"):
        foundation.one("SELECT certification.brake_holds(%s, %s, 1234, 5678, %s)", organisation, kind, uuid4())
    mentors = [foundation.mentor(organisation, DAY + days(300), consent=True) for _ in range(5)]
    foundation.do(
        "UPDATE certification.listings SET state = 'rejected', reason = 'dataverse_400_0x80044331', attempts = 4,"
        ' website = \'{"table": "t", "key": "k", "hide": {}, "columns": []}\' WHERE mentor_id = ANY (%s)',
        mentors,
    )
    foundation.do("SELECT certification.record_check('dataverse_403_0x80072560', true, %s, 'entra_7000215')", DAY)
    for queue in ("SyncRequests", "RepairRequests", "SyncDeadLetters", "DeadLetters"):
        foundation.do("SELECT certification.record_queue_depth(%s, 123456)", queue)
    for function in ("expiry_check", "send_notices", "reconciliation_full", "reconciliation_sweep"):
        run = foundation.one(
            "INSERT INTO certification.runs (function, scheduled_at, request_id, started_at, ended_at, state, reason)"
            " VALUES (%s, now(), 'r', now() - interval '1 minute', now(), 'degraded', 'differences_unverified')"
            " RETURNING id",
            function,
        )
    foundation.do(
        "SELECT certification.write_proof(%s, now() - interval '1 second', NULL, 1234567, 1234566, 1234565,"
        " %s, %s, %s)",
        run,
        "a" * 64,
        "b" * 64,
        json.dumps({"rows_read": 2345678, "missing": 1}),
    )
    for mentor, class_ in zip(mentors, ("missing", "field_drift"), strict=False):
        foundation.do(
            "INSERT INTO certification.findings (class, cause, website_table, opened_in, seen_in, mentor_id,"
            " organisation_id, fields) VALUES (%s, 'manual_edit', 'hlf_peermentors', %s, %s, %s, %s,"
            " '{hlf_phone,hlf_areaofexpertise}')",
            class_,
            run,
            run,
            mentor,
            organisation,
        )
    foundation.do(
        "INSERT INTO certification.duplicates (kind, mentor_id, certification_expiry_date, detail, n, found_in)"
        " VALUES ('transition', %s, %s, 'certification_expired', 1234, %s)",
        mentors[0],
        DAY,
        uuid4(),
    )
    foundation.all("SELECT * FROM certification.record_alerts()")


@pytest.fixture
def screen(operator: Operator, foundation: Foundation) -> Any:
    """A command in a process of its own, so wide. Returns what it printed."""
    fill(foundation)

    def run(columns, *words, expect):
        return operator.screen(columns, *words, *operator.options, expect=expect)

    return run


@pytest.mark.parametrize(
    ("words", "language", "expect"),
    [
        (("status",), "en", 1),
        (("status",), "nb", 1),
        (("alerts", "--all"), "nb", 0),
        (("rejected", "list"), "en", 0),
        (("duplicates", "list"), "en", 0),
        (("proof",), "en", 1),
        (("settings", "show"), "nb", 0),
    ],
)
def test_no_screen_cuts_a_figure(
    screen: Any, words: Any, language: str, expect: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in lines that fit, except for commands: these are pasted, so they stay in one line."""
    monkeypatch.setenv("OPERATIONS_LANGUAGE", language)
    before = figures(screen(WIDE, *words, expect=expect))
    printed_at = {columns: screen(columns, *words, expect=expect) for columns in (80, 60)}
    # An age such as "1 minute" differs from one screen to the next: those count that are still there afterwards.
    whole = before & figures(screen(WIDE, *words, expect=expect))
    assert len(whole) >= 3
    for columns, printed in printed_at.items():
        assert (columns, whole - figures(printed)) == (columns, set())
        long = [line for line in printed.splitlines() if len(line.rstrip()) > columns]
        assert [line for line in long if not re.search(r"hlf-operations|sam remote", line)] == []


def test_a_message_without_a_mentor_wraps_too(screen: Any) -> None:
    """A sentence of an error is wrapped at words, never cut."""
    printed = screen(60, "rejected", "retry", "kari", "--actor", "a", "--reason", "b", expect=2)
    assert "'kari' is not a mentor's id" in " ".join(printed.split())
