"""What the proof says, from two sources only: what visitors see, and the app's own tables (I14)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from local.stack import database as local_database
from operations.commands.proofs.proof import read_head
from operations.wording import proof_verdict
from shared.domain.comparison import ProofVerdict
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import OSLO
from tests.support.syncs import SECOND_TABLE
from tests.support.there import there

if TYPE_CHECKING:
    from uuid import UUID

    from operations.commands.proofs.proof import ProofHead
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER, SHOWN, HIDDEN = DAY + days(100), {"statecode": 0, "statuscode": 1}, {"statecode": 1, "statuscode": 2}


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def listed(foundation: Foundation, organisation: UUID, worker: SyncWorker) -> list[UUID]:
    """Eight mentors whom visitors see."""
    mentors = [foundation.mentor(organisation, LATER, consent=True, area=f"Moss {n}") for n in range(8)]
    worker.sync(*mentors)
    return mentors


@pytest.fixture
def proved(foundation: Foundation, reconciler: Any) -> Any:
    """A full comparison, and its proof."""

    def run() -> ProofHead:
        reconciler.full()
        head = read_head(foundation.connection, reconciler.run_id)
        assert head is not None
        return head

    return run


def the_day_is(foundation: Foundation, day: Any, at: time = time(10)) -> None:
    local_database.simulate_time(foundation.connection, datetime.combine(day, at, OSLO))


def ended(foundation: Foundation, mentors: list[UUID], day: Any) -> None:
    """As if they had been published with that last day."""
    foundation.do("ALTER TABLE certifications DISABLE TRIGGER USER")
    foundation.do("UPDATE certifications SET expires_on = %s WHERE mentor_id = ANY (%s)", day, mentors)
    foundation.do("UPDATE certification.listings SET shown_until = %s WHERE mentor_id = ANY (%s)", day, mentors)
    foundation.do("ALTER TABLE certifications ENABLE TRIGGER USER")


# held by the brake, by the day --------------------------------------------------------------------------------------


@pytest.mark.parametrize("released", [False, True])
def test_who_is_held_by_the_brake_makes_it_no(
    *,
    foundation: Foundation,
    organisation: UUID,
    listed: list[UUID],
    functions: Functions,
    proved: Any,
    reconciler: Reconciler,
    released: bool,
) -> None:
    """They are shown and not valid, and no release changes that before its run comes."""
    foundation.brake(2, 20)
    ended(foundation, listed[:4], DAY - days(1))
    foundation.evaluated(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.brakes WHERE closed_at IS NULL") == 1
    if released:
        foundation.one("SELECT certification.release_brake(%s, 'expiry', 'kari', 'right')", organisation)
    found = proved()
    assert found.verdict is ProofVerdict.NO
    assert (found.app_listed, found.website_listed, found.count("held_by_brake")) == (4, 8, 4)
    tripped = foundation.one("SELECT tripped_at FROM certification.brakes").astimezone(OSLO)
    said = f"No. 4 are shown but not valid, held by the brake since {tripped:%d.%m.%Y %H:%M}."
    assert proof_verdict.first_sentence(found) == said
    assert reconciler.queue.taken() == []
    assert {row[0] for row in foundation.all("SELECT cause, 1 FROM certification.findings")} == {"brake"}


def test_what_the_brake_let_go_closes_its_findings(
    *,
    foundation: Foundation,
    organisation: UUID,
    listed: list[UUID],
    functions: Functions,
    proved: Any,
    worker: SyncWorker,
) -> None:
    foundation.brake(2, 20)
    ended(foundation, listed[:4], DAY - days(1))
    foundation.evaluated(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    proved()
    foundation.one("SELECT certification.release_brake(%s, 'expiry', 'kari', 'right')", organisation)
    functions.nightly_check(DAY)
    worker.sync(*listed)
    assert proved().verdict is ProofVerdict.YES
    assert foundation.one("SELECT count(*) FROM certification.findings WHERE closed_at IS NULL") == 0


@pytest.mark.parametrize(
    ("evaluated", "at", "verdict", "count"),
    [
        (DAY - days(1), time(0, 5), ProofVerdict.NOT_YET, "day_turns"),
        (DAY - days(1), time(1, 30), ProofVerdict.NO, "day_not_checked"),
        (DAY - days(2), time(0, 5), ProofVerdict.NO, "day_not_checked"),
        (DAY, time(0, 5), ProofVerdict.YES, "equal"),
    ],
)
def test_a_day_whose_check_has_not_come_is_no_yes(
    *,
    foundation: Foundation,
    organisation: UUID,
    listed: list[UUID],
    proved: Any,
    worker: SyncWorker,
    evaluated: Any,
    at: Any,
    verdict: ProofVerdict,
    count: str,
) -> None:
    """The calendar counts, not the day we evaluated last; shortly after midnight it is said when it will be known."""
    the_day_is(foundation, DAY, at)
    ended(foundation, listed[:2], DAY - days(1))
    foundation.evaluated(organisation, evaluated)
    if evaluated == DAY:
        foundation.do("SELECT certification.bump_listing_version(%s)", listed[:2])
        worker.sync(*listed)
    found = proved()
    assert (found.verdict, found.app_listed) == (verdict, 6)
    assert found.count(count) >= 2
    if verdict is ProofVerdict.NOT_YET:
        left = found.moment("known_at") - found.ended_at
        assert timedelta(minutes=50) < left < timedelta(minutes=56)


# young, rejected, stuck ---------------------------------------------------------------------------------------------


def test_a_young_write_that_differs_makes_it_not_yet(
    foundation: Foundation, listed: list[UUID], proved: Any, reconciler: Reconciler
) -> None:
    """And says when it will be known."""
    foundation.pause(listed[0])
    found = proved()
    assert (found.verdict, found.app_listed, found.website_listed) == (ProofVerdict.NOT_YET, 7, 8)
    said = proof_verdict.first_sentence(found)
    assert said.startswith("Not yet. 1 is shown but not valid (changed a moment ago, known after ")
    assert foundation.all("SELECT class FROM certification.findings") == []


def test_a_young_write_that_is_equal_is_equal(
    foundation: Foundation, listed: list[UUID], proved: Any, reconciler: Reconciler
) -> None:
    reconciler.settling = timedelta(minutes=2)
    assert (proved().verdict, proved().equal) == (ProofVerdict.YES, 8)


@pytest.mark.parametrize("held", ["claimed", "outcome_unknown", "lost"])
def test_no_claim_or_unknown_outcome_explains_an_old_difference(
    foundation: Foundation, listed: list[UUID], proved: Any, worker: SyncWorker, held: str
) -> None:
    """What is renewed again and again is not young."""
    foundation.pause(listed[0])
    if held == "claimed":
        worker.listings.claim([listed[0]], uuid4(), timedelta(minutes=3))
    if held == "outcome_unknown":
        foundation.do(
            "UPDATE certification.listings SET unknown_outcome_until = clock_timestamp() + interval '3 minutes',"
            " unknown_outcome_version = 1, accepted_version = desired_version WHERE mentor_id = %s",
            listed[0],
        )
    foundation.do("UPDATE certification.listings SET changed_at = changed_at - interval '1 hour'")
    found = proved()
    assert (found.verdict, found.count("listed_but_invalid"), found.count("waiting")) == (ProofVerdict.NO, 1, 1)


def test_what_the_website_refused_makes_it_no_at_once(
    foundation: Foundation, listed: list[UUID], proved: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    foundation.do("UPDATE peer_mentors SET area = 'Halden' WHERE id = %s", listed[0])
    site.poison(str(listed[0]))
    worker.sync(listed[0])
    site.clear_faults()
    found = proved()
    assert (found.verdict, found.count("field_drift"), found.count("rejected")) == (ProofVerdict.NO, 1, 1)


def test_a_manual_edit_while_it_is_compared_is_found_or_equal(
    foundation: Foundation, listed: list[UUID], proved: Any, reconciler: Reconciler, site: EmulatedWebsite
) -> None:
    """After its page was read: the next run's; before: this one's. Never an alarm about somebody else."""
    read = reconciler.reader.pages

    def pages(*asked: Any) -> Any:
        yield from read(*asked)
        site.edit(str(listed[0]), {"hlf_area": "Oslo"})

    reconciler.reader.pages = pages
    assert proved().verdict is ProofVerdict.YES
    del reconciler.reader.pages
    found = proved()
    assert (found.verdict, found.count("field_drift"), found.count("manual_edit")) == (ProofVerdict.NO, 1, 1)


def test_a_verdict_needs_no_listing_of_ours(foundation: Foundation, listed: list[UUID], proved: Any) -> None:
    """Our bookkeeping is gone: what is equal is equal."""
    foundation.do("DELETE FROM certification.listings")
    found = proved()
    assert (found.verdict, found.app_listed, found.website_listed, found.equal) == (ProofVerdict.YES, 8, 8, 8)


def test_a_website_that_could_not_be_read_proves_nothing(
    foundation: Foundation, listed: list[UUID], proved: Any, reconciler: Reconciler, site: EmulatedWebsite
) -> None:
    reconciler.seconds = 61.0
    site.fail_next(None, status=503)
    assert proved().verdict is ProofVerdict.NOT_YET
    site.clear_faults()


# keys ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [str.upper, str.title])
def test_a_key_is_compared_as_the_service_compares_it(
    *,
    foundation: Foundation,
    listed: list[UUID],
    proved: Any,
    reconciler: Reconciler,
    worker: SyncWorker,
    site: EmulatedWebsite,
    form: Any,
) -> None:
    """Without case: the row is the mentor's, neither orphan nor missing, and is repaired."""
    mentor = listed[0]
    site.edit(str(mentor), {"hlf_mentorid": form(str(mentor))})
    found = proved()
    assert (found.verdict, found.equal, found.count("orphan")) == (ProofVerdict.YES, 8, 0)
    foundation.pause(mentor)
    worker.sync(mentor)
    assert (proved().verdict, proved().website_listed) == (ProofVerdict.YES, 7)


