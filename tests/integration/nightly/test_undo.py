"""A person takes back what one nightly check did (issue 8 B): what was and what could not be is told, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import at_night

if TYPE_CHECKING:
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(400)


def undo(foundation: Foundation, run: UUID) -> tuple[str, Any]:
    (row,) = foundation.all(
        "SELECT u.outcome, u.counts FROM certification.undo_run(%s, 'turid.vik', 'a wrong day') AS u", run
    )
    return row


def wrong_check(foundation: Foundation, functions: Functions) -> UUID:
    """A nightly check of a day that is far ahead, as a clock that is wrong would have it;
    then the clock is right again.
    """
    run = functions.nightly_check(LATER).run_id
    foundation.present(at_night(DAY))
    return run


def everything(foundation: Foundation) -> dict[str, list[Any]]:
    """What nightly checks leave, but for the log, in which an undo is added to what it undoes."""
    found = foundation.everything()
    del found["log"]
    return found | {"days": foundation.all("SELECT * FROM certification.evaluated_days ORDER BY 1")}


def test_an_undone_run_leaves_things_as_they_were(foundation: Foundation, functions: Functions) -> None:
    """Reminders, notices, transitions, the website's day: issue 8 B's 2036, of a small organisation."""
    organisation = foundation.organisation()
    coordinator = foundation.coordinator(organisation)
    functions.nightly_check(DAY)
    mentors = [foundation.mentor(organisation, DAY + days(n), coordinator=coordinator) for n in (5, 12, 25, 300, 410)]
    before = everything(foundation)
    run = wrong_check(foundation, functions)
    assert {foundation.status(m) for m in mentors[:4]} == {"certification_expired"}
    outcome, counts = undo(foundation, run)
    assert outcome == "undone"
    assert counts == {
        "reminders_put_back": 14,
        "reminders_kept": 0,
        "notices_removed": 6,
        "notices_sent": 0,
        "notices_outcome_unknown": 0,
        "transitions_put_back": 4,
        "transitions_kept": 0,
        "days_put_back": 1,
        "days_kept": 0,
    }
    assert everything(foundation) == before
    assert foundation.log(mentors[0])[-1] == ("certification_expired", "active", "run_undone", "turid.vik")
    assert foundation.all("SELECT state, reason FROM certification.notices WHERE kind = 'digest'") == [
        ("superseded", "run_undone")
    ]


def test_the_next_nightly_check_does_what_is_due_then(foundation: Foundation, functions: Functions) -> None:
    """I1, I2, I3: as if the wrong run had never been; and nothing is a duplicate."""
    organisation = foundation.organisation()
    functions.nightly_check(DAY - days(1))
    mentors = [foundation.mentor(organisation, DAY + days(n)) for n in (-1, 5, 12, 25, 300)]
    undo(foundation, wrong_check(foundation, functions))
    functions.nightly_check(DAY)
    assert [foundation.reminders(m) for m in mentors] == [
        {30: "collapsed", 14: "collapsed", 7: "collapsed"},
        {30: "collapsed", 14: "collapsed", 7: "claimed"},
        {30: "collapsed", 14: "claimed"},
        {30: "claimed"},
        {},
    ]
    assert [foundation.status(m) for m in mentors] == ["certification_expired", *["active"] * 4]
    assert [kind for kind, *_ in foundation.notices(mentors[0])] == ["expired"]
    assert foundation.one("SELECT day FROM certification.evaluated_days") == DAY
    assert foundation.all("SELECT kind FROM certification.found_twice()") == []


def test_a_second_undo_says_that_it_was_done(foundation: Foundation, functions: Functions) -> None:
    """Idempotent, and written down once, with who and why and what."""
    foundation.mentor(foundation.organisation(), DAY + days(5))
    run = functions.nightly_check(DAY).run_id
    assert undo(foundation, run)[0] == "undone"
    functions.nightly_check(DAY)
    before = everything(foundation)
    assert undo(foundation, run) == ("already_undone", None)
    assert everything(foundation) == before
    ((action, actor, reason, facts),) = foundation.all("SELECT action, actor, reason, facts FROM certification.audit")
    assert (action, actor, reason) == ("undo_run", "turid.vik", "a wrong day")
    assert (facts["run_id"], facts["reminders_put_back"]) == (str(run), 3)


@pytest.mark.parametrize(("actor", "reason"), [(" ", "why"), ("turid", ""), (None, "why"), ("turid", None)])
def test_an_undo_needs_a_name_and_a_reason(
    foundation: Foundation, functions: Functions, actor: str | None, reason: str | None
) -> None:
    """Design, section 8; nothing is undone without."""
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1))
    run = functions.nightly_check(DAY).run_id
    with pytest.raises(psycopg.errors.IntegrityError):
        foundation.do("SELECT certification.undo_run(%s, %s, %s)", run, actor, reason)
    assert foundation.status(mentor) == "certification_expired"


def test_what_is_no_ended_check_is_not_undone(foundation: Foundation, functions: Functions, ses: Any) -> None:
    """An unknown run, one that goes on, one of another function. One that was cut off can be undone."""
    foundation.mentor(foundation.organisation(), DAY + days(5))
    assert undo(foundation, uuid4())[0] == "unknown_run"
    functions.nightly_check(DAY)
    assert undo(foundation, functions.send(DAY).run_id)[0] == "no_nightly_check"
    running: UUID = foundation.one("SELECT certification.start_run('expiry_check', now(), 'a-request')")
    assert undo(foundation, running)[0] == "still_running"
    foundation.do("UPDATE certification.runs SET started_at = now() - interval '21 minutes' WHERE id = %s", running)
    assert undo(foundation, running)[0] == "undone"
    assert foundation.all("SELECT state, reason FROM certification.runs WHERE id = %s", running) == [
        ("failed", "never_ended")
    ]
    assert foundation.one("SELECT count(*) FROM certification.audit") == 1


def test_what_was_sent_is_reported_and_never_sent_again(foundation: Foundation, functions: Functions, ses: Any) -> None:
    """I1, I4: the mails of the run that went out stay written down;
    the next nightly checks mail nobody for the same again.
    """
    organisation = foundation.organisation()
    reminded, expired = (foundation.mentor(organisation, DAY + days(left)) for left in (5, -1))
    run = functions.nightly_check(DAY).run_id
    functions.send(DAY)
    _, counts = undo(foundation, run)
    assert (counts["notices_sent"], counts["reminders_kept"], counts["transitions_put_back"]) == (2, 1, 1)
    assert foundation.reminders(reminded) == {7: "claimed"}
    for later in range(3):
        functions.nightly_check(DAY + days(later))
        functions.send(DAY + days(later))
    assert len(ses.messages) == 2
    assert foundation.status(expired) == "certification_expired"
    assert foundation.all("SELECT reason FROM certification.step_failures") == []
    assert foundation.all("SELECT kind FROM certification.found_twice()") == []


def test_a_notice_in_hand_is_left_to_its_sender(foundation: Foundation, functions: Functions) -> None:
    """I4: claimed is of unknown outcome; it is counted as what could not be undone."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(5))
    run = functions.nightly_check(DAY).run_id
    foundation.do("UPDATE certification.notices SET state = 'claimed', claimed_at = now()")
    _, counts = undo(foundation, run)
    assert (counts["notices_outcome_unknown"], counts["reminders_kept"]) == (1, 1)
    assert foundation.reminders(mentor)[7] == "claimed"


