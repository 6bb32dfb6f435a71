"""Which reminders a nightly check claims (I1, I2), on real PostgreSQL through the use case."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.foundation import DAY, days
from tests.support.nightly_checks import at_night

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


@pytest.mark.parametrize("left", [30, 14, 7])
def test_a_mentor_is_reminded_on_the_day_a_threshold_is_reached(
    foundation: Foundation, functions: Functions, left: int
) -> None:
    """I2: each threshold of the HLF standard becomes one notice on its day; those passed before are collapsed."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(left))
    functions.nightly_check(DAY - days(1))
    before = foundation.notices(mentor)
    functions.nightly_check(DAY)
    assert foundation.reminders(mentor)[left] == "claimed"
    assert foundation.notices(mentor)[len(before) :] == [("reminder", left, "pending")]


def test_nobody_is_reminded_the_day_before_a_threshold(foundation: Foundation, functions: Functions) -> None:
    """I2: 31 days left is not 30."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(31))
    functions.nightly_check(DAY)
    assert foundation.reminders(mentor) == {}
    assert foundation.notices(mentor) == []


def test_the_same_check_twice_claims_nothing_new(foundation: Foundation, functions: Functions) -> None:
    """The same nightly check twice claims nothing new and says what was done already.

    I1: by the unique constraint; the second run counts the first one's work as already done.
    """
    organisation = foundation.organisation()
    for left in (30, 20, 7, 0, -1):
        foundation.mentor(organisation, DAY + days(left), coordinator=foundation.coordinator(organisation))
    first = functions.nightly_check(DAY)
    after_one = foundation.everything()
    second = functions.nightly_check(DAY)
    assert foundation.everything() == after_one
    assert foundation.counts(second.run_id, "reminders_due") == {"30": 0, "14": 0, "7": 0}
    assert foundation.counts(second.run_id, "reminders_already") == foundation.counts(first.run_id, "reminders_due")
    assert foundation.counts(second.run_id, "expiries_already") == {"": 1}
    assert foundation.counts(second.run_id, "notices_written") == {
        "reminder": 0,
        "digest": 0,
        "expired": 0,
        "reactivated": 0,
    }


def test_progress_holds_no_truth(foundation: Foundation, functions: Functions) -> None:
    """I1: deleted, the next nightly check scans everybody, and finds that all is done."""
    organisation = foundation.organisation()
    for left in range(-3, 40):
        foundation.mentor(organisation, DAY + days(left))
    functions.nightly_check(DAY)
    before = foundation.everything()
    foundation.do("DELETE FROM certification.progress")
    functions.nightly_check(DAY)
    assert foundation.everything() == before


def test_after_an_outage_only_the_nearest_threshold_is_sent(foundation: Foundation, functions: Functions) -> None:
    """I2: three thresholds passed while nothing ran: one notice, the others collapsed with the reason."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(35))
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(30))
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "collapsed", 7: "claimed"}
    assert foundation.notices(mentor) == [("reminder", 7, "pending")]
    reasons = foundation.all(
        "SELECT DISTINCT reason FROM certification.cert_expiry_reminders WHERE state = 'collapsed'"
    )
    assert reasons == ["nearer_threshold"]


def test_an_outage_past_the_last_day_sends_the_expiry_alone(foundation: Foundation, functions: Functions) -> None:
    """I2, I3: whoever expired meanwhile hears of that alone."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(35))
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(36))
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "collapsed", 7: "collapsed"}
    assert foundation.notices(mentor) == [("expired", None, "pending")]


def test_a_renewal_arms_every_threshold_again(foundation: Foundation, functions: Functions) -> None:
    """I2: a new expiry date is a new certification; the old date's reminders stay as they are."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(7))
    functions.nightly_check(DAY)
    foundation.renew(mentor, DAY + days(7 + 365))
    functions.nightly_check(DAY + days(1))
    assert foundation.reminders(mentor) == {}
    functions.nightly_check(DAY + days(365))
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "collapsed", 7: "claimed"}
    assert foundation.reminders(mentor, DAY + days(7)) == {30: "collapsed", 14: "collapsed", 7: "claimed"}