def test_spaces_at_the_end_of_a_key_do_not_count(
    foundation: Foundation, listed: list[UUID], proved: Any, reconciler: Reconciler
) -> None:
    """As in the database of the service; the emulator's column has no room for them."""
    read = reconciler.reader.pages

    def pages(*asked: Any) -> Any:
        for page in read(*asked):
            yield [row | {"hlf_mentorid": f"{row['hlf_mentorid'].upper()}  "} for row in page]

    reconciler.reader.pages = pages
    assert (proved().verdict, proved().count("rows_read_again")) == (ProofVerdict.YES, 0)


def test_a_key_of_a_mentor_in_capitals_is_read_again_by_its_key(
    *,
    foundation: Foundation,
    listed: list[UUID],
    proved: Any,
    reconciler: Reconciler,
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    site.edit(str(listed[0]), {"hlf_mentorid": str(listed[0]).upper(), "hlf_area": "Oslo"})
    assert proved().count("field_drift") == 1
    worker.sync(*reconciler.queue.taken())
    assert (proved().verdict, there(site.row(str(listed[0])))["hlf_area"]) == (ProofVerdict.YES, "Moss 0")


@pytest.mark.parametrize("shown", [True, False])
def test_a_second_row_of_a_mentor_is_shown_of_nobody(
    *, foundation: Foundation, listed: list[UUID], proved: Any, reconciler: Reconciler, worker: SyncWorker, shown: bool
) -> None:
    """Two forms of one key, where the service's own key is not in force. Visitors see both."""
    if not shown:
        foundation.pause(listed[0])
        worker.sync(listed[0])
    read = reconciler.reader.pages

    def pages(*asked: Any) -> Any:
        for page in read(*asked):
            row = next(row for row in page if row["hlf_mentorid"] == str(listed[0]))
            again = {"hlf_mentorid": str(listed[0]).upper(), "hlf_peermentorid": str(uuid4())}
            yield [*page, row | again | SHOWN]

    reconciler.reader.pages = pages
    found = proved()
    assert (found.verdict, found.count("orphan")) == (ProofVerdict.NO, 1)
    assert (found.app_listed, found.website_listed) == ((8, 9) if shown else (7, 8))


def test_two_certifications_of_one_mentor_are_no_yes(foundation: Foundation, listed: list[UUID], proved: Any) -> None:
    """The app no longer holds to one each, and whoever has two is counted twice on both sides."""
    foundation.do("ALTER TABLE certifications DROP CONSTRAINT certifications_pkey")
    foundation.do("INSERT INTO certifications VALUES (%s, '2026-01-01', %s)", listed[0], LATER + days(365))
    found = proved()
    assert (found.verdict, found.app_listed, found.website_listed) == (ProofVerdict.NO, 9, 9)
    assert proof_verdict.first_sentence(found).startswith("No. 1 surplus certification is in the app")


# columns that were written once -------------------------------------------------------------------------------------


def unpublish(foundation: Foundation, column: str) -> None:
    foundation.do(
        "UPDATE certification.standard SET listing_mapping = listing_mapping::jsonb #- ARRAY['columns', %s]", column
    )


def wrote(foundation: Foundation, table: str, *columns: str) -> None:
    foundation.do(
        "UPDATE certification.listings SET written = jsonb_build_object(%s::text, %s::text[])", table, list(columns)
    )


@pytest.mark.parametrize("shown", [True, False])
def test_a_column_that_is_published_no_more_is_a_difference(
    *,
    foundation: Foundation,
    listed: list[UUID],
    proved: Any,
    reconciler: Reconciler,
    worker: SyncWorker,
    site: EmulatedWebsite,
    shown: bool,
) -> None:
    """Also on a row that is hidden, which may return."""
    mentor = listed[0]
    if not shown:
        foundation.pause(mentor)
    unpublish(foundation, "hlf_phone")
    worker.sync(*listed)
    wrote(foundation, "hlf_peermentors", "hlf_name", "hlf_phone")
    site.edit(str(mentor), {"hlf_phone": "22222222"})
    found = proved()
    assert (found.verdict, found.count("unpublished_field")) == (ProofVerdict.NO, 1)
    assert foundation.all("SELECT class, fields FROM certification.findings") == [("unpublished_field", ["hlf_phone"])]
    assert reconciler.queue.taken() == [mentor]
    assert "hlf_phone" in foundation.listing(mentor)["website"]["columns"] or shown
    site.edit(str(mentor), {"hlf_phone": None})
    assert proved().count("unpublished_field") == 0


def test_a_column_we_have_never_written_is_nobodys_concern(
    foundation: Foundation, listed: list[UUID], proved: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    unpublish(foundation, "hlf_phone")
    worker.sync(*listed)
    wrote(foundation, "hlf_peermentors", "hlf_name")
    site.edit(str(listed[0]), {"hlf_phone": "22222222"})
    assert proved().verdict is ProofVerdict.YES


def moved(foundation: Foundation, worker: SyncWorker, listed: list[UUID]) -> None:
    """The first table is in use no more."""
    foundation.do(
        "UPDATE certification.standard"
        " SET listing_mapping = jsonb_set(listing_mapping::jsonb, '{table}', to_jsonb(%s::text))",
        SECOND_TABLE,
    )
    for _ in range(2):
        worker.sync(*listed)


def test_a_table_that_is_in_use_no_more_is_read_as_well(
    *,
    foundation: Foundation,
    listed: list[UUID],
    proved: Any,
    reconciler: Reconciler,
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """What was written there stays filled, and may be shown again by a hand."""
    proved()
    moved(foundation, worker, listed)
    foundation.do(
        "UPDATE certification.listings SET written = jsonb_build_object('hlf_peermentors', '[\"hlf_name\"]'::jsonb)"
        " WHERE mentor_id = %s",
        listed[0],
    )
    site.edit(str(listed[0]), {"hlf_name": "Still here"})
    found = proved()
    assert (found.verdict, found.count("unpublished_field"), found.website_listed) == (ProofVerdict.NO, 1, 8)
    site.edit(str(listed[1]), SHOWN)
    found = proved()
    assert (found.count("listed_but_invalid"), found.website_listed) == (1, 9)


def test_a_row_that_was_emptied_is_compared_too(
    *,
    foundation: Foundation,
    listed: list[UUID],
    proved: Any,
    reconciler: Reconciler,
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """Everybody has moved and nothing of ours stands there, until somebody shows a row again."""
    proved()
    moved(foundation, worker, listed)
    assert (proved().verdict, there(site.row(str(listed[0])))["hlf_name"]) == (ProofVerdict.YES, None)
    site.edit(str(listed[0]), SHOWN)
    found = proved()
    assert (found.verdict, found.count("listed_but_invalid"), found.website_listed) == (ProofVerdict.NO, 1, 9)
    for _ in range(2):
        worker.sync(*listed)
    assert proved().verdict is ProofVerdict.YES


@pytest.mark.parametrize("gone", ["column", "table", "key"])
def test_what_is_gone_from_dynamics_stops_no_comparison(
    foundation: Foundation, listed: list[UUID], proved: Any, worker: SyncWorker, gone: str
) -> None:
    """A column or a table that was written once and has been deleted there since."""
    if gone == "column":
        wrote(foundation, "hlf_peermentors", "hlf_name", "hlf_deleted", "hlf_also_deleted")
    elif gone == "key":
        foundation.do(
            "INSERT INTO certification.website_places (website_table, website_key, show, hide)"
            " VALUES ('hlf_peermentors', 'hlf_oldkey', '{\"statecode\": 0}', '{\"statecode\": 1}')"
        )
    else:
        wrote(foundation, "hlf_deleteds", "hlf_name")
        foundation.do(
            "INSERT INTO certification.website_places (website_table, website_key, show, hide)"
            " VALUES ('hlf_deleteds', 'hlf_mentorid', '{\"statecode\": 0}', '{\"statecode\": 1}')"
        )
    found = proved()
    assert (found.verdict, found.reason) == (ProofVerdict.YES, None)
