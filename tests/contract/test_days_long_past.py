"""A day long past, run again: a message redriven from the dead letters, or a person who repeats a night (I2, I3)."""

from __future__ import annotations

from datetime import date

from tests.foundation import DAY, days

PAST_MONDAY = date(2026, 11, 23)


def test_a_past_monday_does_not_bring_back_who_has_expired_since(foundation, functions):
    """I3: on that Monday the certification was still valid, but it is the one the mentor expired by, not a new one."""
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1))
    functions.night(DAY)
    functions.night(PAST_MONDAY)
    assert foundation.status(mentor) == "certification_expired"
    assert len(foundation.log(mentor)) == 1


def test_a_past_day_does_not_use_up_what_is_to_be_looked_at(foundation, functions):
    """I2: added after the last night, evaluated first for a day long past: the next night still expires the mentor."""
    organisation = foundation.organisation()
    functions.night(DAY + days(7))
    late = foundation.mentor(organisation, DAY + days(3))
    functions.night(DAY)
    assert foundation.status(late) == "active"
    functions.night(DAY + days(8))
    assert foundation.status(late) == "certification_expired"


def test_a_past_day_does_not_take_a_reminder_from_a_later_one(foundation, functions):
    """I2: for the day long past the 14-day threshold was not reached; for the next night it is."""
    organisation = foundation.organisation()
    functions.night(DAY + days(7))
    mentor = foundation.mentor(organisation, DAY + days(20))
    functions.night(DAY)
    assert foundation.reminders(mentor) == {}
    functions.night(DAY + days(8))
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "claimed"}


def test_what_was_looked_at_for_the_present_is_not_kept(foundation, functions):
    """A quiet night stays cheap: nothing is left to look at again."""
    foundation.mentor(foundation.organisation(), DAY + days(200))
    functions.night(DAY)
    assert foundation.one("SELECT count(*) FROM certification.look_again") == 0