def test_who_was_changed_since_stays_as_the_person_left_them(foundation: Foundation, functions: Functions) -> None:
    """I3: compare-and-set; whoever was moved there and back by a later run is no more this run's."""
    organisation = foundation.organisation()
    manually, withdrawn, gone, renewed = (foundation.mentor(organisation, DAY - days(1)) for _ in range(4))
    run = functions.nightly_check(DAY).run_id
    foundation.set_status(manually, "paused")
    foundation.set_status(withdrawn, "inactive")
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", gone)
    foundation.renew(renewed, DAY + days(1))
    functions.nightly_check(DAY + days(1))
    assert foundation.status(renewed) == "active"
    functions.nightly_check(DAY + days(2))
    assert foundation.status(renewed) == "certification_expired"
    _, counts = undo(foundation, run)
    assert (counts["transitions_put_back"], counts["transitions_kept"]) == (0, 4)
    assert [foundation.status(m) for m in (manually, withdrawn, renewed)] == [
        "paused",
        "inactive",
        "certification_expired",
    ]


def test_who_came_back_by_the_run_is_put_back_too(foundation: Foundation, functions: Functions) -> None:
    """Both directions; and the next nightly check brings the mentor back again."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(300), status="certification_expired")
    run = functions.nightly_check(DAY).run_id
    undo(foundation, run)
    assert foundation.status(mentor) == "certification_expired"
    functions.nightly_check(DAY)
    assert foundation.status(mentor) == "active"
    assert foundation.notices(mentor) == [("reactivated", None, "pending")]


def test_the_day_goes_back_past_what_was_undone_before(foundation: Foundation, functions: Functions) -> None:
    """Whatever the order of undoing; and not where a later run has turned it on since."""
    organisation = foundation.organisation()
    day = "SELECT day FROM certification.evaluated_days WHERE organisation_id = %s"
    runs = [functions.nightly_check(DAY + days(n)).run_id for n in (0, 100, 200)]
    assert undo(foundation, runs[1])[1]["days_kept"] == 1
    assert foundation.one(day, organisation) == DAY + days(200)
    undo(foundation, runs[2])
    assert foundation.one(day, organisation) == DAY
    undo(foundation, runs[0])
    assert foundation.one(day, organisation) is None
    functions.nightly_check(DAY + days(1))
    assert foundation.one(day, organisation) == DAY + days(1)


def test_the_website_follows(
    foundation: Foundation, functions: Functions, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I5: who was expired by the run is shown again, and who was hidden by the day alone, also after a renewal."""
    organisation = foundation.organisation()
    functions.nightly_check(DAY)
    mentor, renewed = (foundation.mentor(organisation, DAY + days(n), consent=True) for n in (100, 100))
    worker.unsynced()
    run = wrong_check(foundation, functions)
    foundation.renew(renewed, DAY + days(300))
    worker.unsynced()
    assert len(site.visible()) == 0
    undo(foundation, run)
    functions.nightly_check(DAY)
    worker.unsynced()
    assert site.shows(mentor)
    assert site.shows(renewed)


