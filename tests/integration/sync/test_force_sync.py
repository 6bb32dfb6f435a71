"""A forced sync on PostgreSQL and Dataverse: pushed now, read back, and the same path as every worker's."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from shared.domain.errors import ForceSyncLimitError, NoSuchMentorError, NotACoordinatorError
from shared.domain.force_sync import Limits, QueuedSync, VerifiedSync, WhyNot
from tests.support.forcing import REASON, Forcer
from tests.support.foundation import DAY, days
from tests.support.syncs import leases_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
ENDED = DAY - days(3)
HIDDEN, SHOWN = {"statecode": 1, "statuscode": 2}, {"statecode": 0, "statuscode": 1}


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def turid(foundation: Foundation, organisation: UUID) -> UUID:
    """The organisation's coordinator."""
    return foundation.coordinator(organisation)


@pytest.fixture
def forcer(database: TestDatabase, crew: Crew) -> Iterator[Forcer]:
    with Forcer(database.login("ForceSync"), crew.url, crew.secret) as forcer:
        yield forcer


@pytest.fixture
def listed(foundation: Foundation, organisation: UUID, worker: SyncWorker) -> UUID:
    mentor = foundation.mentor(organisation, LATER, consent=True, phone="400 00 000", area="Moss")
    worker.sync(mentor)
    return mentor


def audited(foundation: Foundation) -> list[tuple[str, str, str, UUID, dict[str, object]]]:
    return foundation.all("SELECT action, actor, reason, mentor_id, facts FROM certification.audit ORDER BY id")


