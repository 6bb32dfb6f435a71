"""What a coordinator reads: the own organisation, each mentor's state, and what the website was last seen to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.domain.comparison import ProofVerdict
from shared.domain.coordinator_views import ListingState
from shared.domain.errors import NoSuchMentorError, NotACoordinatorError
from shared.domain.force_sync import WhyNot
from tests.support.forcing import Forcer
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from shared.domain.coordinator_views import MentorView
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

LATER = DAY + days(100)
HIDDEN = {"statecode": 1, "statuscode": 2}
UNKNOWN = (
    "UPDATE certification.listings SET accepted_version = desired_version, unknown_outcome_version = 1,"
    " unknown_outcome_until = now() + interval '1 minute'"
)


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def turid(foundation: Foundation, organisation: UUID) -> UUID:
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


def view(forcer: Forcer, coordinator: UUID, mentor: UUID) -> MentorView:
    """The mentor as the list shows it, which the page of the mentor must equal."""
    (found,) = [one for one in forcer.coordinators.mentors(coordinator, None, None, 100).mentors if one.id == mentor]
    assert forcer.coordinators.mentor(coordinator, mentor).mentor == found
    return found


def test_another_organisation_is_not_read(foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer) -> None:
    """The organisation is found by the coordinator's id alone."""
    other = foundation.coordinator(foundation.organisation())
    page = forcer.coordinators.mentors(other, None, None, 100)
    assert (page.mentors, page.organisation.total) == ([], 0)
    for mentor in (listed, uuid4(), other):
        with pytest.raises(NoSuchMentorError):
            forcer.coordinators.mentor(other, mentor)
    assert forcer.coordinators.overview(other).expiries == {}
    assert [one.id for one in forcer.coordinators.mentors(turid, None, None, 100).mentors] == [listed]


def test_somebody_who_is_no_coordinator_reads_nothing(listed: UUID, forcer: Forcer) -> None:
    """Not even that there is such a mentor."""
    for nobody in (listed, uuid4()):
        with pytest.raises(NotACoordinatorError):
            forcer.coordinators.mentors(nobody, None, None, 100)
        with pytest.raises(NotACoordinatorError):
            forcer.coordinators.mentor(nobody, listed)
        with pytest.raises(NotACoordinatorError):
            forcer.coordinators.overview(nobody)


def test_the_role_reads_no_table_and_calls_no_other_function(database: TestDatabase, forcer: Forcer) -> None:
    """Its functions alone: what another role may do is refused."""
    with database.connect() as connection:
        tables = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relkind IN ('r', 'v')"
            " AND c.relnamespace IN ('public'::regnamespace, 'certification'::regnamespace)"
            " AND has_table_privilege('certification_force_sync', c.oid, 'SELECT,INSERT,UPDATE,DELETE')"
        ).fetchall()
        calls = connection.execute(
            "SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'certification'::regnamespace"
            " AND has_function_privilege('certification_force_sync', p.oid, 'EXECUTE') ORDER BY 1"
        ).fetchall()
    assert tables == []
    assert [name for (name,) in calls] == [
        "backoff_seconds_left",
        "begin_force_sync",
        "block_website_for",
        "claim_listings",
        "claim_unsent_alerts",
        "coordinator_counts",
        "coordinator_email_problem",
        "coordinator_mentor",
        "coordinator_mentors",
        "coordinator_overview",
        "coordinator_settings",
        "end_force_sync",
        "mark_alert_sent",
        "read_forced_listing",
        "record_alerts",
        "resume_website",
        "settle_listings",
        "stop_website",
        "website_stopped",
        "website_tables",
    ]


