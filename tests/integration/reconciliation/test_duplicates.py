"""Duplicates are found in the logs themselves, with the constraints gone that should prevent them (I1, I3, I4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

NONE = {"duplicate_notices": 0, "duplicate_reminders": 0, "duplicate_transitions": 0}
TRANSITION = (
    "INSERT INTO mentor_status_log (mentor_id, from_status, to_status, reason, actor, certification_expiry_date)"
    " SELECT mentor_id, from_status, to_status, reason, actor, certification_expiry_date FROM mentor_status_log"
    " WHERE to_status = 'certification_expired' AND mentor_id = %s LIMIT 1"
)
REMINDER = (
    "INSERT INTO certification.cert_expiry_reminders"
    " SELECT * FROM certification.cert_expiry_reminders WHERE mentor_id = %s AND threshold_day = 7"
)
NOTICE = (
    "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, coordinator_id, threshold_day,"
    " certification_expiry_date) SELECT run_id, organisation_id, kind, mentor_id, coordinator_id, threshold_day,"
    " certification_expiry_date FROM certification.notices WHERE %s IN (mentor_id, coordinator_id) LIMIT 1"
)


@pytest.fixture
def people(foundation: Foundation, functions: Functions) -> dict[str, UUID]:
    """Somebody reminded, somebody expired and their coordinator, after a nightly check and without any constraint."""
    organisation = foundation.organisation()
    coordinator = foundation.coordinator(organisation)
    made = {
        "coordinator": coordinator,
        "reminded": foundation.mentor(organisation, DAY + days(5), coordinator=coordinator),
        "expired": foundation.mentor(organisation, DAY - days(1), coordinator=coordinator),
    }
    functions.nightly_check(DAY)
    foundation.do("ALTER TABLE certification.cert_expiry_reminders DROP CONSTRAINT reminder_once")
    foundation.do("DROP INDEX certification.notice_once")
    foundation.do("DROP INDEX certification.digest_once")
    return made


def find(foundation: Foundation, run: UUID | None = None) -> dict[str, int]:
    return dict(foundation.all("SELECT measure, n FROM certification.find_duplicates(%s)", run or uuid4()))


def review(foundation: Foundation, kind: str, mentor: UUID | None) -> int:
    return foundation.one("SELECT certification.review_duplicates(%s, %s, 'turid.vik', 'called both')", kind, mentor)


def kept(foundation: Foundation) -> list[Any]:
    return foundation.all(
        "SELECT kind, mentor_id, certification_expiry_date, detail, n FROM certification.duplicates ORDER BY 1, 4"
    )


def test_each_kind_is_found_with_its_ids(foundation: Foundation, people: dict[str, UUID]) -> None:
    """By (mentor, certification period), a digest by its coordinator and run; zeros when there are none (I12)."""
    assert find(foundation) == NONE
    for plant, whom in [(TRANSITION, "expired"), (REMINDER, "reminded"), (NOTICE, "reminded"), (NOTICE, "coordinator")]:
        foundation.do(plant, people[whom])
    foundation.do(NOTICE, people["expired"])
    run = uuid4()
    assert find(foundation, run) == {"duplicate_notices": 3, "duplicate_reminders": 1, "duplicate_transitions": 1}
    nightly = foundation.one("SELECT id FROM certification.runs")
    ended, ends = DAY - days(1), DAY + days(5)
    assert kept(foundation) == [
        ("notice", people["coordinator"], None, f"digest {nightly}", 2),
        ("notice", people["expired"], ended, "expired", 2),
        ("notice", people["reminded"], ends, "reminder 7", 2),
        ("reminder", people["reminded"], ends, "7", 2),
        ("transition", people["expired"], ended, "certification_expired", 2),
    ]
    assert foundation.all("SELECT DISTINCT found_in FROM certification.duplicates") == [run]


def test_what_is_no_duplicate_is_none(foundation: Foundation, people: dict[str, UUID]) -> None:
    """A new certification, what a person did, what reached nobody."""
    foundation.do(NOTICE, people["reminded"])
    foundation.do(
        "UPDATE certification.notices SET state = 'superseded', reason = 'renewed', settled_at = now()"
        " WHERE id = (SELECT max(id) FROM certification.notices)"
    )
    foundation.do(REMINDER, people["reminded"])
    foundation.do(
        "UPDATE certification.cert_expiry_reminders SET certification_expiry_date = '2029-01-01' WHERE ctid ="
        " (SELECT max(ctid) FROM certification.cert_expiry_reminders)"
    )
    for _ in range(2):
        foundation.pause(people["reminded"])
        foundation.resume(people["reminded"])
    assert find(foundation) == NONE


def test_what_was_reviewed_is_reported_again_only_if_it_grows(foundation: Foundation, people: dict[str, UUID]) -> None:
    """Kept until a person has looked at it, with a name and a reason; the others stay unreviewed."""
    foundation.do(TRANSITION, people["expired"])
    foundation.do(REMINDER, people["reminded"])
    foundation.do(NOTICE, people["coordinator"])
    found = {"duplicate_notices": 1, "duplicate_reminders": 1, "duplicate_transitions": 1}
    assert [find(foundation), find(foundation)] == [found, found]
    with pytest.raises(psycopg.errors.CheckViolation, match="audit_names_an_actor"):
        foundation.do("SELECT certification.review_duplicates('reminder', NULL, ' ', 'looked')")
    assert review(foundation, "transition", people["reminded"]) == 0
    assert review(foundation, "transition", people["expired"]) == 1
    assert review(foundation, "transition", None) == 0
    assert find(foundation) == found | {"duplicate_transitions": 0}
    assert foundation.all("SELECT action, actor, reason, mentor_id FROM certification.audit") == [
        ("review_duplicates", "turid.vik", "called both", people["expired"])
    ]
    foundation.do(TRANSITION, people["expired"])
    assert find(foundation) == found
    assert review(foundation, "transition", None) == 1
    assert review(foundation, "notice", people["coordinator"]) == 1
    assert find(foundation) == {"duplicate_notices": 0, "duplicate_reminders": 1, "duplicate_transitions": 0}


def test_what_is_gone_from_the_log_is_gone(foundation: Foundation, people: dict[str, UUID]) -> None:
    """Put right by hand: nothing is left to tell."""
    foundation.do(TRANSITION, people["expired"])
    foundation.do(NOTICE, people["coordinator"])
    find(foundation)
    foundation.do("DELETE FROM mentor_status_log WHERE id = (SELECT max(id) FROM mentor_status_log)")
    foundation.do("DELETE FROM certification.notices WHERE id = (SELECT max(id) FROM certification.notices)")
    assert find(foundation) == NONE
    assert kept(foundation) == []


def test_no_index_is_asked(foundation: Foundation, people: dict[str, UUID]) -> None:
    """An index that is damaged hides what it should have prevented."""
    foundation.do(
        "ALTER TABLE certification.cert_expiry_reminders ADD CONSTRAINT reminder_once"
        " PRIMARY KEY (mentor_id, threshold_day, certification_expiry_date)"
    )
    foundation.do(
        "UPDATE pg_index SET indisunique = false, indisready = false"
        " WHERE indexrelid = 'certification.reminder_once'::regclass"
    )
    foundation.do(REMINDER, people["reminded"])
    foundation.do("SET seq_page_cost = 1000000")
    foundation.do("SET random_page_cost = 0")
    assert find(foundation)["duplicate_reminders"] == 1