def test_a_brake_of_the_run_is_taken_off(foundation: Foundation, functions: Functions) -> None:
    """It asks nobody any more; the next nightly check decides for itself."""
    organisation = foundation.organisation()
    for _ in range(4):
        foundation.mentor(organisation, DAY + days(100))
    foundation.brake(2, 20)
    run = wrong_check(foundation, functions)
    kinds = "SELECT kind FROM certification.brakes WHERE closed_at IS NULL"
    assert foundation.all(kinds) == ["expiry"]
    undo(foundation, run)
    assert foundation.all(kinds) == []


def test_a_mentor_somebody_holds_makes_the_undo_fail_whole(database: TestDatabase, foundation: Foundation) -> None:
    """It waits for half a minute; what it could not do it says, and nothing is half undone."""
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, DAY - days(1)) for _ in range(2)]
    run: UUID = foundation.one("SELECT certification.start_run('expiry_check', now(), 'a-request')")
    foundation.do("SELECT certification.start_organisation(%s, %s, %s)", run, organisation, DAY)
    foundation.all("SELECT certification.expire_mentors(%s, %s, %s)", organisation, DAY, run)
    foundation.do("SELECT certification.finish_run(%s, 'succeeded', NULL)", run)
    foundation.do("ALTER FUNCTION certification.undo_run SET lock_timeout = '100ms'")
    with database.connect() as somebody:
        somebody.execute("BEGIN")
        somebody.execute("SELECT 1 FROM peer_mentors WHERE id = %s FOR UPDATE", (mentors[1],))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            undo(foundation, run)
        somebody.execute("ROLLBACK")
    assert {foundation.status(m) for m in mentors} == {"certification_expired"}
    assert undo(foundation, run)[1]["transitions_put_back"] == 2


PEOPLE = st.lists(
    st.tuples(st.integers(-5, 60), st.sampled_from(["active", "active", "paused", "certification_expired"])),
    min_size=1,
    max_size=5,
)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=PEOPLE, wrong=st.integers(1, 500), before=st.booleans())
def test_a_wrong_nightly_check_that_was_undone_never_was(
    foundation: Foundation, functions: Functions, people: list[Any], wrong: int, before: bool
) -> None:
    """I1, I2, I3: the nightly checks after it end as they would have without it."""
    histories = []
    for undone in (False, True):
        foundation.empty()
        foundation.present(at_night(DAY))
        organisation = foundation.one("INSERT INTO organisations VALUES (md5('moss')::uuid, 'HLF Moss') RETURNING id")
        if before:
            functions.nightly_check(DAY)
        for number, (ends, status) in enumerate(people):
            mentor = foundation.one("SELECT md5(%s)::uuid", str(number))
            foundation.do(
                "INSERT INTO peer_mentors (id, organisation_id, first_name, last_name, status, email)"
                " VALUES (%s, %s, 'Kari', 'Sæther', %s, 'kari@example.no')",
                *(mentor, organisation, status),
            )
            foundation.do("INSERT INTO certifications VALUES (%s, '2023-01-01', %s)", mentor, DAY + days(ends))
        if undone:
            undo(foundation, functions.nightly_check(DAY + days(wrong)).run_id)
            foundation.present(at_night(DAY))
        for offset in (1, 2, 9):
            functions.nightly_check(DAY + days(offset))
        histories.append(everything(foundation))
    assert histories[0] == histories[1]