@pytest.mark.parametrize("status", ["paused", "inactive", "certification_expired"])
def test_only_active_mentors_are_reminded(foundation: Foundation, functions: Functions, status: str) -> None:
    """I2: and those skipped are counted."""
    organisation = foundation.organisation(reactivate=False)
    mentor = foundation.mentor(organisation, DAY + days(7), status=status)
    result = functions.nightly_check(DAY)
    assert foundation.reminders(mentor) == {}
    assert foundation.counts(result.run_id, "reminders_skipped") == {"30": 1, "14": 1, "7": 1}


def test_one_who_resumes_is_reminded_of_the_nearest_threshold(foundation: Foundation, functions: Functions) -> None:
    """I2: not of the three that passed in the pause, and on the next nightly check, not on the next threshold."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(31))
    assert foundation.pause(mentor) == "changed"
    for offset in range(20):
        functions.nightly_check(DAY + days(offset))
    assert foundation.reminders(mentor) == {}
    assert foundation.resume(mentor) == "changed"
    functions.nightly_check(DAY + days(20))
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "claimed"}
    assert foundation.notices(mentor) == [("reminder", 14, "pending")]


def test_a_mentor_who_moves_is_reminded_by_the_new_organisation(foundation: Foundation, functions: Functions) -> None:
    """I2: by the new organisation's thresholds, though both organisations' nightly checks have passed that date
    already.
    """
    old, new = foundation.organisation(), foundation.organisation(thresholds=(45, 20))
    mentor = foundation.mentor(old, DAY + days(40))
    functions.nightly_check(DAY)
    assert foundation.reminders(mentor) == {}
    foundation.do("UPDATE peer_mentors SET organisation_id = %s WHERE id = %s", new, mentor)
    functions.nightly_check(DAY + days(1))
    assert foundation.reminders(mentor) == {45: "claimed"}


def test_a_run_for_a_day_long_past_claims_nothing(foundation: Foundation, functions: Functions) -> None:
    """I1: a replay of an old event after newer nightly checks."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(20))
    functions.nightly_check(date(1950, 1, 3))
    assert foundation.everything()["reminders"] == []
    functions.nightly_check(DAY)
    before = foundation.everything()
    functions.nightly_check(date(1950, 1, 3))
    assert foundation.everything() == before
    functions.nightly_check(DAY + days(6))
    assert foundation.reminders(mentor) == {30: "claimed", 14: "claimed"}


def test_the_leap_day_is_a_day_like_others(foundation: Foundation, functions: Functions) -> None:
    """expires_on is inclusive: valid all 29 February 2028, expired on 1 March."""
    leap = date(2028, 2, 29)
    mentor = foundation.mentor(foundation.organisation(), leap)
    for day in (date(2028, 1, 30), date(2028, 2, 15), date(2028, 2, 22), leap):
        functions.nightly_check(day)
    assert foundation.reminders(mentor) == {30: "claimed", 14: "claimed", 7: "claimed"}
    assert foundation.status(mentor) == "active"
    functions.nightly_check(date(2028, 3, 1))
    assert foundation.status(mentor) == "certification_expired"


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2026, 10, 25)])
@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=6)])
def test_the_check_evaluates_its_own_day_when_clocks_change(
    foundation: Foundation, functions: Functions, day: date, late: timedelta
) -> None:
    """00:15 on the two days of 23 and 25 hours; expires_on the day before has passed, that day is still valid."""
    organisation = foundation.organisation()
    expired, valid = foundation.mentor(organisation, day - days(1)), foundation.mentor(organisation, day)
    functions.nightly_check(at_night(day) + late)
    assert (foundation.status(expired), foundation.status(valid)) == ("certification_expired", "active")


def test_each_organisation_has_its_own_day(foundation: Foundation, functions: Functions) -> None:
    """expires_on is a date in the organisation's time zone: at one moment it is three different days."""
    zones = {"Pacific/Kiritimati": DAY + days(1), "Europe/Oslo": DAY, "Pacific/Pago_Pago": DAY - days(1)}
    for zone in zones:
        foundation.organisation(timezone=zone)
    functions.nightly_check(datetime(2026, 12, 1, 10, 30, tzinfo=UTC))
    found = foundation.all(
        "SELECT o.timezone, r.as_of FROM certification.run_organisations AS r"
        " JOIN organisations AS o ON o.id = r.organisation_id"
    )
    assert dict(found) == zones
