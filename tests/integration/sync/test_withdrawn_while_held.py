"""Whoever the brake or a refusal holds is hidden all the same once the app says so; and what an undo keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from operations.commands.proofs.proof import read_head
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import at_night
from tests.support.there import there

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(100)


@pytest.fixture
def listed(foundation: Foundation, worker: SyncWorker) -> Any:
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, LATER, consent=True, area=f"Moss {n}") for n in range(6)]
    worker.sync(*mentors)
    return mentors


HIDING = {
    "withdrew": "UPDATE peer_mentors SET listing_consent = false WHERE id = %s",
    "ended": "UPDATE certifications SET expires_on = '2026-11-28' WHERE mentor_id = %s",
    "uncertified": "DELETE FROM certifications WHERE mentor_id = %s",
    "deleted": "DELETE FROM peer_mentors WHERE id = %s",
}


def past_the_triggers(foundation, statement, mentor):
    with foundation.connection.transaction():
        foundation.do("SET LOCAL session_replication_role = replica")
        foundation.do(statement, mentor)


def withdraw_past_the_triggers(foundation, mentor):
    past_the_triggers(foundation, HIDING["withdrew"], mentor)


def sweep(reconciler, worker):
    reconciler.sweep()
    worker.sync(*reconciler.queue.taken())


@pytest.mark.parametrize("change", HIDING)
def test_a_rejected_listing_is_hidden_by_the_next_sweep(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    listed: Any,
    worker: SyncWorker,
    site: EmulatedWebsite,
    change: Any,
) -> None:
    """I5: a refused change is no reason to leave somebody listed who must not be any more."""
    mentor = listed[0]
    foundation.do("UPDATE peer_mentors SET area = 'X' WHERE id = %s", mentor)
    site.poison(str(mentor))
    worker.sync(mentor)
    site.clear_faults()
    assert foundation.listing_state(mentor) == "rejected"
    past_the_triggers(foundation, HIDING[change], mentor)
    sweep(reconciler, worker)
    assert not site.shows(mentor)


def test_a_hide_that_is_refused_is_not_tried_by_every_sweep(
    foundation: Foundation, reconciler: Reconciler, listed: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I13: what Dynamics refuses is tried again after an hour, as everything it refuses."""
    mentor = listed[0]
    withdraw_past_the_triggers(foundation, mentor)
    site.poison(str(mentor))
    sweep(reconciler, worker)
    version = foundation.listing(mentor)["desired_version"]
    sweep(reconciler, worker)
    assert foundation.listing(mentor)["desired_version"] == version
    assert site.shows(mentor)


def test_a_withdrawn_consent_passes_the_brake_past_the_triggers(
    foundation: Foundation, reconciler: Reconciler, listed: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I5: the proof counts five as held, and the sixth is hidden by the sweep."""
    foundation.brake(2, 20)
    foundation.do("UPDATE certifications SET expires_on = '2026-11-01'")
    worker.sync(*listed)
    assert len(site.visible()) == 6
    withdraw_past_the_triggers(foundation, listed[0])
    reconciler.full()
    assert there(read_head(foundation.connection, reconciler.run_id)).count("held_by_brake") == 5
    sweep(reconciler, worker)
    assert set(site.visible()) == {str(mentor) for mentor in listed[1:]}


def test_the_brake_holds_before_the_first_nightly_check(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I5: a wrong import of dates hides nobody in an organisation that no nightly check has evaluated yet."""
    foundation.brake(2, 20)
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, LATER, consent=True) for _ in range(6)]
    worker.sync(*mentors)
    foundation.do("UPDATE certifications SET expires_on = '2026-11-01'")
    worker.sync(*mentors)
    assert len(site.visible()) == 6


def test_what_the_brake_holds_does_not_starve_lost_changes(foundation: Foundation, listed: Any) -> None:
    """I7: held listings are asked for after those that were lost."""
    lost = listed[0]
    foundation.do(
        "UPDATE certification.listings SET state = 'waiting', desired_version = desired_version + 1,"
        " reason = CASE WHEN mentor_id <> %(lost)s THEN 'brake' END, attempts = (mentor_id = %(lost)s)::int * 3,"
        " changed_at = clock_timestamp() - interval '1 day'".replace("%(lost)s", "%s"),
        lost,
        lost,
    )
    assert lost in foundation.all("SELECT mentor_id FROM certification.overdue_listings('2 minutes', 2)")


@pytest.mark.parametrize("since", ["active", "paused"])
def test_an_undo_leaves_nobody_to_be_expired_twice(foundation: Foundation, functions: Functions, since: str) -> None:
    """I3: whose status a person has changed since was expired once for that date, and stays so."""
    foundation.organisation()
    mentor = foundation.mentor(foundation.one("SELECT id FROM organisations"), DAY - days(1))
    run = functions.nightly_check(DAY).run_id
    foundation.set_status(mentor, since)
    if since == "active":
        foundation.do(
            "INSERT INTO mentor_status_log (mentor_id, from_status, to_status, reason, actor)"
            " VALUES (%s, 'certification_expired', 'active', 'by hand', 'turid')",
            mentor,
        )
    foundation.all("SELECT * FROM certification.undo_run(%s, 'turid', 'a test')", run)
    foundation.set_status(mentor, "active")
    functions.nightly_check(DAY + days(1))
    assert foundation.status(mentor) == "active"
    assert foundation.all("SELECT kind FROM certification.found_twice()") == []


def test_an_undo_loses_no_reminder_that_was_to_come_again(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I2: a notice that a pause superseded is written again by the right nightly check."""
    organisation = foundation.organisation()
    functions.nightly_check(DAY)
    mentor = foundation.mentor(organisation, DAY + days(13))
    functions.nightly_check(DAY + days(1))
    foundation.pause(mentor)
    functions.send(DAY + days(1))
    foundation.resume(mentor)
    run = functions.nightly_check(DAY + days(6)).run_id
    foundation.present(at_night(DAY + days(2)))
    foundation.all("SELECT * FROM certification.undo_run(%s, 'turid', 'a test')", run)
    functions.nightly_check(DAY + days(2))
    assert foundation.notices(mentor) == [("reminder", 14, "pending")]