def test_an_expired_mentor_shown_by_a_manual_edit_is_hidden(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    forcer: Forcer,
    functions: Functions,
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """I5, I8: pushed, read back, audited and recorded as verified; before and after are what the website showed."""
    mentor = foundation.mentor(organisation, DAY - days(1), consent=True, phone="400 00 000")
    foundation.do("UPDATE certification.evaluated_days SET day = %s", DAY - days(1))
    worker.sync(mentor)
    functions.nightly_check(DAY)
    worker.sync(mentor)
    assert not site.shows(mentor)
    site.edit({"hlf_mentorid": str(mentor)}, SHOWN)
    assert site.shows(mentor)

    began = datetime.now(UTC)
    done = forcer.force(turid, mentor)

    assert isinstance(done, VerifiedSync)
    assert done.before is not None
    assert (done.before.shown, done.before.fields["phone"]) == (True, "400 00 000")
    assert done.after.shown is False
    assert not site.shows(mentor)
    assert began <= done.verified_at <= datetime.now(UTC)
    assert done.shown_to_visitors_by == done.verified_at + timedelta(minutes=15)
    row = foundation.listing(mentor)
    assert (row["state"], row["synced_version"], row["verified_version"]) == ("hidden", done.version, done.version)
    facts = {"outcome": "verified", "version": done.version, "before": "shown", "after": "not_shown"}
    assert audited(foundation) == [("force_sync", f"coordinator:{turid}", REASON, mentor, facts)]
    assert forcer.report.works[-1].counts == {"force_syncs_verified": 1, "force_syncs_queued": 0, "sync_stopped": 0}


def test_a_row_that_is_missing_is_published_again(
    turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """A valid mentor who is missing fails a person who seeks help."""
    site.delete({"hlf_mentorid": str(listed)})
    done = forcer.force(turid, listed)
    assert isinstance(done, VerifiedSync)
    assert done.before is not None
    assert (done.before.shown, done.before.fields) == (False, {})
    assert (done.after.shown, done.after.fields["area"]) == (True, "Moss")
    assert site.shows(listed)


def test_a_forced_hiding_creates_no_row(
    foundation: Foundation, organisation: UUID, turid: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I8."""
    mentor = foundation.mentor(organisation, LATER, consent=False)
    done = forcer.force(turid, mentor)
    assert isinstance(done, VerifiedSync)
    assert done.after.shown is False
    assert site.by_mentor() == {}


def test_a_withdrawn_consent_holds_for_a_forced_sync(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I5: what the app says is pushed, whatever the coordinator meant."""
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", listed)
    done = forcer.force(turid, listed)
    assert isinstance(done, VerifiedSync)
    assert (done.after.shown, site.shows(listed)) == (False, False)
    assert foundation.listing(listed)["website"] is None


@pytest.mark.parametrize("somebody", ["nobody", "other"])
def test_other_organisations_mentors_do_not_exist(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite, somebody: str
) -> None:
    """And nothing is written or sent: no audit, no version, no request."""
    other = foundation.coordinator(foundation.organisation())
    version, requests = foundation.listing(listed)["desired_version"], site.pushes()
    if somebody == "other":
        with pytest.raises(NoSuchMentorError):
            forcer.force(other, listed)
        with pytest.raises(NoSuchMentorError):
            forcer.force(turid, other)
    else:
        with pytest.raises(NotACoordinatorError):
            forcer.force(listed, listed)
    assert (foundation.listing(listed)["desired_version"], site.pushes()) == (version, requests)
    assert audited(foundation) == []


@pytest.mark.parametrize("night", [False, True])
def test_a_single_forced_mentor_passes_the_brake(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    forcer: Forcer,
    functions: Functions,
    worker: SyncWorker,
    reconciler: Reconciler,
    site: EmulatedWebsite,
    night: bool,
) -> None:
    """I5: held by a worker before the night, or by the nightly check; and it stays hidden after what comes later."""
    foundation.brake(count=2, percent=10)
    mentors = [foundation.mentor(organisation, DAY + days(5), consent=True) for _ in range(6)]
    worker.sync(*mentors)
    if night:
        foundation.do("UPDATE certifications SET expires_on = %s", DAY)
        worker.sync(*mentors)
        foundation.present(datetime.combine(DAY + days(1), datetime.min.time(), UTC) + timedelta(hours=9))
        functions.nightly_check(DAY + days(1))
    else:
        foundation.do("UPDATE certifications SET expires_on = %s", ENDED)
        worker.sync(*mentors)
    assert [site.shows(mentor) for mentor in mentors] == [True] * 6

    done = forcer.force(turid, mentors[0])

    assert isinstance(done, VerifiedSync)
    assert done.after.shown is False
    foundation.do("UPDATE peer_mentors SET area = 'Ås'")  # a change that raises every listing
    worker.sync(*mentors)
    reconciler.sweep()
    assert reconciler.counts["past_triggers"] == 0  # what a person forced is no change that a trigger missed
    worker.unsynced()
    assert [site.shows(mentor) for mentor in mentors] == [False] + [True] * 5


def test_inside_a_retry_after_window_nothing_is_sent(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I9, I7: the reply says why and when, the database and a message have it, and later it is done."""
    worker.state.block_for(120, "test")
    requests, began = site.pushes(), datetime.now(UTC)
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert (queued.why, queued.before) == (WhyNot.THROTTLED, None)
    assert timedelta(seconds=100) < queued.try_at - began < timedelta(seconds=125)
    assert site.pushes() == requests
    assert [(one.mentor_id, one.version) for one in forcer.queue.requests] == [(listed, queued.version)]
    assert audited(foundation)[0][4]["outcome"] == "throttled"
    foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
    worker.sync(listed)
    assert foundation.listing(listed)["synced_version"] == queued.version


def test_a_throttled_push_is_queued_and_the_window_kept(
    turid: UUID, listed: UUID, forcer: Forcer, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I9: the 429 that the forced sync itself meets closes the window for everybody."""
    site.throttle(90)
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.THROTTLED
    assert worker.state.seconds_left() > 60
    assert queued.try_at - datetime.now(UTC) > timedelta(seconds=60)


def test_a_refused_credential_is_queued_and_alerted(
    turid: UUID, listed: UUID, forcer: Forcer, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I10: in the run that sees it; and once everything is stopped nothing is sent."""
    site.revoke_secret()
    site.expire_tokens()
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert (queued.why, forcer.alerts) == (WhyNot.STOPPED, ["force_sync"])
    assert worker.state.stopped() is not None
    requests = site.pushes()
    again = forcer.force(turid, listed)
    assert isinstance(again, QueuedSync)
    assert (again.why, site.pushes()) == (WhyNot.STOPPED, requests)


def test_while_everything_is_stopped_nothing_is_read(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I10: not even what the website shows before, although the token of this container would still do."""
    foundation.do(
        "UPDATE certification.sync_state SET stopped_since = now(), stopped_reason = 'test', tried_at = now()"
    )
    requests = site.pushes()
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert (queued.why, queued.before, site.pushes()) == (WhyNot.STOPPED, None, requests)


def test_a_website_with_a_server_fault_is_tried_again(
    turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """A 5xx to a write may have carried it out, so the reply does not claim either; a message asks for the next."""
    site.fail_next(None, status=503)
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.OUTCOME_UNKNOWN
    assert [one.mentor_id for one in forcer.queue.requests] == [listed]


def test_a_listing_refused_for_good_is_told_as_rejected(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I13: with an alert in the same run; no message would help, the sweep tries again in an hour."""
    site.poison("Moss")
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.REJECTED
    assert queued.before is not None
    assert queued.before.shown is True
    assert (forcer.alerts, forcer.queue.requests) == (["force_sync"], [])
    assert foundation.listing_state(listed) == "rejected"


def test_a_queue_that_is_away_loses_nothing(
    foundation: Foundation,
    turid: UUID,
    listed: UUID,
    forcer: Forcer,
    worker: SyncWorker,
) -> None:
    """I7: the row has it, and the sweep asks for it; the reply names the later time."""
    worker.state.block_for(60, "test")
    forcer.queue.away = "queue_away"
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.try_at - datetime.now(UTC) > timedelta(minutes=6)
    row = foundation.listing(listed)
    assert row["synced_version"] < row["desired_version"] == queued.version


def test_a_claim_of_another_worker_is_waited_for(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, crew: Crew, site: EmulatedWebsite
) -> None:
    """I6: the queue's worker and the forced push for one mentor at once; the newest state wins, both times."""
    other = crew.worker(patient=True)
    site.slow(0.3, count=1, method="POST")
    foundation.do("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", listed)
    thread = threading.Thread(target=other.sync, args=(listed,))
    thread.start()
    while foundation.listing_state(listed) != "sending":
        pass
    foundation.do("UPDATE peer_mentors SET area = 'Bø' WHERE id = %s", listed)
    done = forcer.force(turid, listed)
    thread.join()
    assert isinstance(done, VerifiedSync)
    assert done.after.fields["area"] == "Bø"
    assert site.by_mentor()[str(listed)]["hlf_area"] == "Bø"
    assert foundation.listing(listed)["verified_version"] == foundation.listing(listed)["desired_version"]


def test_a_claim_that_is_not_given_up_is_told_as_busy(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, worker: SyncWorker
) -> None:
    """A worker that died keeps its claim until the lease ends; then the message does the work."""
    foundation.do("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", listed)
    worker.listings.claim([listed], listed, timedelta(minutes=3))
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.BUSY
    leases_end(foundation)
    worker.sync(listed)
    assert foundation.listing(listed)["synced_version"] == queued.version


def test_a_mentor_whom_a_transaction_holds_is_told_as_busy(
    database: TestDatabase, foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer
) -> None:
    """I16, I18: nothing waits in the app's lock, and the audit has the attempt."""
    with database.connect() as app, app.transaction():
        app.execute("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", (listed,))
        queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.BUSY
    assert audited(foundation)[0][4]["outcome"] == "busy"


def test_a_change_during_the_reading_back_is_pushed_too(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer
) -> None:
    """I14: "verified" is said of the version that the listing has, never of an older one."""
    changes: list[Callable[[], None]] = [
        lambda: foundation.do("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", listed)
    ]
    forcer.before_read_back = lambda: changes.pop()() if changes else None
    done = forcer.force(turid, listed)
    assert isinstance(done, VerifiedSync)
    assert done.after.fields["area"] == "Ås"
    assert foundation.listing(listed)["verified_version"] == done.version


def test_a_hidden_mentor_who_is_seen_again_is_not_verified(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I14: hiding was accepted, and the website read back shows the mentor."""
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", listed)
    forcer.before_read_back = lambda: site.edit({"hlf_mentorid": str(listed)}, SHOWN)
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.DIFFERS
    assert queued.after is not None
    assert queued.after.shown is True


def test_a_website_that_shows_something_else_is_not_verified(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I14: the reply is no "verified", and the listing is left for the sweep to read."""
    forcer.before_read_back = lambda: site.edit({"hlf_mentorid": str(listed)}, {"hlf_area": "Et annet sted"})
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.DIFFERS
    assert queued.after is not None
    assert queued.after.fields["area"] == "Et annet sted"
    row = foundation.listing(listed)
    assert row["verified_version"] < row["synced_version"]


def test_a_write_that_cannot_be_read_back_is_not_verified(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite
) -> None:
    """I14: it was written and is synced, and the reply says only that."""
    forcer.before_read_back = lambda: site.fail_next(None, status=503)
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert (queued.why, queued.after) == (WhyNot.NOT_READ_BACK, None)
    row = foundation.listing(listed)
    assert (row["synced_version"], row["verified_version"] < row["synced_version"]) == (queued.version, True)


def test_the_limits_hold_for_mentor_and_coordinator(
    database: TestDatabase, crew: Crew, foundation: Foundation, organisation: UUID, turid: UUID, listed: UUID
) -> None:
    """6 a minute for a mentor whoever forces, 60 for a coordinator: below never, above only refusals."""
    second = foundation.coordinator(organisation)
    others = [foundation.mentor(organisation, LATER, consent=True) for _ in range(3)]
    with Forcer(database.login("ForceSync"), crew.url, crew.secret, limits=(2, 4)) as forcer:
        forcer.force(turid, listed)
        forcer.force(second, listed)
        with pytest.raises(ForceSyncLimitError) as of_the_mentor:
            forcer.force(turid, listed)
        assert 50 < of_the_mentor.value.seconds <= 60
        for mentor in others:
            forcer.force(turid, mentor)
        with pytest.raises(ForceSyncLimitError):
            forcer.force(turid, others[0])
        forcer.force(second, others[0])  # whose own minute is free
        assert len(audited(foundation)) == 6
        foundation.past_triggers("UPDATE certification.audit SET at = at - interval '61 seconds'")
        forcer.force(turid, listed)


@pytest.mark.parametrize("of", ["mentor", "coordinator"])
def test_the_limits_hold_across_instances(
    database: TestDatabase, crew: Crew, foundation: Foundation, organisation: UUID, of: str
) -> None:
    """Eight at once from four instances, five allowed: five pass, for one mentor and for one coordinator."""
    login = database.login("ForceSync")
    coordinators = [foundation.coordinator(organisation) for _ in range(4 if of == "mentor" else 1)] * 4
    mentors = [foundation.mentor(organisation, LATER) for _ in range(1 if of == "mentor" else 8)] * 8
    limits = Limits(5, 100) if of == "mentor" else Limits(100, 5)
    passed: list[bool] = []
    together = threading.Barrier(4)

    def begin(number: int) -> None:
        with Forcer(login, crew.url, crew.secret) as forcer:
            together.wait()
            for one in range(2):
                try:
                    forcer.forced.begin(coordinators[number], mentors[2 * number + one], REASON, limits)
                    passed.append(True)
                except ForceSyncLimitError:
                    passed.append(False)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(passed) == [False] * 3 + [True] * 5
    assert len(audited(foundation)) == 5


def test_a_lost_reply_is_told_as_unknown(turid: UUID, listed: UUID, forcer: Forcer, site: EmulatedWebsite) -> None:
    """I14: it may have arrived, so the reply does not say that the website refused it; a message asks again."""
    site.lose_replies(None, method="POST")
    queued = forcer.force(turid, listed)
    assert isinstance(queued, QueuedSync)
    assert queued.why is WhyNot.OUTCOME_UNKNOWN
    assert [one.mentor_id for one in forcer.queue.requests] == [listed]
