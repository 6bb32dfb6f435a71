"""What a change of a mentor does to the website: the sync on PostgreSQL and Dataverse, over HTTP, undisturbed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.listings import Result
from tests.support.foundation import DAY, days
from tests.support.syncs import SECOND_TABLE, TABLE, outcome, unsynced, wanted

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
OWN_MAPPING: dict[str, Any] = {
    "table": "hlf_peermentors",
    "key": "hlf_mentorid",
    "columns": {"hlf_name": "full_name", "hlf_area": "area"},
    "show": {"statecode": 0, "statuscode": 1, "hlf_published": True},
    "hide": {"statecode": 1, "statuscode": 2, "hlf_published": False},
}
FLAG_ALONE: dict[str, Any] = {
    "table": SECOND_TABLE,
    "show": {"hlf_published": True},
    "hide": {"hlf_published": False},
}


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def listed(foundation: Foundation, organisation: UUID, worker: SyncWorker) -> UUID:
    """A mentor whom visitors see."""
    mentor = foundation.mentor(organisation, LATER, consent=True, phone="400 00 000", area="Moss")
    worker.sync(mentor)
    return mentor


def own_mapping(foundation: Foundation, organisation: UUID, **changed: object) -> None:
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)"
        " ON CONFLICT (organisation_id) DO UPDATE SET listing_mapping = excluded.listing_mapping",
        organisation,
        json.dumps(OWN_MAPPING | changed),
    )


def test_a_mentor_who_may_be_listed_is_published_once(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: UUID
) -> None:
    """I5, I7: and a message that comes again causes no request."""
    assert site.visible() == {str(listed): "Kari Sæther"}
    assert foundation.listing_state(listed) == "live"
    before = site.pushes()
    assert outcome(worker.sync(listed), listed) is Result.ALREADY
    assert site.pushes() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE peer_mentors SET status = 'paused'",
        "UPDATE peer_mentors SET status = 'certification_expired'",
        "UPDATE peer_mentors SET status = 'inactive'",
        "UPDATE peer_mentors SET listing_consent = false",
        "UPDATE certifications SET expires_on = '2026-11-30'",
        "DELETE FROM certifications",
        "DELETE FROM certifications; DELETE FROM peer_mentors",
    ],
)
def test_who_may_not_be_listed_is_gone_with_the_next_push(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: UUID, change: str
) -> None:
    """I5: a status, a withdrawn consent, an earlier end or a deletion; nothing personal is sent to do it."""
    foundation.do(change)
    site.clear_journal()
    assert outcome(worker.sync(listed), listed) is Result.HIDDEN
    assert not site.shows(listed)
    assert foundation.listing_state(listed) == "hidden"
    (write,) = site.writes()
    assert set(write.columns) == {"statecode", "statuscode"}


def test_who_comes_back_is_shown_in_the_same_row(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: UUID
) -> None:
    """I5: paused and resumed; the row was hidden, not deleted."""
    foundation.pause(listed)
    worker.sync(listed)
    foundation.resume(listed)
    worker.sync(listed)
    assert site.shows(listed)
    assert site.verbs(listed) == ["create", "update", "update"]


def test_a_renamed_mentor_or_organisation_is_renamed_there(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: UUID
) -> None:
    """What is published follows, within one row."""
    foundation.do("UPDATE peer_mentors SET last_name = 'Bjørnå O''Neill'")
    worker.sync(listed)
    assert site.visible() == {str(listed): "Kari Bjørnå O'Neill"}
    foundation.do("UPDATE organisations SET name = 'HLF Moss & omegn'")
    worker.sync(listed)
    assert [row["hlf_organisation"] for row in site.rows()] == ["HLF Moss & omegn"]
    assert len(site.rows()) == 1


def test_no_request_is_made_for_whoever_was_never_listed(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """I8: not for one who may not be, nor when that one is changed or deleted; not even a token is asked for."""
    mentor = foundation.mentor(organisation, LATER)
    late = foundation.mentor(organisation, DAY - days(1), consent=True)
    assert {*worker.sync(mentor, late).results.values()} <= {Result.ALREADY, Result.NOTHING_TO_SHOW}
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    assert {*worker.sync(mentor, late).results.values()} == {Result.NOTHING_TO_SHOW}
    foundation.do("DELETE FROM certifications; DELETE FROM peer_mentors")
    assert {*worker.sync(mentor, late).results.values()} == {Result.NOTHING_TO_SHOW}
    assert site.journal() == []


def test_a_hide_creates_no_row_and_brings_none_back(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: UUID
) -> None:
    """I8: a row deleted by hand is hidden enough."""
    site.delete(str(listed))
    foundation.pause(listed)
    assert outcome(worker.sync(listed), listed) is Result.HIDDEN
    assert site.rows() == []
    assert foundation.listing_state(listed) == "hidden"


def test_a_late_message_brings_no_deleted_mentor_back(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, listed: UUID
) -> None:
    """I6, I8: the message is a hint; what it says of versions is not even looked at."""
    foundation.do("DELETE FROM certifications; DELETE FROM peer_mentors")
    worker.sync(listed)
    site.delete(str(listed))
    for _ in range(3):
        assert outcome(worker.sync(listed), listed) is Result.ALREADY
    assert site.rows() == []


def test_a_nightly_check_takes_only_the_expired_off_the_website(
    foundation: Foundation, functions: Functions, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """I3, I5, I7: what the nightly check asks for is enough; no webhook is sent for it."""
    ending = [foundation.mentor(organisation, DAY, consent=True) for _ in range(3)]
    staying = foundation.mentor(organisation, DAY + days(1), consent=True)
    worker.unsynced()
    assert len(site.visible()) == 4
    functions.nightly_check(DAY + days(1))
    asked = [request.mentor_id for request in functions.asked.requests]
    assert set(asked) == set(ending)
    worker.sync(*asked)
    assert set(site.visible()) == {str(staying)} == set(wanted(foundation))


def test_whom_the_check_could_not_expire_for_a_worker_is_hidden(
    foundation: Foundation, functions: Functions, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """One whom the nightly check could not expire while a worker had the listing is hidden all the same.

    I5: the app refuses the change of status, and that very listing is being pushed for another reason.
    """
    foundation.do("ALTER TABLE peer_mentors ADD CONSTRAINT stays CHECK (status <> 'certification_expired')")
    mentor = foundation.mentor(organisation, DAY, consent=True)
    worker.sync(mentor)
    foundation.do("UPDATE peer_mentors SET phone = '1'")
    website = Meanwhile(worker.website, lambda: functions.nightly_check(DAY + days(1)))
    worker.sync_all([mentor], website=website)
    worker.unsynced()
    assert foundation.status(mentor) == "active"
    assert not site.shows(mentor)


class Meanwhile:
    """The website, where something happens before the first push is sent."""

    def __init__(self, website: Any, happens: Any) -> None:
        self._website = website
        self._happens = [happens]

    def push(self, changes: Any) -> Any:
        if self._happens:
            self._happens.pop()()
        return self._website.push(changes)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._website, name)


def test_what_changes_while_it_is_pushed_is_pushed_again(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """I6, I7: nobody else has to be asked for it."""
    mentor = foundation.mentor(organisation, LATER, consent=True)
    result = worker.sync_all([mentor], website=Meanwhile(worker.website, lambda: foundation.pause(mentor)))
    assert outcome(result, mentor) is Result.HIDDEN
    assert site.verbs(mentor) == ["create", "update"]
    assert not site.shows(mentor)


@pytest.mark.slow
def test_ten_thousand_changes_arrive_without_a_webhook(
    foundation: Foundation, crew: Any, site: EmulatedWebsite, organisation: UUID
) -> None:
    """Ten thousand changes in one update reach the website though no webhook was sent.

    I7: one sync of everything unsynced; every listing once, twelve even requests to a thousand.
    """
    foundation.do(
        "WITH made AS (INSERT INTO peer_mentors (organisation_id, first_name, last_name, status, listing_consent)"
        " SELECT %s, 'Kari', 'Sæther ' || n, 'active', true FROM generate_series(1, 10000) AS n RETURNING id)"
        " INSERT INTO certifications SELECT id, '2023-01-01', %s FROM made",
        organisation,
        LATER,
    )
    worker = crew.worker()
    assert worker.unsynced().complete
    assert len(site.visible()) == 10_000
    site.clear_journal()
    foundation.do(
        "UPDATE peer_mentors SET status = CASE WHEN last_name LIKE '%7' THEN 'paused' ELSE 'active' END, area = 'Moss'"
    )
    swept = worker.unsynced()
    assert swept.complete
    assert (swept.counts["listings_published"], swept.counts["listings_hidden"]) == (9_000, 1_000)
    assert unsynced(foundation) == 0
    assert site.visible() == wanted(foundation)
    assert site.summary()["operations"] == 10_000
    assert site.pushes() == 120


# --- mappings


def test_an_organisation_may_hide_by_a_flag_of_its_own(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """Section 2: in a table of its own; another organisation beside it keeps the standard."""
    own_mapping(foundation, organisation, **FLAG_ALONE)
    ours = foundation.mentor(organisation, LATER, consent=True, phone="400 00 000")
    elsewhere = foundation.organisation()
    foundation.evaluated(elsewhere)
    theirs = foundation.mentor(elsewhere, LATER, consent=True)
    for visible in (True, False):
        worker.sync(ours, theirs)
        (row,) = site.rows(SECOND_TABLE)
        assert (row["hlf_mentorid"], row["statecode"], row["hlf_published"]) == (str(ours), 0, visible)
        assert row["hlf_phone"] is None  # not among its columns
        assert set(site.visible()) == ({str(theirs)} if visible else set())
        for mentor in (ours, theirs):
            foundation.pause(mentor)


def test_a_changed_table_applies_to_everybody_it_concerns(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """I5: hidden where they were, published where they belong, and whoever is paused meanwhile is in neither."""
    own_mapping(foundation, organisation, **FLAG_ALONE)
    staying, leaving = (foundation.mentor(organisation, LATER, consent=True) for _ in range(2))
    worker.sync(staying, leaving)
    assert {row["hlf_mentorid"]: row["hlf_published"] for row in site.rows(SECOND_TABLE)} == {
        str(staying): True,
        str(leaving): True,
    }
    own_mapping(foundation, organisation)
    foundation.pause(leaving)
    assert worker.unsynced().complete
    assert {row["hlf_published"] for row in site.rows(SECOND_TABLE)} == {False}
    assert set(site.visible()) == {str(staying)}
    assert foundation.listing(staying)["website"]["table"] == TABLE
    assert foundation.listing_state(leaving) == "hidden"


def test_a_column_that_is_no_longer_published_is_emptied(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID, listed: UUID
) -> None:
    """Design section 8: the whitelist holds for what is there already, not only for what is sent."""
    assert site.by_mentor()[str(listed)]["hlf_phone"] == "400 00 000"
    own_mapping(foundation, organisation)
    assert worker.unsynced().complete
    assert site.by_mentor()[str(listed)]["hlf_phone"] is None


@pytest.mark.parametrize(
    "wrong",
    [{"table": "hlf_nowhere"}, {"key": "hlf_nothing"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_mapping_dataverse_does_not_know_stops_no_other(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID, wrong: dict[str, Any]
) -> None:
    """A mapping that Dataverse does not know: its mentors are rejected with the code, and no other is stopped.

    I13, I5: one organisation's mistake; and none of its mentors is ever said to be hidden while nobody knows.
    """
    own_mapping(foundation, organisation, **wrong)
    elsewhere = foundation.organisation()
    foundation.evaluated(elsewhere)
    astray = [foundation.mentor(organisation, LATER, consent=True) for _ in range(3)]
    good = foundation.mentor(elsewhere, LATER, consent=True)
    result = worker.sync(*astray, good)
    assert set(site.visible()) == {str(good)}
    assert [outcome(result, mentor) for mentor in astray] == [Result.REJECTED] * 3
    for mentor in astray:
        foundation.pause(mentor)
    worker.sync(*astray)
    assert "live" not in {foundation.listing_state(mentor) for mentor in astray}
    for mentor in astray:
        foundation.resume(mentor)
    own_mapping(foundation, organisation)
    worker.unsynced()
    assert site.visible() == wanted(foundation)
    assert len(site.visible()) == 4


def test_one_listed_where_nobody_can_look_is_not_called_hidden(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID, listed: UUID
) -> None:
    """I5: "no such table" is not "no such row": the listing may well be there, and a person has to look."""
    foundation.do("UPDATE certification.listings SET website = jsonb_set(website, '{table}', '\"hlf_nowhere\"')")
    foundation.pause(listed)
    assert outcome(worker.sync(listed), listed) is Result.REJECTED
    listing = foundation.listing(listed)
    assert (listing["state"], listing["reason"]) == ("rejected", "dataverse_404_0x8006088a")
    assert listing["website"] is not None


def test_a_column_dataverse_does_not_know_rejects_until_mended(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, organisation: UUID
) -> None:
    """A column that Dataverse does not know has listings rejected until the mapping is right.

    I13: with its code; a corrected mapping is another chance.
    """
    own_mapping(foundation, organisation, columns={"hlf_unheard_of": "full_name"})
    mentor = foundation.mentor(organisation, LATER, consent=True)
    assert outcome(worker.sync(mentor), mentor) is Result.REJECTED
    assert foundation.listing(mentor)["reason"].startswith("dataverse_400_0x")
    own_mapping(foundation, organisation)
    worker.unsynced()
    assert site.visible() == wanted(foundation)


def test_a_sync_of_nothing_reports_all_of_its_counts(worker: SyncWorker) -> None:
    """I12: zeros too, or the sweep that never came looks like the one that found nothing."""
    assert set(worker.unsynced().counts) == set(worker.sync().counts())


# --- what was published once


def fewer_columns(foundation, organisation, *gone):
    """The organisation publishes what the standard does, without these columns."""
    mapping = foundation.one("SELECT listing_mapping FROM certification.standard")
    for column in gone:
        del mapping["columns"][column]
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)"
        " ON CONFLICT (organisation_id) DO UPDATE SET listing_mapping = excluded.listing_mapping",
        organisation,
        json.dumps(mapping),
    )


@pytest.mark.parametrize("when", ["while hidden", "by moving"])
def test_what_is_published_no_more_does_not_come_back(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite, when: str
) -> None:
    """Design section 8: taken from the whitelist while the mentor was hidden, it stays off the row."""
    here, there = foundation.organisation(), foundation.organisation(name="HLF Rygge")
    for organisation in (here, there):
        foundation.evaluated(organisation)
    mentor = foundation.mentor(here, DAY + days(100), consent=True, phone="22 33 44 55")
    worker.sync(mentor)
    assert site.by_mentor()[str(mentor)]["hlf_phone"] == "22 33 44 55"
    foundation.pause(mentor)
    worker.sync(mentor)
    fewer_columns(foundation, here if when == "while hidden" else there, "hlf_phone")
    if when == "by moving":
        foundation.do("UPDATE peer_mentors SET organisation_id = %s", there)
    foundation.resume(mentor)
    worker.sync(mentor)
    row = site.by_mentor()[str(mentor)]
    assert site.shows(mentor)
    assert (row["hlf_phone"], row["hlf_name"]) == (None, "Kari Sæther")
    assert "hlf_phone" not in foundation.listing(mentor)["written"][TABLE]


def test_hiding_empties_what_is_published_no_more(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """With the next write, whatever that is."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY + days(100), consent=True, phone="22 33 44 55")
    worker.sync(mentor)
    fewer_columns(foundation, organisation, "hlf_phone", "hlf_email")
    foundation.pause(mentor)
    worker.sync(mentor)
    row = site.by_mentor()[str(mentor)]
    assert not site.shows(mentor)
    assert (row["hlf_phone"], row["hlf_email"]) == (None, None)
    assert foundation.listing_state(mentor) == "hidden"


def test_a_hidden_row_is_emptied_when_it_is_asked_for(
    foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """What the proof finds on a hidden row can be repaired."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY + days(100), consent=True, phone="22 33 44 55")
    worker.sync(mentor)
    foundation.pause(mentor)
    worker.sync(mentor)
    fewer_columns(foundation, organisation, "hlf_phone")
    foundation.do("SELECT certification.bump_listing_version(ARRAY[%s]::uuid[])", mentor)
    worker.sync(mentor)
    assert site.by_mentor()[str(mentor)]["hlf_phone"] is None
    assert (foundation.listing_state(mentor), site.shows(mentor)) == ("hidden", False)