def test_a_change_waits_is_accepted_and_is_verified(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    forcer: Forcer,
    worker: SyncWorker,
    reconciler: Reconciler,
) -> None:
    """I14: "verified" is said only when the website was read."""
    mentor = foundation.mentor(organisation, LATER, consent=True)
    waiting = view(forcer, turid, mentor)
    assert (waiting.state, waiting.why, waiting.website_shown) == (ListingState.WAITING, WhyNot.ON_ITS_WAY, False)
    worker.sync(mentor)
    accepted = view(forcer, turid, mentor)
    assert (accepted.state, accepted.why, accepted.verified_at) == (ListingState.UNVERIFIED, None, None)
    assert accepted.website_shown is True
    before = datetime.now(UTC)
    reconciler.sweep()
    verified = view(forcer, turid, mentor)
    assert (verified.state, verified.website_shown, verified.listed) == (ListingState.VERIFIED, True, True)
    assert verified.verified_at is not None
    assert verified.verified_at >= before


def test_a_full_comparison_verifies_everybody_again(
    foundation: Foundation,
    turid: UUID,
    listed: UUID,
    forcer: Forcer,
    worker: SyncWorker,
    reconciler: Reconciler,
) -> None:
    """I14: also those who were verified long ago, and those who were never on the website."""
    hidden = foundation.mentor(foundation.listing(listed)["organisation_id"], LATER, consent=False)
    worker.sync(hidden)
    reconciler.full()
    first = view(forcer, turid, listed).verified_at
    reconciler.full()
    again, never = view(forcer, turid, listed), view(forcer, turid, hidden)
    assert first is not None
    assert again.verified_at is not None
    assert again.verified_at > first
    assert (never.state, never.website_shown, never.listed) == (ListingState.VERIFIED, False, False)


def test_a_manual_edit_is_seen_until_it_is_repaired(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    listed: UUID,
    forcer: Forcer,
    worker: SyncWorker,
    reconciler: Reconciler,
    site: EmulatedWebsite,
) -> None:
    """I14: what the website was seen to show counts more than our own record, and the newest reading most."""
    reconciler.full()
    site.edit({"hlf_mentorid": str(listed)}, {"hlf_phone": "999 99 999"})
    foundation.do("UPDATE certification.standard SET brake_count = 0, brake_percent = 0")  # so no repair is requested
    reconciler.full()
    seen = view(forcer, turid, listed)
    assert (seen.state, seen.why, list(seen.website_differs)) == (
        ListingState.DIFFERS,
        WhyNot.MANUAL_EDIT,
        ["phone"],
    )
    assert seen.website_shown is True
    site.edit({"hlf_mentorid": str(listed)}, HIDDEN)
    reconciler.full()
    assert (view(forcer, turid, listed).website_shown, view(forcer, turid, listed).listed) == (False, True)
    forcer.force(turid, listed)
    assert view(forcer, turid, listed).state is ListingState.VERIFIED


def test_whom_the_brake_holds_is_seen_as_held(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    forcer: Forcer,
    functions: Functions,
    worker: SyncWorker,
    reconciler: Reconciler,
) -> None:
    """I5, I14: the app's calendar says no, the website still shows them, and that is not "verified"."""
    foundation.brake(count=1, percent=10)
    mentors = [foundation.mentor(organisation, DAY, consent=True) for _ in range(4)]
    worker.sync(*mentors)
    reconciler.full()
    foundation.present(datetime.combine(DAY + days(1), datetime.min.time(), UTC) + timedelta(hours=9))
    functions.nightly_check(DAY + days(1))
    held = view(forcer, turid, mentors[0])
    assert (held.state, held.why, held.listed, held.website_shown) == (
        ListingState.DIFFERS,
        WhyNot.BRAKE,
        False,
        True,
    )
    alerts = {alert.kind: alert.n for alert in forcer.coordinators.overview(turid).alerts}
    assert alerts == {}
    foundation.do("SELECT certification.record_alerts()")
    assert {alert.kind: alert.n for alert in forcer.coordinators.overview(turid).alerts}["brake_expiry"] == 4


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("UPDATE certification.sync_state SET stopped_since = now(), stopped_reason = 'x'", WhyNot.STOPPED),
        (
            "UPDATE certification.sync_state SET backoff_until = now() + interval '1 minute', backoff_reason = 'x'",
            WhyNot.THROTTLED,
        ),
        ("UPDATE certification.listings SET reason = 'dataverse_503'", WhyNot.FAILED_ATTEMPT),
        ("UPDATE certification.listings SET reason = 'brake'", WhyNot.BRAKE),
        (UNKNOWN, WhyNot.OUTCOME_UNKNOWN),
    ],
)
def test_why_a_listing_waits(
    foundation: Foundation, turid: UUID, listed: UUID, forcer: Forcer, state: str, why: WhyNot
) -> None:
    """In words that the page can say; no code of a technology decides it."""
    foundation.do("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", listed)
    foundation.do(state)
    assert (view(forcer, turid, listed).state, view(forcer, turid, listed).why) == (ListingState.WAITING, why)


