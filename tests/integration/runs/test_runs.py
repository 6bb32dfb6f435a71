"""Every run is written down with all of its counts, and one that never ended is closed (I12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

COUNTS = {
    **{f"reminders_{outcome}": {"30", "14", "7"} for outcome in ("due", "claimed", "collapsed", "unreachable")},
    **{f"reminders_{outcome}": {"30", "14", "7"} for outcome in ("already", "skipped")},
    **{f"expiries_{outcome}": {""} for outcome in ("due", "changed", "already", "unreachable", "braked")},
    **{f"expiries_skipped_{reason}": {""} for reason in ("busy", "manual_edit")},
    **{f"reactivations_{outcome}": {""} for outcome in ("due", "changed", "already", "unreachable")},
    **{f"reactivations_skipped_{reason}": {""} for reason in ("busy", "manual_edit", "setting")},
    "notices_written": {"reminder", "expired", "reactivated", "digest"},
    "step_failures": {"remind", "expire", "reactivate"},
    "unnotified": {"remind", "expire", "reactivate"},
    "days_overtaken": {"remind", "expire", "reactivate"},
    "reminders_braked": {""},
}
KINDS = {
    f"{kind}:{locale}" for kind in ("reminder", "expired", "reactivated", "digest") for locale in ("nb", "nn", "en")
}


def stored(foundation):
    found: dict[Any, Any] = {}
    for measure, detail, n in foundation.all("SELECT measure, detail, n FROM certification.run_counts"):
        found.setdefault(measure, {})[detail] = n
    return found


def test_a_check_with_nothing_to_do_writes_every_count_as_zero(foundation: Foundation, functions: Functions) -> None:
    """I12: silence and "nothing to do" must not look the same."""
    foundation.organisation()
    result = functions.nightly_check(DAY)
    found = stored(foundation)
    assert {measure: set(details) for measure, details in found.items()} == COUNTS
    assert {n for details in found.values() for n in details.values()} == {0}
    assert foundation.all("SELECT id, function, state, reason, request_id FROM certification.runs") == [
        (result.run_id, "expiry_check", "succeeded", None, "a-request")
    ]


def test_what_a_run_reports_is_what_it_wrote(foundation: Foundation, functions: Functions) -> None:
    """I12: the counts that become logs and metrics are the stored ones, zeros included."""
    organisation = foundation.organisation()
    for left in (30, 14, 8, -1):
        foundation.mentor(organisation, DAY + days(left))
    functions.nightly_check(DAY)
    _, _, day, counts, _ = functions.reported.organisations[-1]
    reported: dict[Any, Any] = {}
    for count in counts:
        reported.setdefault(count.measure, {})[count.detail] = count.n
    assert day == DAY
    assert reported == stored(foundation)
    assert reported["reminders_due"] == {"30": 4, "14": 3, "7": 1}
    assert reported["reminders_claimed"] == {"30": 1, "14": 2, "7": 0}
    assert reported["expiries_changed"] == {"": 1}


def test_a_sending_with_nothing_to_do_writes_every_count_as_zero(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I12: per outcome, kind and language."""
    foundation.organisation()
    functions.send(DAY)
    found = stored(foundation)
    assert {measure: set(details) for measure, details in found.items()} == {
        **{
            f"notices_{outcome}": KINDS
            for outcome in ("sent", "undeliverable", "superseded", "given_back", "outcome_unknown")
        },
        "notices_put_back": {""},
        "notices_waiting": {""},
        "notices_stuck": {""},
        "days_overtaken": {"send"},
    }
    assert {n for details in found.values() for n in details.values()} == {0}


def test_a_run_that_never_ended_is_closed_by_the_next(foundation: Foundation, functions: Functions) -> None:
    """I12: a function that was killed cannot say so; a run that may still be under way is left alone."""
    foundation.organisation()
    started = (
        "INSERT INTO certification.runs (function, scheduled_at, request_id, started_at) VALUES (%s, now(), %s, %s)"
    )
    now = foundation.one("SELECT now()")
    foundation.do(started, "expiry_check", "killed", now - 21 * (minute := days(1) / 1440))
    foundation.do(started, "expiry_check", "under way", now - 19 * minute)
    foundation.do(started, "send_notices", "another function", now - 60 * minute)
    functions.nightly_check(DAY)
    found = foundation.all(
        "SELECT request_id, state, reason, ended_at IS NOT NULL FROM certification.runs ORDER BY started_at"
    )
    assert found == [
        ("another function", "running", None, False),
        ("killed", "failed", "never_ended", True),
        ("under way", "running", None, False),
        ("a-request", "succeeded", None, True),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "state = 'finished'",
        "state = 'degraded'",
        "state = 'succeeded', reason = 'x'",
        "state = 'running'",
        "function = 'x'",
    ],
)
def test_a_run_ends_in_one_of_three_states_with_a_reason(
    foundation: Foundation, functions: Functions, change: str
) -> None:
    """I12: by named constraints."""
    functions.nightly_check(DAY)
    with pytest.raises(psycopg.errors.CheckViolation, match="run_"):
        foundation.do(f"UPDATE certification.runs SET {change}")
