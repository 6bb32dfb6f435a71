"""Which waiting mails went out before a restore: by the day they were due and the hours of sending between (I1, I4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from emulators.lambda_host.template.sam import read_yaml
from local.stack.stack import ROOT
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import at_nine

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

RELEASED = "SELECT certification.release_held_back('turid', 'SES was away')"
HELD = "SELECT certification.hold_back_sent(%s, %s, 'turid', 'restored')"
NINE = at_nine(DAY)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def in_the_backup(foundation: Foundation) -> None:
    """Have the website show all as it is, since long ago: nothing has changed since the backup."""
    foundation.past_triggers(
        "UPDATE certification.listings SET state = 'hidden', synced_version = desired_version,"
        " changed_at = changed_at - interval '1 month'"
    )


@pytest.mark.parametrize(
    ("restored_to", "lost_at", "held"),
    [
        (NINE - days(1) + 3 * HOUR, NINE - MINUTE, 0),
        (NINE - days(1) + 3 * HOUR, NINE + 14 * MINUTE, 0),
        (NINE - days(1) + 3 * HOUR, NINE + 15 * MINUTE, 1),
        (NINE - HOUR, NINE + HOUR, 1),
        (NINE + HOUR, NINE + HOUR + MINUTE, 0),
        (NINE + HOUR, NINE + 2 * HOUR + 15 * MINUTE, 1),
        (NINE + 9 * HOUR, NINE + 23 * HOUR, 0),
        (NINE, NINE - HOUR, 0),
    ],
    ids=[
        "before the first sending",
        "cut off in the first sending",
        "after the first sending",
        "written before the backup, sent after it",
        "between two sendings",
        "given back, sent at eleven",
        "only the night",
        "upside down",
    ],
)
def test_a_mail_is_held_back_that_a_lost_sending_sent(
    foundation: Foundation, functions: Functions, restored_to: Any, lost_at: Any, held: int
) -> None:
    """The mail that was due that day; not the one that is due the day after, and no digest."""
    organisation = foundation.organisation()
    coordinator = foundation.coordinator(organisation)
    due = foundation.mentor(organisation, DAY + days(30), coordinator=coordinator)
    later = foundation.mentor(organisation, DAY + days(31), coordinator=coordinator)
    in_the_backup(foundation)
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(1))
    assert len(foundation.all(HELD, restored_to, lost_at)) == held
    assert foundation.notices(due) == [("reminder", 30, "superseded" if held else "pending")]
    assert foundation.notices(later) == [("reminder", 30, "pending")]
    assert {state for _, _, state in foundation.notices(coordinator)} == {"pending"}
    assert foundation.one("SELECT count(*) FROM certification.audit") == held


@pytest.mark.parametrize(
    ("status", "moved", "kind"), [("active", -1, "expired"), ("certification_expired", 90, "reactivated")]
)
def test_expiries_and_renewals_are_held_back_too(
    foundation: Foundation, functions: Functions, status: str, moved: int, kind: str
) -> None:
    """By the day on which the check of that day wrote them."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(moved), status=status)
    in_the_backup(foundation)
    functions.nightly_check(DAY)
    assert foundation.notices(mentor) == [(kind, None, "pending")]
    assert foundation.all(HELD, NINE - days(1), NINE + 14 * MINUTE) == []
    assert len(foundation.all(HELD, NINE - days(1), NINE + 15 * MINUTE)) == 1
    assert foundation.notices(mentor) == [(kind, None, "superseded")]


def test_what_was_sent_since_stays(foundation: Foundation, functions: Functions, ses: Any) -> None:
    """Only what waits is held back."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(30))
    in_the_backup(foundation)
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert foundation.all(HELD, NINE - days(1), NINE + HOUR) == []
    assert foundation.notices(mentor) == [("reminder", 30, "sent")]
    assert len(ses.messages) == 1


@pytest.mark.parametrize("changed", ["resumed", "corrected", "renewed", "consenting"])
def test_who_changed_after_the_restore_is_mailed(foundation: Foundation, functions: Functions, changed: str) -> None:
    """I2: the lost check did not see them as they are now, so nobody told them. A second mail does less harm."""
    organisation = foundation.organisation()
    status = {"resumed": "paused", "renewed": "certification_expired"}.get(changed, "active")
    mentor = foundation.mentor(organisation, DAY + days(-9 if changed == "renewed" else 29), status=status)
    other = foundation.mentor(organisation, DAY + days(30))
    in_the_backup(foundation)
    match changed:
        case "resumed":
            assert foundation.resume(mentor) == "changed"
        case "corrected":
            foundation.renew(mentor, DAY + days(30))
        case "renewed":
            foundation.renew(mentor, DAY + days(200))
        case _:
            foundation.do("UPDATE peer_mentors SET listing_consent = true WHERE id = %s", mentor)
    functions.nightly_check(DAY)
    [(_, _, state)] = foundation.notices(mentor)
    assert state == "pending"
    assert len(foundation.all(HELD, NINE - days(9), NINE + HOUR)) == 1
    [(_, _, state)] = foundation.notices(mentor)
    assert state == "pending"
    assert foundation.notices(other) == [("reminder", 30, "superseded")]


def test_what_is_held_back_can_wait_again(foundation: Foundation, functions: Functions, ses: Any) -> None:
    """I2, I4: SES was away in the lost time, which the times do not say. It is audited, and goes once."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(30))
    in_the_backup(foundation)
    functions.nightly_check(DAY)
    assert len(foundation.all(HELD, NINE - days(1), NINE + HOUR)) == 1
    assert len(foundation.all(RELEASED)) == 1
    assert foundation.all(RELEASED) == []
    assert foundation.all("SELECT action FROM certification.audit ORDER BY id") == [
        "hold_back_sent", "release_held_back"
    ]  # fmt: skip
    functions.send(DAY)
    assert foundation.notices(mentor) == [("reminder", 30, "sent")]
    assert len(ses.messages) == 1


@pytest.mark.parametrize(
    ("restored_to", "lost_at", "plausible"),
    [
        (-days(1), -HOUR, True),
        (-days(35) + HOUR, -HOUR, True),
        (-days(35) - HOUR, -HOUR, False),
        (-days(1), HOUR, False),
        (-HOUR, -days(1), False),
    ],
)
def test_moments_that_cannot_be_are_refused(
    foundation: Foundation, restored_to: timedelta, lost_at: timedelta, plausible: bool
) -> None:
    """A wrong year would hold back every mail: what is lost is past, and no backup is kept for more than 35 days."""
    asked = "SELECT certification.plausible_loss(certification.present() + %s, certification.present() + %s)"
    assert foundation.one(asked, restored_to, lost_at) is plausible


def test_the_hours_of_sending_are_those_of_the_template() -> None:
    """certification.sent_before_restore knows them; a changed schedule needs a changed function."""
    sender = read_yaml(ROOT / "template.yaml")["Resources"]["SendNotices"]["Properties"]
    [schedule] = sender["Events"].values()
    assert schedule["Properties"]["ScheduleExpression"] == "cron(0 9-17/2 * * ? *)"
