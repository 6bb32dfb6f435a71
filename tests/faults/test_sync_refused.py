"""A website that refuses: a row is rejected alone (I13); a table or all of it, and sending stops (I10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.listings import Result
from tests.support.foundation import DAY, days
from tests.support.syncs import SECOND_TABLE, outcome, unsynced, wanted

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
BATCH = r"\$batch"


@pytest.fixture
def organisation(foundation: Foundation) -> Any:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def listed(foundation: Foundation, organisation: Any, worker: SyncWorker) -> Any:
    """Ten mentors whom visitors see."""
    made = [foundation.mentor(organisation, LATER, consent=True) for _ in range(10)]
    worker.sync(*made)
    return made


def states(foundation):
    return {*foundation.all("SELECT state FROM certification.listings")}


def stopped(foundation):
    return foundation.one("SELECT stopped_reason FROM certification.sync_state")


def a_minute_passes(foundation):
    foundation.do("UPDATE certification.sync_state SET tried_at = tried_at - interval '61 seconds'")


# --- rows


def test_poison_rows_are_rejected_each_with_its_reason(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I13: the others are accepted; a later change of such a mentor is another chance, and only of that one."""
    bad, forbidden, too_long = listed[2], listed[5], listed[7]
    site.poison(str(bad))
    site.poison(str(forbidden), status=403, code="0x80040220")
    foundation.do("UPDATE peer_mentors SET phone = '1', first_name = 'Karin'")
    foundation.do("UPDATE peer_mentors SET area = repeat('x', 201) WHERE id = %s", too_long)
    result = worker.sync(*listed)
    assert not result.stopped
    assert result.counts()["listings_published"] == 7
    reasons = {mentor: foundation.listing(mentor)["reason"] for mentor in (bad, forbidden, too_long)}
    assert reasons == {
        bad: "dataverse_400_0x80048d19",
        forbidden: "dataverse_403_0x80040220",
        too_long: "dataverse_400_0x80044331",
    }
    assert {foundation.listing_state(mentor) for mentor in reasons} == {"rejected"}
    assert sum(name == "Karin Sæther" for name in site.visible().values()) == 7

    site.clear_faults()
    site.clear_journal()
    assert worker.unsynced().counts["listings_published"] == 0
    assert site.journal() == []
    foundation.do("UPDATE peer_mentors SET phone = '2' WHERE id = %s", bad)
    assert worker.unsynced().counts["listings_published"] == 1
    assert [write.key for write in site.writes()] == [str(bad)]
    assert foundation.listing_state(forbidden) == "rejected"


