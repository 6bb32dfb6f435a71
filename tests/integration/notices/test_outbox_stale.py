"""A notice that is no longer true when its turn comes is not sent (I2, I4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

LONG = DAY + days(400)


def reasons(foundation):
    return foundation.all("SELECT kind, reason FROM certification.notices WHERE state = 'superseded' ORDER BY id")


@pytest.fixture
def turid(foundation: Foundation) -> Any:
    return foundation.coordinator(foundation.organisation())


@pytest.fixture
def mentor(foundation: Foundation, turid: Any) -> Any:
    organisation = foundation.one("SELECT organisation_id FROM coordinators WHERE id = %s", turid)
    return foundation.mentor(organisation, DAY + days(7), coordinator=turid)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE certifications SET expires_on = expires_on + 1000", "renewed"),
        ("UPDATE peer_mentors SET status = 'paused'", "status_changed"),
        ("UPDATE peer_mentors SET status = 'inactive'", "status_changed"),
        ("DELETE FROM certifications", "renewed"),
        ("DELETE FROM peer_mentors", "mentor_deleted"),
    ],
)
@pytest.mark.usefixtures("mentor")
def test_a_reminder_that_no_longer_holds_is_not_sent(
    foundation: Foundation, functions: Functions, ses: LocalSes, statement: str, reason: str
) -> None:
    """I4: superseded with the reason, between the night and the morning; nor does the digest tell of it."""
    functions.nightly_check(DAY)
    foundation.do(statement)
    result = functions.send(DAY)
    assert ses.messages == []
    assert reasons(foundation) == [("reminder", reason), ("digest", "nothing_to_send")]
    assert foundation.counts(result.run_id, "notices_superseded")["reminder:nb"] == 1


def test_a_reminder_that_waited_past_the_last_day_is_not_sent(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I4: no mail says "minus one days left"."""
    functions.nightly_check(DAY)
    functions.send(DAY + days(8))
    assert ("reminder", "expired") in reasons(foundation)
    assert "kari.saether@example.no" not in [mail.recipient for mail in ses.messages]


def test_of_two_reminders_that_wait_only_the_nearer_is_sent(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I2: when no mail went out for a week."""
    foundation.renew(mentor, DAY + days(14))
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(7))
    functions.send(DAY + days(7))
    assert foundation.notices(mentor) == [("reminder", 14, "superseded"), ("reminder", 7, "sent")]
    assert reasons(foundation)[0] == ("reminder", "nearer_reminder")


def test_one_whom_a_person_brought_back_is_sent_no_expiry(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I3, I4: the person's change is newer."""
    functions.nightly_check(DAY + days(8))
    foundation.set_status(mentor, "active")
    functions.send(DAY + days(8))
    assert ("expired", "status_changed") in reasons(foundation)


@pytest.mark.parametrize("change", ["renewed", "paused"])
def test_a_notice_of_return_is_not_sent_when_it_is_no_longer_so(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any, change: str
) -> None:
    """I4: renewed again, or paused, since."""
    functions.nightly_check(DAY + days(8))
    foundation.renew(mentor, LONG)
    functions.send(DAY + days(8))
    functions.nightly_check(DAY + days(9))
    if change == "renewed":
        foundation.renew(mentor, LONG + days(1))
    else:
        foundation.pause(mentor)
    functions.send(DAY + days(9))
    assert foundation.notices(mentor)[-1] == ("reactivated", None, "superseded")


def test_a_digest_whose_coordinator_has_left_is_not_sent(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any, turid: Any
) -> None:
    """I4: and nobody else gets it."""
    functions.nightly_check(DAY)
    foundation.do("UPDATE peer_mentors SET coordinator_id = NULL")
    foundation.do("DELETE FROM coordinators")
    functions.send(DAY)
    assert reasons(foundation) == [("digest", "recipient_deleted")]
    assert [mail.recipient for mail in ses.messages] == ["kari.saether@example.no"]


def test_a_digest_with_nothing_left_to_report_is_not_sent(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any, turid: Any
) -> None:
    """Its only mentor has another coordinator now: an empty mail helps nobody, and the mentor is not this one's."""
    siri = foundation.coordinator(foundation.one("SELECT id FROM organisations"), email="siri.lie@example.no")
    functions.nightly_check(DAY)
    foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
    functions.send(DAY)
    assert reasons(foundation) == [("digest", "nothing_to_send")]
    assert "turid.vik@example.no" not in [mail.recipient for mail in ses.messages]


def test_a_mail_given_back_is_checked_again_at_its_turn(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentor: Any
) -> None:
    """I4: renewed between two sendings."""
    functions.nightly_check(DAY)
    ses.fail_next(1, "TooManyRequestsException", 429)
    functions.send(DAY)
    foundation.renew(mentor, LONG)
    functions.send(DAY)
    assert foundation.notices(mentor) == [("reminder", 7, "superseded")]
