"""Who is expired and who comes back (I3), on real PostgreSQL through the use case."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.runs import RunState
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

ENDED = DAY - days(1)
EXPIRY = ("active", "certification_expired", "certification_expired", "system:expiry_check")
RETURN = ("certification_expired", "active", "certification_renewed", "system:expiry_check")


def test_a_certification_is_valid_through_its_last_day(foundation: Foundation, functions: Functions) -> None:
    """I3: expires_on today is still valid; yesterday's is expired, with its log row and its notices."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    last_day = foundation.mentor(organisation, DAY)
    ended = foundation.mentor(organisation, ENDED, coordinator=turid)
    result = functions.nightly_check(DAY)
    assert foundation.status(last_day) == "active"
    assert foundation.log(last_day) == []
    assert foundation.status(ended) == "certification_expired"
    assert foundation.log(ended) == [EXPIRY]
    assert foundation.one("SELECT certification_expiry_date FROM mentor_status_log") == ENDED
    assert foundation.notices(ended) == [("expired", None, "pending")]
    assert foundation.digest(turid) == [("expired", None)]
    assert foundation.counts(result.run_id, "expiries_changed") == {"": 1}


def test_nobody_is_expired_twice_for_one_date(foundation: Foundation, functions: Functions) -> None:
    """I3: the same nightly check again, the nightly checks after it, and a nightly check that scans everybody
    write no second log row.
    """
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    for day in (DAY, DAY, DAY + days(1), DAY + days(6), DAY):
        functions.nightly_check(day)
    foundation.do("DELETE FROM certification.progress")
    functions.nightly_check(DAY + days(7))
    assert foundation.log(mentor) == [EXPIRY]
    assert foundation.notices(mentor) == [("expired", None, "pending")]


@pytest.mark.parametrize("status", ["paused", "inactive"])
def test_a_persons_pause_or_withdrawal_wins_over_the_expiry(
    foundation: Foundation, functions: Functions, status: str
) -> None:
    """I3: only from `active`."""
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    foundation.set_status(mentor, status)
    result = functions.nightly_check(DAY)
    assert foundation.status(mentor) == status
    assert foundation.log(mentor) == []
    assert result.verdict.state is RunState.SUCCEEDED


def test_one_who_resumes_after_the_last_day_expires_next(foundation: Foundation, functions: Functions) -> None:
    """I3: though the nightly checks have long passed that date."""
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    foundation.pause(mentor)
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(20))
    foundation.resume(mentor)
    functions.nightly_check(DAY + days(21))
    assert foundation.status(mentor) == "certification_expired"


@pytest.mark.parametrize("renewed_on", [-1, 0, 1, 9])
def test_whoever_renews_around_the_day_is_active_again(
    foundation: Foundation, functions: Functions, renewed_on: int
) -> None:
    """I2, I3: renewed in time nothing happens; afterwards the next nightly check brings the mentor back, once."""
    mentor = foundation.mentor(foundation.organisation(), DAY)
    for offset in range(-2, 12):
        functions.nightly_check(DAY + days(offset))
        if offset == renewed_on:
            foundation.renew(mentor, DAY + days(3 * 365))
    assert foundation.status(mentor) == "active"
    assert foundation.log(mentor) == ([] if renewed_on < 1 else [EXPIRY, RETURN])
    functions.nightly_check(DAY + days(12))
    assert len(foundation.notices(mentor)) == (1 if renewed_on < 1 else 3)