def test_a_rejected_listing_says_so(
    turid: UUID, listed: UUID, forcer: Forcer, foundation: Foundation, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I13: with the code for operations."""
    site.poison("Moss")
    foundation.do("UPDATE peer_mentors SET phone = '411 11 111' WHERE id = %s", listed)
    worker.sync(listed)
    seen = view(forcer, turid, listed)
    assert (seen.state, seen.why) == (ListingState.REJECTED, WhyNot.REJECTED)
    assert seen.code is not None
    assert [alert.kind for alert in forcer.coordinators.overview(turid).alerts] == ["listings_rejected"]


def test_pages_hold_everybody_once_and_counts_hold_all(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    forcer: Forcer,
    worker: SyncWorker,
    reconciler: Reconciler,
) -> None:
    """By cursor, also with a filter; the counts are of the whole organisation, and the own mentors apart."""
    mine = {foundation.mentor(organisation, LATER, consent=False, coordinator=turid) for _ in range(3)}
    others = {foundation.mentor(organisation, LATER, consent=False) for _ in range(4)}
    worker.sync(*mine, *others)
    reconciler.full()
    seen: list[MentorView] = []
    after = None
    for size in (3, 3, 1):
        page = forcer.coordinators.mentors(turid, ListingState.VERIFIED, after, 3)
        assert (len(page.mentors), page.has_more) == (size, size == 3 and len(seen) < 4)
        assert (page.organisation.total, page.mine.total, page.mine.counts[ListingState.VERIFIED]) == (7, 3, 3)
        seen += page.mentors
        after = seen[-1].id
    assert [one.id for one in seen] == sorted(mine | others)
    assert {one.id for one in seen if one.mine} == mine
    assert page.organisation.verified_since == min(one.verified_at for one in seen if one.verified_at)
    assert forcer.coordinators.mentors(turid, ListingState.WAITING, None, 3).mentors == []
    foundation.mentor(organisation, LATER, consent=True)
    assert forcer.coordinators.mentors(turid, None, None, 3).organisation.verified_since is None


def test_the_overview_sums_up_the_night_and_the_days_to_come(
    foundation: Foundation,
    organisation: UUID,
    turid: UUID,
    forcer: Forcer,
    functions: Functions,
    reconciler: Reconciler,
) -> None:
    """The runs of one night are added; the expiries are those of active mentors within 60 days, by day."""
    foundation.mentor(organisation, DAY - days(1))
    for distance, status in (
        (0, "active"),
        (7, "active"),
        (7, "active"),
        (60, "active"),
        (61, "active"),
        (9, "paused"),
    ):
        foundation.mentor(organisation, DAY + days(distance), status=status)
    before = forcer.coordinators.overview(turid)
    assert (before.nightly_check, before.proof) == (None, None)
    functions.nightly_check(DAY)
    functions.nightly_check(DAY)
    reconciler.full()
    after = forcer.coordinators.overview(turid)
    assert after.nightly_check is not None
    night = after.nightly_check
    assert (night.day, night.expired, night.reminders, night.reactivated) == (DAY, 1, 3, 0)
    assert dict(after.expiries) == {DAY: 1, DAY + days(7): 2, DAY + days(60): 1}
    assert after.proof is not None
    assert (after.proof.verdict, after.proof.differences) == (ProofVerdict.YES, 0)
    assert after.today == DAY