def test_a_row_that_spoils_the_whole_batch_is_found(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I13: 400 to every request it is in."""
    site.fail_next(None, status=400, code="0x80048d19", contains=str(listed[3]))
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed)
    assert outcome(result, listed[3]) is Result.REJECTED
    assert result.counts()["listings_published"] == 9
    assert foundation.listing(listed[3])["reason"] == "dataverse_400_0x80048d19"


def test_who_was_refused_and_may_no_longer_be_listed_is_hidden(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I5: rejected is not forgotten: a withdrawn consent is a change."""
    foundation.do("UPDATE peer_mentors SET area = repeat('x', 201) WHERE id = %s", listed[0])
    assert outcome(worker.sync(*listed), listed[0]) is Result.REJECTED
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", listed[0])
    worker.sync(*listed)
    assert not site.shows(listed[0])


def test_a_race_for_a_new_row_is_won_in_the_end(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """I7: somebody else has created the row in the same moment; now it is there to be updated."""
    mentor = foundation.mentor(organisation, LATER, consent=True)
    site.lose_races(1)
    assert outcome(worker.sync(mentor), mentor) is Result.PUBLISHED
    assert site.visible() == wanted(foundation)
    assert len(site.rows()) == 1


# --- a table


def test_a_lost_write_privilege_stops_all_and_rejects_nobody(
    foundation: Foundation, crew: Crew, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """A write privilege that was taken away stops the service, and no listing is rejected.

    I10, I13: one try a minute, by one worker; given back, everything drains.
    """
    site.remove_privilege("write")
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed)
    assert result.stopped
    assert {*result.results.values()} == {Result.GIVEN_BACK}
    assert result.retry_after == 60
    assert states(foundation) == {"waiting"}
    assert stopped(foundation).startswith("dataverse_403")

    site.clear_journal()
    others = [crew.worker() for _ in range(3)]
    assert all(other.sync(*listed).stopped for other in others)
    assert site.journal() == []
    a_minute_passes(foundation)
    assert all(other.sync(*listed).stopped for other in others)
    assert 0 < site.pushes() <= 3  # who we are, the batch, and whether it is the row or us
    assert states(foundation) == {"waiting"}

    site.restore_privilege("write")
    a_minute_passes(foundation)
    assert not others[0].sync(*listed).stopped
    assert stopped(foundation) is None
    assert site.visible() == wanted(foundation)


def test_a_lacking_privilege_is_told_from_a_bad_row(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any, listed: Any
) -> None:
    """I13: creating needs another privilege than updating, and every table has its own."""
    new = foundation.mentor(organisation, LATER, consent=True)
    site.remove_privilege("write")
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed, new)
    assert outcome(result, new) is Result.PUBLISHED
    assert states(foundation) == {"waiting", "live"}
    assert result.retry_after >= 60
    site.restore_privilege("write")
    worker.unsynced()
    assert site.visible() == wanted(foundation)


def test_one_closed_table_stops_nobody_elses_listings(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I13: its mentors wait, with the reason; the others are pushed with the same batch."""
    elsewhere = foundation.organisation()
    foundation.evaluated(elsewhere)
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping)"
        " SELECT %s, jsonb_set(listing_mapping, '{table}', to_jsonb(%s::text)) FROM certification.standard",
        elsewhere,
        SECOND_TABLE,
    )
    theirs = foundation.mentor(elsewhere, LATER, consent=True)
    site.remove_privilege("write", "hlf_likeperson")
    site.remove_privilege("create", "hlf_likeperson")
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(theirs, *listed)
    assert not result.stopped
    assert outcome(result, theirs) is Result.GIVEN_BACK
    assert foundation.listing(theirs)["reason"].startswith("dataverse_403")
    assert result.counts()["listings_published"] == 10


# --- us


def test_a_revoked_secret_stops_sending_until_another_is_there(
    foundation: Foundation, crew: Crew, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I10: it is read again once; the new one is taken up without a restart."""
    crew.secret.fresh = 0
    site.revoke_secret()
    site.expire_tokens()
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed)
    assert result.stopped
    assert crew.secret.fresh == 1
    assert states(foundation) == {"waiting"}
    assert stopped(foundation).startswith("entra_7000215")

    site.clear_journal()
    assert worker.sync(*listed).stopped
    assert site.journal() == []
    a_minute_passes(foundation)
    assert worker.sync(*listed).stopped

    site.add_secret("a-new-local-secret")
    crew.secret.rotate("a-new-local-secret")
    a_minute_passes(foundation)
    result = worker.sync(*listed)
    assert not result.stopped
    assert result.counts()["listings_published"] == 10
    assert stopped(foundation) is None


def test_a_rotated_secret_interrupts_nothing(
    foundation: Foundation, crew: Crew, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I10: the container knows the old one; it reads the new one within the same push."""
    site.add_secret("a-new-local-secret")
    site.revoke_secret()
    site.expire_tokens()
    crew.secret.rotate("a-new-local-secret")
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed)
    assert (result.stopped, result.counts()["listings_published"]) == (False, 10)


def test_an_expired_secret_is_reported_as_such(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I10: by Entra's number."""
    site.expire_secret()
    site.expire_tokens()
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert worker.sync(*listed).reasons == {"entra_7000222"}


def test_tokens_that_end_under_way_are_replaced(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I7: nobody notices."""
    site.expire_tokens()
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert worker.sync(*listed).counts()["listings_published"] == 10


def test_a_removed_user_stops_sending_until_it_is_back(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I10: a good token that is not authorised."""
    site.remove_application_user()
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed)
    assert (result.stopped, stopped(foundation)) == (True, "dataverse_403_0x80072560")
    assert states(foundation) == {"waiting"}
    a_minute_passes(foundation)
    assert worker.sync(*listed).stopped
    site.restore_application_user()
    a_minute_passes(foundation)
    assert not worker.sync(*listed).stopped
    assert site.visible() == wanted(foundation)


def test_entra_that_is_down_delays_and_stops_nothing(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, organisation: Any
) -> None:
    """I10: no answer is no refusal: given back, and done when it is there again."""
    mentor = foundation.mentor(organisation, LATER, consent=True)
    rule = site.fail_next(None, status=503, where="token")
    worker = crew.worker()
    result = worker.sync(mentor)
    assert (outcome(result, mentor), result.stopped) == (Result.GIVEN_BACK, False)
    assert stopped(foundation) is None
    assert foundation.listing(mentor)["reason"] == "entra_503"
    site.clear_faults(rule)
    assert outcome(crew.worker().sync(mentor), mentor) is Result.PUBLISHED
    assert unsynced(foundation) == 0


def test_a_user_removed_during_the_examination_rejects_nobody(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """A user who is removed between a refusal and its examination has no listing rejected.

    I10, I13: the second question is answered otherwise than the first, and whole.
    """
    site.poison(str(listed[0]), status=403, code="0x80040220")
    site.fail_next(1, status=403, code="0x80072560", skip=1, path=BATCH)
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    result = worker.sync(*listed)
    assert result.stopped
    assert result.counts()["listings_published"] == 9
    assert foundation.listing_state(listed[0]) == "waiting"


def test_what_changed_during_the_refusal_is_asked_for_again(
    foundation: Foundation, crew: Crew, site: EmulatedWebsite, listed: Any
) -> None:
    """I7: its own message was told that a worker has the mentor and rechecks; that worker stops instead."""
    worker = crew.worker(batch_size=5, parallel=1)
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    site.fail_next(1, status=403, code="0x80072560", skip=1, path=BATCH)
    push = worker.website.push

    def push_while_somebody_pauses(changes):
        foundation.do("UPDATE peer_mentors SET status = 'paused'")
        return push(changes)

    worker.website.push = push_while_somebody_pauses  # type: ignore[method-assign]
    result = worker.sync(*listed)
    assert result.stopped
    assert {*result.results.values()} == {Result.GIVEN_BACK}


def test_a_health_check_told_to_wait_gives_the_work_back(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: Any
) -> None:
    """I9, I10: the credential may be good again; nobody knows before the window has ended."""
    site.remove_application_user()
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert worker.sync(*listed).stopped
    site.restore_application_user()
    a_minute_passes(foundation)
    site.fail_next(1, status=429, retry_after=90)
    result = worker.sync(*listed)
    assert {*result.results.values()} == {Result.GIVEN_BACK}
    assert 89 < result.retry_after <= 90
    assert states(foundation) == {"waiting"}


def test_one_bad_request_for_all_stops_and_rejects_nobody(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: Any
) -> None:
    """One bad request for everything stops the sync instead of having every listing rejected.

    I10, I13: a 400 that a request about nobody gets, too, is about us; what waits is pushed when it has passed.
    """
    mentors = [foundation.mentor(organisation, DAY + days(50), consent=True) for _ in range(4)]
    site.fail_next(1000, status=400, path=BATCH)
    assert worker.sync(*mentors).stopped
    assert {foundation.listing_state(mentor) for mentor in mentors} == {"waiting"}
    site.clear_faults()
    foundation.do("UPDATE certification.sync_state SET tried_at = NULL")
    assert {*worker.sync(*mentors).results.values()} == {Result.PUBLISHED}