def test_one_who_returns_in_a_window_is_reminded_at_once(foundation: Foundation, functions: Functions) -> None:
    """I2: reactivation goes before the reminders."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(10), status="certification_expired")
    functions.nightly_check(DAY)
    assert foundation.status(mentor) == "active"
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "claimed"}


def test_the_coordinator_hears_once_of_a_manual_reactivation(foundation: Foundation, functions: Functions) -> None:
    """I3, I13: the organisation's switch is off: a step failure with its reason, in one digest, the run succeeds."""
    organisation = foundation.organisation(reactivate=False)
    turid = foundation.coordinator(organisation)
    mentor = foundation.mentor(organisation, DAY + days(300), status="certification_expired", coordinator=turid)
    results = [functions.nightly_check(DAY + days(offset)) for offset in range(3)]
    assert foundation.status(mentor) == "certification_expired"
    assert foundation.step_failures(mentor) == [("reactivate", "awaiting_manual_reactivation", 3)]
    assert foundation.digest(turid) == [("needs_decision", "awaiting_manual_reactivation")]
    assert len(foundation.notices(turid)) == 1
    assert [result.verdict.state for result in results] == [RunState.SUCCEEDED] * 3
    foundation.set_status(mentor, "active")
    functions.nightly_check(DAY + days(280))
    assert foundation.reminders(mentor) == {30: "claimed"}


