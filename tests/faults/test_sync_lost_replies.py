"""Replies that never come: the website is read before anything is decided, and no effect is lost or doubled."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from shared.domain.listings import Result
from tests.support.foundation import DAY, days
from tests.support.syncs import SECOND_TABLE, TABLE, leases_end, outcome, unsynced, wanted

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
BATCH = r"\$batch"
LEASE, WORKER = timedelta(minutes=3), UUID(int=7)


@pytest.fixture
def organisation(foundation: Foundation) -> Any:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


def people(foundation, organisation, count):
    return [foundation.mentor(organisation, LATER, consent=True) for _ in range(count)]


def after_commit(site, how, count=1):
    """The next push is carried out, and what is said of it is lost."""
    match how:
        case "reset":
            site.reset_after(count, path=BATCH)
        case "half a reply":
            site.truncate_replies(count, path=BATCH)
        case "504":
            site.fail_after_commit(count, status=504, path=BATCH)
        case "503":
            site.fail_after_commit(count, status=503, path=BATCH)
        case "500":
            site.fail_after_commit(count, status=500, path=BATCH)


HOWS = ["reset", "half a reply", "504", "503", "500"]


@pytest.mark.parametrize("how", HOWS)
def test_a_reply_lost_after_the_commit_is_read_again(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any, how: Any
) -> None:
    """I6, I7: published, changed and hidden, each with its reply lost; one row each, settled within the invocation."""
    mentors = people(foundation, organisation, 5)
    for change, expected in (
        ("SELECT 1", Result.PUBLISHED),
        ("UPDATE peer_mentors SET area = 'Moss'", Result.PUBLISHED),
        ("UPDATE peer_mentors SET status = 'paused'", Result.HIDDEN),
    ):
        foundation.do(change)
        after_commit(site, how)
        result = worker.sync(*mentors)
        assert {*result.results.values()} == {expected}
        assert unsynced(foundation) == 0
        assert site.visible() == wanted(foundation)
    assert len(site.rows()) == 5
    assert site.summary()["writes"]["create"] == 5


@pytest.mark.parametrize("how", ["reset", "half a reply"])
def test_what_the_website_shows_already_is_not_sent_again(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any, how: str
) -> None:
    """I7: one write, though its reply was lost."""
    (mentor,) = people(foundation, organisation, 1)
    after_commit(site, how)
    worker.sync(mentor)
    assert site.verbs(mentor) == ["create"]


def test_a_request_lost_before_it_was_done_is_sent_again(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """I5: that no reply came does not mean that it was done; what is read decides."""
    mentors = people(foundation, organisation, 3)
    site.reset_before(path=BATCH)
    assert {*worker.sync(*mentors).results.values()} == {Result.PUBLISHED}
    assert set(site.visible()) == {str(mentor) for mentor in mentors}
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    site.reset_before(path=BATCH)
    # The lost one might still be carried out, and would meet another version of the row.
    assert {*worker.sync(*mentors).results.values()} == {Result.HIDDEN}
    assert site.visible() == {}


def test_an_unknown_outcome_is_given_back_with_its_reason(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """I7: neither live nor hidden as long as nobody can say so; the next sync finds out."""
    (mentor,) = people(foundation, organisation, 1)
    site.reset_before(None)
    assert outcome(worker.sync(mentor), mentor) is Result.GIVEN_BACK
    listing = foundation.listing(mentor)
    assert (listing["synced_version"], listing["website"] is not None) == (0, True)
    assert listing["reason"].startswith("dataverse_")
    foundation.pause(mentor)
    site.clear_faults()
    leases_end(foundation)
    assert outcome(worker.sync(mentor), mentor) is Result.HIDDEN
    assert unsynced(foundation) == 0


@pytest.mark.parametrize("later", ["pause", "consent", "rename"])
def test_a_request_carried_out_late_does_not_win(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any, later: str
) -> None:
    """A request that is carried out long after its worker gave up does not win.

    I6: the reply timed out, a newer state was pushed; then the older request is carried out.
    """
    (mentor,) = people(foundation, organisation, 1)
    slow = crew.worker()
    slow.seconds = 1.1  # the client's patience with this request
    site.slow(1.5, 1, path=BATCH)
    assert outcome(slow.sync(mentor), mentor) is Result.GIVEN_BACK
    match later:
        case "pause":
            foundation.pause(mentor)
        case "consent":
            foundation.do("UPDATE peer_mentors SET listing_consent = false")
        case "rename":
            foundation.do("UPDATE peer_mentors SET last_name = 'Ny'")
    quick = crew.worker()
    quick.unsynced()
    wait_for(lambda: any(entry.fault == "delay" for entry in site.journal()))  # it has been carried out
    leases_end(foundation)
    quick.unsynced()
    assert site.visible() == wanted(foundation)
    assert unsynced(foundation) == 0


@pytest.mark.parametrize("then", ["withdraws", "pauses"])
def test_a_publish_that_comes_late_finds_another_version(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any, then: str
) -> None:
    """Issue 8 A5, I5, I6: what it would write was shown already when its reply was lost, which proves nothing."""
    (mentor,) = people(foundation, organisation, 1)
    quick, slow = crew.worker(), crew.worker()
    quick.sync(mentor)
    foundation.renew(mentor, LATER + days(365))  # a new version, and no published field has changed
    slow.seconds = 1.1  # the client's patience with this request
    site.slow(1.5, 1, path=BATCH)
    slow.sync(mentor)
    if then == "withdraws":
        foundation.do("UPDATE peer_mentors SET listing_consent = false")
    else:
        foundation.pause(mentor)
    assert outcome(quick.sync(mentor), mentor) is Result.HIDDEN
    assert (site.visible(), unsynced(foundation)) == ({}, 0)  # there is nothing left to wait for
    wait_for(lambda: any(entry.fault == "delay" for entry in site.journal()))
    assert site.visible() == {}
    assert site.verbs(mentor) == ["create", "update"]


def test_a_hide_that_comes_late_finds_another_version(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """Issue 8 A5, I6: the mirror image; whoever is back stays listed."""
    (mentor,) = people(foundation, organisation, 1)
    quick, slow = crew.worker(), crew.worker()
    quick.sync(mentor)
    foundation.pause(mentor)
    slow.seconds = 1.1
    site.slow(1.5, 1, path=BATCH)
    slow.sync(mentor)
    foundation.resume(mentor)
    assert outcome(quick.sync(mentor), mentor) is Result.PUBLISHED
    assert unsynced(foundation) == 0
    wait_for(lambda: any(entry.fault == "delay" for entry in site.journal()))
    assert site.shows(mentor)


def test_a_first_publish_of_unknown_outcome_is_waited_for(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """Issue 8 A5, I8: while there is no row nothing makes it harmless, so its time must end first."""
    (mentor,) = people(foundation, organisation, 1)
    quick, slow = crew.worker(), crew.worker()
    slow.seconds = 1.1
    site.slow(1.5, 1, path=BATCH)
    slow.sync(mentor)
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    assert outcome(quick.sync(mentor), mentor) is Result.GIVEN_BACK
    assert foundation.listing(mentor)["reason"] == "outcome_unknown"
    wait_for(lambda: any(entry.fault == "delay" for entry in site.journal()))
    leases_end(foundation)
    assert outcome(quick.sync(mentor), mentor) is Result.HIDDEN
    assert site.visible() == {}


@pytest.fixture
def without_versions(crew: Crew) -> Any:
    """Workers of a table whose rows have no versions, as the service has told them: a slow one and a quick one."""
    workers = crew.worker(), crew.worker()
    for one in workers:
        one._service.without_versions |= {TABLE, SECOND_TABLE}
    workers[0].seconds = 1.1  # the client's patience with the request that is lost
    return workers


def moves(foundation, mentor):
    """To an organisation that is listed elsewhere."""
    other = foundation.organisation(name="HLF Halden")
    foundation.evaluated(other)
    mapping = foundation.one("SELECT listing_mapping FROM certification.standard") | {"table": SECOND_TABLE}
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)",
        other,
        json.dumps(mapping),
    )
    foundation.do("UPDATE peer_mentors SET organisation_id = %s WHERE id = %s", other, mentor)


RENEWED = f"UPDATE certifications SET expires_on = '{LATER + days(365)}'"
PAUSED, BACK = "UPDATE peer_mentors SET status = 'paused'", "UPDATE peer_mentors SET status = 'active'"
PHONE, NO_PHONE = "UPDATE peer_mentors SET phone = '22222222'", "UPDATE peer_mentors SET phone = NULL"


@pytest.mark.parametrize(
    ("lost", "then"),
    [
        (RENEWED, "UPDATE peer_mentors SET listing_consent = false"),
        (RENEWED, PAUSED),
        (RENEWED, "DELETE FROM peer_mentors"),
        (RENEWED, moves),
        (PHONE, NO_PHONE),
        (PAUSED, BACK),
        (PAUSED, moves),
    ],
)
def test_without_versions_an_unknown_outcome_outlasts_a_request(
    *, foundation: Foundation, without_versions: Any, site: EmulatedWebsite, organisation: Any, lost: Any, then: Any
) -> None:
    """Issue 8 A5, I5, I6: that the row shows what the lost request would write is no evidence that it came."""
    (mentor,) = people(foundation, organisation, 1)
    slow, quick = without_versions
    quick.sync(mentor)
    foundation.do(lost)
    site.slow(1.5, 1, path=BATCH, contains="PATCH")
    slow.sync(mentor)
    foundation.do(then) if isinstance(then, str) else then(foundation, mentor)
    quick.sync(mentor)
    assert unsynced(foundation) == 1  # done, and to be done once more
    wait_for(lambda: any(entry.fault == "delay" for entry in site.journal()))
    for _ in range(2):
        leases_end(foundation)
        quick.sync(mentor)
    assert unsynced(foundation) == 0
    assert {row["hlf_mentorid"] for row in [*site.rows(), *site.rows(SECOND_TABLE)] if row["statecode"] == 0} == set(
        wanted(foundation)
    )
    assert all(row["hlf_phone"] is None for row in site.rows())


def test_what_was_of_unknown_outcome_is_read_back_after_its_time(
    foundation: Foundation, reconciler: Reconciler, without_versions: Any, site: EmulatedWebsite, organisation: Any
) -> None:
    """Issue 8 A5: equal while a lost request may still come is not yet verified."""
    (mentor,) = people(foundation, organisation, 1)
    _, quick = without_versions
    site.reset_before(path=BATCH)
    quick.sync(mentor)
    assert unsynced(foundation) == 0
    reconciler.sweep()
    assert reconciler.counts["listings_verified"] == 0
    leases_end(foundation)
    reconciler.sweep()
    assert reconciler.counts["listings_verified"] == 1


def test_a_refusal_ends_no_unknown_outcome(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """Issue 8 A5, I5: the first of two tries may still make the row, whatever became of the second."""
    (mentor,) = people(foundation, organisation, 1)
    site.reset_before(path=BATCH)
    site.poison(str(mentor))
    assert outcome(worker.sync(mentor), mentor) is Result.REJECTED
    site.clear_faults()
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    assert outcome(worker.sync(mentor), mentor) is Result.GIVEN_BACK  # not "nothing to show"
    site.create([{"hlf_mentorid": str(mentor), "hlf_name": "Kari", "hlf_phone": "22222222"}])  # here it comes
    leases_end(foundation)
    assert outcome(worker.sync(mentor), mentor) is Result.HIDDEN
    assert (site.visible(), unsynced(foundation)) == ({}, 0)
    assert "hlf_phone" in foundation.listing(mentor)["written"]["hlf_peermentors"]


def test_a_manual_edit_before_a_change_is_written_over(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """Issue 8 A5: a row that is not in the version we left is read, and written in the one it has."""
    (mentor,) = people(foundation, organisation, 1)
    worker.sync(mentor)
    site.edit(str(mentor), {"hlf_area": "Utlandet"})
    foundation.do("UPDATE peer_mentors SET last_name = 'Ny'")
    assert outcome(worker.sync(mentor), mentor) is Result.PUBLISHED
    assert site.visible() == wanted(foundation)
    site.edit(str(mentor), {"hlf_area": "Utlandet"})
    foundation.pause(mentor)
    assert outcome(worker.sync(mentor), mentor) is Result.HIDDEN
    site.delete(str(mentor))
    foundation.resume(mentor)
    assert outcome(worker.sync(mentor), mentor) is Result.PUBLISHED
    assert site.visible() == wanted(foundation)


def wait_for(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_of_two_workers_the_slower_older_one_never_wins(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """I6: while one still waits for its reply the other is told to leave the mentor, and the first rechecks."""
    (mentor,) = people(foundation, organisation, 1)
    slow, quick = crew.worker(), crew.worker()
    site.slow(0.7, 1, path=BATCH)
    results = []
    thread = threading.Thread(target=lambda: results.append(slow.sync(mentor)))
    thread.start()
    wait_for(lambda: foundation.listing_state(mentor) == "sending")
    foundation.pause(mentor)
    assert outcome(quick.sync(mentor), mentor) is Result.BUSY
    foundation.do("UPDATE peer_mentors SET last_name = 'Ny'")
    assert outcome(quick.sync(mentor), mentor) is Result.BUSY
    thread.join()
    assert outcome(results[0], mentor) is Result.HIDDEN
    assert not site.shows(mentor)
    assert foundation.listing_state(mentor) == "hidden"
    assert site.verbs(mentor) == ["create", "update"]


def test_a_worker_that_outlives_its_claim_settles_nothing(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """I6: whoever came later has pushed the newer state and knows what the website shows."""
    (mentor,) = people(foundation, organisation, 1)
    slow, quick = crew.worker(), crew.worker()
    site.slow(0.5, 1, path=BATCH)
    thread = threading.Thread(target=slow.sync, args=(mentor,))
    thread.start()
    wait_for(lambda: foundation.listing_state(mentor) == "sending")
    leases_end(foundation)
    claim = quick.listings.claim([mentor], WORKER, LEASE)
    assert len(claim.changes) == 1
    thread.join()
    listing = foundation.listing(mentor)
    assert (listing["state"], listing["claimed_by"], listing["synced_version"]) == ("sending", WORKER, 0)


def test_a_hide_of_unknown_outcome_is_never_taken_for_done(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """I5: the row can be read and it is still shown."""
    (mentor,) = people(foundation, organisation, 1)
    worker.sync(mentor)
    foundation.pause(mentor)
    site.reset_before(None, method="POST", contains="PATCH")
    result = worker.sync(mentor)
    assert outcome(result, mentor) is Result.GIVEN_BACK
    assert foundation.listing_state(mentor) != "hidden"
    assert site.shows(mentor)


@pytest.mark.parametrize("status", [500, 502])
def test_a_failed_part_of_a_good_batch_is_not_taken_for_done(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any, status: int
) -> None:
    """I5: the batch was answered; that one part says nothing of what became of it, so it is read."""
    mentors = people(foundation, organisation, 3)
    site.poison(str(mentors[1]), status=status, code="0x80040216", count=1)
    assert {*worker.sync(*mentors).results.values()} == {Result.PUBLISHED}
    assert site.visible() == wanted(foundation)
    assert len(site.visible()) == 3
