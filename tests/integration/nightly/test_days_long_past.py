"""A day before the last evaluated one changes nothing and is counted (I2, I3; issue 8 B).

A message redriven from the dead letters, a person who repeats a nightly check, 30 events of a Scheduler that catches up
in any order, a clock that jumps back.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import at_night, at_nine

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.syncs import EmulatedWebsite, SyncWorker

PAST_MONDAY = date(2026, 11, 23)
STEPS = ("remind", "expire", "reactivate")
WHAT_NIGHTLY_CHECKS_LEAVE = [
    "SELECT mentor_id, step FROM certification.mentors_to_recheck ORDER BY 1, 2",
    "SELECT step, threshold_day, through FROM certification.progress ORDER BY 1, 2",
    "SELECT day FROM certification.evaluated_days",
    "SELECT kind, n FROM certification.brakes ORDER BY id",
    "SELECT mentor_id, desired_version, state FROM certification.listings ORDER BY 1",
]


def left(foundation):
    return foundation.everything() | {query: foundation.all(query) for query in WHAT_NIGHTLY_CHECKS_LEAVE}


@pytest.mark.parametrize("past", [PAST_MONDAY, DAY - days(1), date(2025, 12, 1), date(1999, 1, 1)])
def test_an_older_day_changes_nothing_and_is_counted(foundation: Foundation, functions: Functions, past: Any) -> None:
    """Somebody is new, somebody is renewed, somebody has expired:
    it is for the next nightly check, not for a day long past.
    """
    organisation = foundation.organisation()
    renewed = foundation.mentor(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    foundation.renew(renewed, DAY + days(40))
    for ends in (-400, -2, 5, 20, 300):
        foundation.mentor(organisation, DAY + days(ends), consent=True)
    before = left(foundation)
    result = functions.nightly_check(past)
    assert left(foundation) == before
    assert foundation.counts(result.run_id, "days_overtaken") == dict.fromkeys(STEPS, 1)
    assert result.verdict.state == "succeeded"
    result = functions.nightly_check(DAY)
    assert foundation.counts(result.run_id, "days_overtaken") == dict.fromkeys(STEPS, 0)
    assert foundation.status(renewed) == "active"


def test_an_older_sending_sends_nothing_and_is_counted(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """It would count the days left wrong."""
    foundation.mentor(foundation.organisation(), DAY + days(5))
    functions.nightly_check(DAY)
    result = functions.send(at_nine(DAY - days(30)))
    assert ses.messages == []
    assert foundation.counts(result.run_id, "days_overtaken") == {"send": 1}
    result = functions.send(DAY)
    assert len(ses.messages) == 1
    assert foundation.counts(result.run_id, "days_overtaken") == {"send": 0}


def test_a_past_monday_does_not_bring_back_who_has_expired_since(foundation: Foundation, functions: Functions) -> None:
    """I3: on that Monday the certification was still valid, but it is the one the mentor expired by, not a new one."""
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1))
    functions.nightly_check(DAY)
    functions.nightly_check(PAST_MONDAY)
    assert foundation.status(mentor) == "certification_expired"
    assert len(foundation.log(mentor)) == 1


@pytest.mark.parametrize("past", [[-365], range(-30, 1)])
def test_a_past_day_brings_nobody_back_who_has_ended_since(
    foundation: Foundation, functions: Functions, worker: SyncWorker, site: EmulatedWebsite, past: Any
) -> None:
    """I5: an organisation that is new, or was not evaluated for a month; the certification ended ten days ago."""
    organisation = foundation.organisation()
    foundation.present(at_night(DAY))
    mentor = foundation.mentor(organisation, DAY - days(10), status="certification_expired", consent=True)
    for day in past:
        functions.nightly_check(DAY + days(day))
        worker.unsynced()
        assert not site.shows(mentor)
    assert (foundation.status(mentor), foundation.log(mentor)) == ("certification_expired", [])
    assert foundation.notices(mentor) == []
    foundation.renew(mentor, DAY)
    functions.nightly_check(DAY)
    assert foundation.status(mentor) == "active"


def test_a_past_day_does_not_use_up_what_is_to_be_checked(foundation: Foundation, functions: Functions) -> None:
    """I2: added after the last nightly check, evaluated first for a day long past:
    the next nightly check still expires the mentor.
    """
    organisation = foundation.organisation()
    functions.nightly_check(DAY + days(7))
    late = foundation.mentor(organisation, DAY + days(3))
    functions.nightly_check(DAY)
    assert foundation.status(late) == "active"
    functions.nightly_check(DAY + days(8))
    assert foundation.status(late) == "certification_expired"


def test_a_past_day_uses_no_release_up(foundation: Foundation, functions: Functions) -> None:
    """The brake that a later nightly check has tripped, and a person has released, is for the next nightly check."""
    foundation.brake(2, 20)
    organisation = foundation.organisation()
    functions.nightly_check(DAY)
    for _ in range(4):
        foundation.mentor(organisation, DAY + days(5))
        foundation.mentor(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    for kind in ("reminder", "expiry"):
        foundation.do("SELECT certification.release_brake(%s, %s, 'turid', 'they are right')", organisation, kind)
    functions.nightly_check(DAY - days(1))
    assert foundation.one("SELECT count(*) FROM certification.brakes WHERE closed_at IS NULL") == 2
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.brakes WHERE closed_at IS NULL") == 0
    assert foundation.one("SELECT count(*) FROM certification.transitions") == 4


def test_a_clock_that_jumped_and_was_braked_loses_nobody(foundation: Foundation, functions: Functions) -> None:
    """I2: a nightly check of a day far ahead, stopped by the brake;
    the nightly checks after it remind as if it had not been.
    """
    foundation.brake(2, 20)
    organisation = foundation.organisation()
    functions.nightly_check(DAY)
    mentors = [foundation.mentor(organisation, DAY + days(40 + n)) for n in range(4)]
    functions.nightly_check(DAY + days(3650))
    assert foundation.everything()["reminders"] == []
    assert {foundation.status(m) for m in mentors} == {"active"}
    assert foundation.all("SELECT kind FROM certification.brakes") == ["expiry"]
    foundation.present(at_night(DAY))
    for offset in range(60):
        functions.nightly_check(DAY + days(offset))
    assert [foundation.reminders(m) for m in mentors] == [dict.fromkeys((30, 14, 7), "claimed")] * 4
    assert {foundation.status(m) for m in mentors} == {"certification_expired"}


def test_what_was_checked_for_the_present_is_not_kept(foundation: Foundation, functions: Functions) -> None:
    """A quiet nightly check stays cheap: nothing is left to look at again."""
    foundation.mentor(foundation.organisation(), DAY + days(200))
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.mentors_to_recheck") == 0


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(
        st.tuples(st.integers(-10, 60), st.sampled_from(["active", "active", "paused", "certification_expired"])),
        min_size=1,
        max_size=4,
    ),
    events=st.lists(st.integers(-400, 35), min_size=1, max_size=8),
    renewed_before=st.integers(0, 8),
)
def test_events_in_any_order_do_what_the_right_ones_do_alone(
    foundation: Foundation, functions: Functions, people: Any, events: Any, renewed_before: Any
) -> None:
    """I1, I2, I3: of any order of events, those that come after a later one change nothing."""
    foundation.present(at_night(DAY + days(40)))
    histories = []
    for right_ones_only in (False, True):
        foundation.empty()
        organisation = foundation.one("INSERT INTO organisations VALUES (md5('moss')::uuid, 'HLF Moss') RETURNING id")
        for number, (ends, status) in enumerate(people):
            foundation.do(
                "INSERT INTO peer_mentors (id, organisation_id, first_name, last_name, status, email)"
                " VALUES (md5(%s)::uuid, %s, 'Kari', 'Sæther', %s, 'kari@example.no')",
                *(str(number), organisation, status),
            )
            foundation.do(
                "INSERT INTO certifications VALUES (md5(%s)::uuid, '2023-01-01', %s)", str(number), DAY + days(ends)
            )
        latest = None
        for number, event in enumerate(events):
            if number == renewed_before:
                foundation.do("UPDATE certifications SET expires_on = expires_on + 50")
            if latest is None or event >= latest or not right_ones_only:
                functions.nightly_check(DAY + days(event))
            latest = event if latest is None else max(latest, event)
        histories.append(left(foundation))
    assert histories[0] == histories[1]