def test_a_person_who_sets_an_expired_mentor_active_wins(foundation: Foundation, functions: Functions) -> None:
    """I3, I13: left alone, a step failure, degraded every night, the coordinator told once; a renewal settles it."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    mentor = foundation.mentor(organisation, ENDED, coordinator=turid)
    functions.nightly_check(DAY)
    foundation.set_status(mentor, "active")
    results = [functions.nightly_check(DAY + days(offset)) for offset in (1, 2, 3)]
    assert foundation.status(mentor) == "active"
    assert foundation.log(mentor) == [EXPIRY]
    assert foundation.step_failures(mentor) == [("expire", "manually_set_active", 3)]
    assert [result.verdict.reason for result in results] == ["expiries_skipped_manual_edit"] * 3
    assert foundation.digest(turid) == [("needs_decision", "manually_set_active")]
    assert len(foundation.notices(turid)) == 2
    foundation.renew(mentor, DAY + days(300))
    assert functions.nightly_check(DAY + days(4)).verdict.state is RunState.SUCCEEDED
    assert foundation.status(mentor) == "active"


def test_a_person_who_sets_a_renewed_mentor_expired_wins(foundation: Foundation, functions: Functions) -> None:
    """I3: brought back once for that date; set back by hand, the mentor stays."""
    organisation = foundation.organisation()
    mentor = foundation.mentor(
        organisation, DAY + days(300), status="certification_expired", coordinator=foundation.coordinator(organisation)
    )
    functions.nightly_check(DAY)
    foundation.set_status(mentor, "certification_expired")
    result = functions.nightly_check(DAY + days(1))
    assert foundation.status(mentor) == "certification_expired"
    assert result.verdict.reason == "reactivations_skipped_manual_edit"
    assert foundation.step_failures(mentor) == [("reactivate", "manually_set_expired", 1)]


def test_an_uncommitted_pause_is_not_waited_for_and_wins(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I3: the nightly check goes on for the others, rechecks, and by then the person has committed."""
    organisation = foundation.organisation()
    mentor, other = foundation.mentor(organisation, ENDED), foundation.mentor(organisation, ENDED)
    attempts = []
    with database.connect() as person:
        person.execute("BEGIN")
        person.execute("SELECT pause_mentor(%s, 'turid', 'ill')", (mentor,))

        def pause(seconds):
            attempts.append(seconds)
            assert foundation.status(other) == "certification_expired"
            person.execute("COMMIT")

        result = functions.nightly_check(DAY, pause=pause)
    assert len(attempts) == 1
    assert foundation.status(mentor) == "paused"
    assert foundation.log(mentor) == [("active", "paused", "ill", "turid")]
    assert result.verdict.state is RunState.SUCCEEDED
    assert foundation.counts(result.run_id, "expiries_changed") == {"": 1}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("SELECT pause_mentor(%s, 'turid', 'ill')", "paused"),
        ("UPDATE peer_mentors SET status = 'inactive' WHERE id = %s", "inactive"),
        ("UPDATE certifications SET expires_on = '2029-12-01' WHERE mentor_id = %s", "active"),
    ],
    ids=["pause", "withdrawal", "renewal"],
)
def test_a_change_after_the_check_chose_whom_to_expire_wins(
    database: TestDatabase, foundation: Foundation, functions: Functions, change: str, status: str
) -> None:
    """I3: compare-and-set. The nightly check has read everybody and locked nobody yet when a person's change is
    committed.
    """
    organisation = foundation.organisation()
    mentor, other = foundation.mentor(organisation, ENDED), foundation.mentor(organisation, ENDED)
    foundation.do(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF current_setting('certification.own_transition', true) = 'expire' THEN"
        " PERFORM pg_advisory_xact_lock(1); END IF; RETURN NULL; END $$;"
        " CREATE TRIGGER wait BEFORE UPDATE ON peer_mentors FOR EACH STATEMENT EXECUTE FUNCTION wait()"
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with database.connect() as person, ThreadPoolExecutor(1) as pool:
        person.execute("SELECT pg_advisory_lock(1)")
        nightly = pool.submit(functions.nightly_check, DAY)
        deadline = time.monotonic() + 10
        while not foundation.one(waiting) and time.monotonic() < deadline:
            time.sleep(0.01)
        person.execute(change.encode(), (mentor,))
        assert foundation.one(waiting) == 1
        person.execute("SELECT pg_advisory_unlock(1)")
        result = nightly.result(10)
    assert foundation.status(mentor) == status
    assert EXPIRY not in foundation.log(mentor)
    assert foundation.log(other) == [EXPIRY]
    assert result.verdict.state is RunState.SUCCEEDED
    assert foundation.counts(result.run_id, "expiries_changed") == {"": 1}


@pytest.mark.parametrize("table", ["peer_mentors", "certifications"])
def test_a_mentor_edited_all_night_is_expired_the_next(
    database: TestDatabase, foundation: Foundation, functions: Functions, table: str
) -> None:
    """I3, I13: never waited for; the run is degraded and says why."""
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    key = {"peer_mentors": "id", "certifications": "mentor_id"}[table]
    attempts: list[Any] = []
    with database.connect() as person:
        person.execute("BEGIN")
        person.execute(f"UPDATE {table} SET {key} = {key} WHERE {key} = %s".encode(), (mentor,))
        result = functions.nightly_check(DAY, pause=attempts.append)
        person.execute("ROLLBACK")
    assert len(attempts) == 2
    assert foundation.status(mentor) == "active"
    assert result.verdict.reason == "expiries_skipped_busy"
    functions.nightly_check(DAY + days(1))
    assert foundation.log(mentor) == [EXPIRY]


def test_an_edit_without_a_change_lets_the_second_attempt_expire(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I3: in the same nightly check, and counted once."""
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    with database.connect() as person:
        person.execute("BEGIN")
        person.execute("UPDATE peer_mentors SET area = 'Moss' WHERE id = %s", (mentor,))
        result = functions.nightly_check(DAY, pause=lambda _: person.execute("COMMIT"))  # type: ignore[arg-type]
    assert foundation.log(mentor) == [EXPIRY]
    assert foundation.counts(result.run_id, "expiries_due") == {"": 1}
    assert foundation.counts(result.run_id, "expiries_skipped_busy") == {"": 0}


def test_a_whole_lifetime_of_one_mentor(foundation: Foundation, functions: Functions) -> None:
    """I1-I3: fourteen months, night by night: every threshold, an expiry, a renewal a week late, and round again."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(40))
    history: list[Any] = []
    for offset in range(426):
        functions.nightly_check(DAY + days(offset))
        history += [(offset, *notice[:2]) for notice in foundation.notices(mentor)[len(history) :]]
        if offset == 48:
            foundation.renew(mentor, DAY + days(400))
    assert history == [
        (10, "reminder", 30),
        (26, "reminder", 14),
        (33, "reminder", 7),
        (41, "expired", None),
        (49, "reactivated", None),
        (370, "reminder", 30),
        (386, "reminder", 14),
        (393, "reminder", 7),
        (401, "expired", None),
    ]
    assert foundation.log(mentor) == [EXPIRY, RETURN, EXPIRY]
