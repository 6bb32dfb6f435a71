"""What shared.ports.Listings promises, held by the fake and by PostgresListings (I5 to I8)."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4

import pytest

from shared.domain.listings import (
    NO_ROW,
    Accepted,
    Action,
    Change,
    Claim,
    ListingTable,
    NotNow,
    OutcomeUnknown,
    Outdated,
    PushOutcome,
    Refused,
    Result,
    SettleOutcome,
    SyncRequest,
)
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.listings import FakeListings
from tests.support.foundation import DAY, Foundation, days
from tests.support.own_logins import ListingsOfFunctions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from shared.ports import Listings
    from tests.conftest import TestDatabase

LEASE = timedelta(minutes=3)
GONE = UUID(int=7)


class Subject(Protocol):
    """Listings, and the app whose mentors they are of."""

    @property
    def listings(self) -> Listings: ...
    def mentor(self, *, listed: bool = True) -> UUID:
        """Make a mentor who is to be listed, or not."""

    def change(self, mentor_id: UUID, name: str) -> None:
        """Change what is published."""

    def withdraw(self, mentor_id: UUID) -> None:
        """Have the mentor no longer consent."""

    def consent(self, mentor_id: UUID) -> None: ...
    def hold(self, mentor_id: UUID) -> AbstractContextManager[None]:
        """Have a transaction change the mentor, which is rolled back when the block ends."""

    def advance(self, seconds: float) -> None: ...


class Fake:
    """The fake."""

    def __init__(self) -> None:
        self._clock = FakeClock()
        self.listings = FakeListings(self._clock)

    def mentor(self, *, listed: bool = True) -> UUID:
        mentor_id = uuid4()
        self.listings.want(mentor_id, {"hlf_name": "Kari Sæther"} if listed else None)
        return mentor_id

    def change(self, mentor_id: UUID, name: str) -> None:
        self.listings.want(mentor_id, {"hlf_name": f"{name} Sæther"})

    def withdraw(self, mentor_id: UUID) -> None:
        self.listings.want(mentor_id, None)

    def consent(self, mentor_id: UUID) -> None:
        self.change(mentor_id, "Kari")

    def hold(self, mentor_id: UUID) -> AbstractContextManager[None]:
        return self.listings.held(mentor_id)

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)


class Real:
    """PostgresListings, as the functions have it. Time passes by moving what is written into the past."""

    def __init__(self, request: pytest.FixtureRequest, stack: ExitStack) -> None:
        self._database: TestDatabase = request.getfixturevalue("database")
        self._foundation: Foundation = request.getfixturevalue("foundation")
        self._organisation = self._foundation.organisation()
        self._foundation.evaluated(self._organisation)
        self.listings = ListingsOfFunctions(self._database, stack)

    def mentor(self, *, listed: bool = True) -> UUID:
        return self._foundation.mentor(self._organisation, DAY + days(100), consent=listed)

    def change(self, mentor_id: UUID, name: str) -> None:
        self._foundation.do("UPDATE peer_mentors SET first_name = %s WHERE id = %s", name, mentor_id)

    def withdraw(self, mentor_id: UUID) -> None:
        self._foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", mentor_id)

    def consent(self, mentor_id: UUID) -> None:
        self._foundation.do("UPDATE peer_mentors SET listing_consent = true WHERE id = %s", mentor_id)

    @contextmanager
    def hold(self, mentor_id: UUID) -> Iterator[None]:
        with self._database.connect() as app, app.transaction(force_rollback=True):
            app.execute("UPDATE peer_mentors SET phone = '1' WHERE id = %s", (mentor_id,))
            yield

    def advance(self, seconds: float) -> None:
        self._foundation.do(
            "UPDATE certification.listings SET claimed_until = claimed_until - make_interval(secs => %s),"
            " unknown_outcome_until = unknown_outcome_until - make_interval(secs => %s)",
            seconds,
            seconds,
        )


@pytest.fixture(params=["fake", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        yield Fake()
        return
    with ExitStack() as stack:
        yield Real(request, stack)


def claim(subject: Subject, *mentors: UUID, worker: UUID | None = None) -> Claim:
    return subject.listings.claim(mentors, worker or uuid4(), LEASE)


def claimed(subject: Subject, mentor_id: UUID, worker: UUID) -> Change:
    """Claim one mentor who is to be sent."""
    (change,) = claim(subject, mentor_id, worker=worker).changes
    return change


def sync(subject: Subject, mentor_id: UUID, outcome: PushOutcome, *, unknown: bool = False) -> SettleOutcome:
    """Claim one mentor and settle it."""
    worker = uuid4()
    change = claimed(subject, mentor_id, worker)
    names = {(mentor_id, change.version)} if unknown else ()
    return subject.listings.settle(worker, [(change, outcome)], names)


# --- what is claimed


def test_a_mentor_to_be_listed_is_published_as_desired(subject: Subject) -> None:
    """A mentor who is to be listed is published with the desired columns.

    I5. No row is known, so one is made only where there is none.
    """
    mentor = subject.mentor()
    claim_ = claim(subject, mentor)
    (change,) = claim_.changes
    assert (change.mentor_id, change.action, change.row_version) == (mentor, Action.PUBLISH, NO_ROW)
    assert ListingTable(change.table, change.key) in subject.listings.tables()
    assert json.loads(change.body)["hlf_name"] == "Kari Sæther"
    assert claim_.versions == {mentor: change.version}


def test_what_is_synced_is_not_sent_again(subject: Subject) -> None:
    """I7: an old message, or one that came twice, causes no request."""
    mentor = subject.mentor()
    sync(subject, mentor, Accepted('W/"1"'))
    repeated = claim(subject, mentor)
    assert (repeated.changes, repeated.done) == ((), {mentor: Result.ALREADY})


def test_a_change_is_written_on_the_version_left_by_the_last(subject: Subject) -> None:
    """I6."""
    mentor = subject.mentor()
    sync(subject, mentor, Accepted('W/"1"'))
    subject.change(mentor, "Karin")
    assert claimed(subject, mentor, uuid4()).row_version == 'W/"1"'


def test_whoever_does_not_consent_is_hidden_by_flags_alone(subject: Subject) -> None:
    """I5: consent decides the payload."""
    mentor = subject.mentor()
    sync(subject, mentor, Accepted('W/"1"'))
    subject.withdraw(mentor)
    change = claimed(subject, mentor, uuid4())
    assert (change.action, change.row_version) == (Action.HIDE, 'W/"1"')
    assert json.loads(change.body) == json.loads(change.bare_body or "") == {"statecode": 1, "statuscode": 2}


def test_what_hides_comes_first(subject: Subject) -> None:
    leaving = subject.mentor()
    sync(subject, leaving, Accepted())
    subject.withdraw(leaving)
    coming = subject.mentor()
    assert [change.mentor_id for change in claim(subject, coming, leaving).changes] == [leaving, coming]


def test_a_mentor_never_listed_and_not_to_be_causes_no_request(subject: Subject) -> None:
    """A mentor who was never listed, and is not to be, causes no request.

    I8: hiding needs something to hide.
    """
    mentor = subject.mentor()
    subject.withdraw(mentor)
    assert claim(subject, mentor).done == {mentor: Result.NOTHING_TO_SHOW}
    assert claim(subject, mentor).done == {mentor: Result.ALREADY}


def test_a_publishing_of_unknown_outcome_is_hidden_all_the_same(subject: Subject) -> None:
    """I5, I7: the row may be there. Its version is not known."""
    mentor = subject.mentor()
    claimed(subject, mentor, uuid4())
    subject.advance(181)
    subject.withdraw(mentor)
    change = claimed(subject, mentor, uuid4())
    assert (change.action, change.row_version) == (Action.HIDE, None)


def test_a_mentor_whom_nobody_knows_is_unknown(subject: Subject) -> None:
    claim_ = claim(subject, GONE)
    assert (claim_.changes, claim_.done, claim_.versions) == ((), {GONE: Result.UNKNOWN}, {GONE: 0})


def test_a_listing_locked_by_a_transaction_is_not_waited_for(subject: Subject) -> None:
    """A listing that a transaction holds is reported as locked and not waited for.

    I7, I16: that transaction may be rolled back and notify no webhook.
    """
    mentor = subject.mentor()
    with subject.hold(mentor):
        held = claim(subject, mentor)
        assert (held.changes, held.locked) == ((), (mentor,))
    assert len(claim(subject, mentor).changes) == 1


# --- one worker at a time


def test_a_claimed_listing_is_left_alone_until_its_lease_ends(subject: Subject) -> None:
    """I6, I7."""
    mentor = subject.mentor()
    claimed(subject, mentor, uuid4())
    assert claim(subject, mentor).done == {mentor: Result.BUSY}
    subject.advance(170)
    assert claim(subject, mentor).done == {mentor: Result.BUSY}
    subject.advance(11)
    assert len(claim(subject, mentor).changes) == 1


def test_a_lease_is_never_longer_than_a_quarter_of_an_hour(subject: Subject) -> None:
    """I18."""
    mentor = subject.mentor()
    subject.listings.claim([mentor], uuid4(), timedelta(days=1))
    subject.advance(901)
    assert len(claim(subject, mentor).changes) == 1


def test_only_the_holder_settles(subject: Subject) -> None:
    """I6: a claim supersedes one that has ended, and the slower worker can say nothing any more."""
    mentor = subject.mentor()
    slow, quick = uuid4(), uuid4()
    older = claimed(subject, mentor, slow)
    subject.advance(181)
    subject.withdraw(mentor)
    newer = claimed(subject, mentor, quick)
    assert subject.listings.settle(slow, [(older, Accepted('W/"1"'))]) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.BUSY}
    assert subject.listings.settle(quick, [(newer, Accepted('W/"2"'))]) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.ALREADY}


def test_a_claim_is_settled_once(subject: Subject) -> None:
    mentor, worker = subject.mentor(), uuid4()
    change = claimed(subject, mentor, worker)
    subject.listings.settle(worker, [(change, Accepted())])
    assert subject.listings.settle(worker, [(change, Refused("dataverse_400"))]) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.ALREADY}


# --- what became of it


def test_what_changes_while_it_is_sent_is_to_be_sent_again(subject: Subject) -> None:
    """I6, I7: what is synced is the version that was sent, not the newest."""
    mentor, worker = subject.mentor(), uuid4()
    older = claimed(subject, mentor, worker)
    subject.withdraw(mentor)
    assert subject.listings.settle(worker, [(older, Accepted('W/"1"'))]).again == (mentor,)
    newer = claimed(subject, mentor, uuid4())
    assert (newer.action, newer.version > older.version) == (Action.HIDE, True)


def test_what_is_refused_is_rejected_until_it_changes(subject: Subject) -> None:
    """I13."""
    mentor = subject.mentor()
    assert sync(subject, mentor, Refused("dataverse_400")) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.STILL_REJECTED}
    assert subject.listings.unsynced(None, 10) == ()
    subject.change(mentor, "Karin")
    assert claimed(subject, mentor, uuid4()).row_version == NO_ROW


def test_what_was_refused_and_has_changed_is_sent_again(subject: Subject) -> None:
    """What is refused and has changed meanwhile is to be sent again."""
    mentor, worker = subject.mentor(), uuid4()
    older = claimed(subject, mentor, worker)
    subject.change(mentor, "Karin")
    assert subject.listings.settle(worker, [(older, Refused("dataverse_400"))]).again == (mentor,)


def test_a_first_publishing_refused_leaves_nothing_to_hide(subject: Subject) -> None:
    """I8."""
    mentor = subject.mentor()
    sync(subject, mentor, Refused("dataverse_400"))
    subject.withdraw(mentor)
    assert claim(subject, mentor).done == {mentor: Result.NOTHING_TO_SHOW}


@pytest.mark.parametrize(
    "outcome", [NotNow("dataverse_503"), Outdated("dataverse_412"), OutcomeUnknown("dataverse_ReadTimeout")]
)
def test_what_was_not_done_is_unsynced_and_free(subject: Subject, outcome: PushOutcome) -> None:
    """I7: the row knows, whatever becomes of the message."""
    mentor = subject.mentor()
    assert sync(subject, mentor, outcome) == SettleOutcome()
    (request,) = subject.listings.unsynced(None, 10)
    assert claim(subject, mentor).versions == {mentor: request.version}


def test_a_hidden_listing_is_published_again_in_its_row(subject: Subject) -> None:
    """I5: the row was hidden, not deleted, and its version is still known."""
    mentor = subject.mentor()
    sync(subject, mentor, Accepted('W/"1"'))
    subject.withdraw(mentor)
    sync(subject, mentor, Accepted('W/"2"'))
    subject.consent(mentor)
    change = claimed(subject, mentor, uuid4())
    assert (change.action, change.row_version) == (Action.PUBLISH, 'W/"2"')


def test_what_a_transaction_holds_is_unsettled_and_locked(subject: Subject) -> None:
    """What a transaction holds is not settled and is reported as locked.

    I16: a transaction that changes a mentor never waits for a worker.
    """
    here, elsewhere, worker = subject.mentor(), subject.mentor(), uuid4()
    changes = claim(subject, here, elsewhere, worker=worker).changes
    with subject.hold(elsewhere):
        settled = subject.listings.settle(worker, [(change, Accepted()) for change in changes])
    assert settled == SettleOutcome(locked=(elsewhere,))
    assert claim(subject, here, elsewhere).done == {here: Result.ALREADY, elsewhere: Result.BUSY}


# --- requests that may be carried out yet


def test_an_older_request_still_on_its_way_keeps_a_change_open(subject: Subject) -> None:
    """I6: accepted, and to be sent once more when the older request can no longer undo it."""
    mentor = subject.mentor()
    sync(subject, mentor, OutcomeUnknown("dataverse_ReadTimeout"), unknown=True)
    subject.withdraw(mentor)
    assert sync(subject, mentor, Accepted()).outcome_unknown == (mentor,)
    assert claim(subject, mentor).done == {mentor: Result.GIVEN_BACK}
    assert subject.listings.unsynced(None, 10) == ()
    subject.advance(181)
    assert [request.mentor_id for request in subject.listings.unsynced(None, 10)] == [mentor]
    assert sync(subject, mentor, Accepted()) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.ALREADY}


def test_the_version_of_a_row_ends_what_may_come_yet(subject: Subject) -> None:
    """I6: what was sent earlier on another version can do nothing any more."""
    mentor = subject.mentor()
    sync(subject, mentor, OutcomeUnknown("dataverse_ReadTimeout"), unknown=True)
    subject.withdraw(mentor)
    assert sync(subject, mentor, Accepted('W/"2"')) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.ALREADY}


def test_the_same_change_that_may_come_twice_is_done(subject: Subject) -> None:
    """Whichever of the two requests comes last, it says the same."""
    mentor = subject.mentor()
    sync(subject, mentor, OutcomeUnknown("dataverse_ReadTimeout"), unknown=True)
    assert sync(subject, mentor, Accepted(), unknown=True) == SettleOutcome()
    assert claim(subject, mentor).done == {mentor: Result.ALREADY}


def test_a_change_while_another_may_come_is_sent_at_once(subject: Subject) -> None:
    """I5: a withdrawal waits for nothing."""
    mentor = subject.mentor()
    sync(subject, mentor, OutcomeUnknown("dataverse_ReadTimeout"), unknown=True)
    subject.withdraw(mentor)
    sync(subject, mentor, Accepted())
    subject.consent(mentor)
    assert claimed(subject, mentor, uuid4()).action is Action.PUBLISH


# --- what is not synced


def test_the_unsynced_come_page_by_page(subject: Subject) -> None:
    """I7: all of them, none twice, in the order of their ids."""
    mentors = {subject.mentor() for _ in range(7)}
    found: list[SyncRequest] = []
    while page := subject.listings.unsynced(found[-1].mentor_id if found else None, 3):
        assert len(page) <= 3
        found += page
    assert [request.mentor_id for request in found] == sorted(mentors)


def test_neither_claimed_nor_synced_listings_are_unsynced(subject: Subject) -> None:
    synced, taken, waiting = (subject.mentor() for _ in range(3))
    sync(subject, synced, Accepted())
    claimed(subject, taken, uuid4())
    assert [request.mentor_id for request in subject.listings.unsynced(None, 10)] == [waiting]
    subject.advance(181)
    assert {request.mentor_id for request in subject.listings.unsynced(None, 10)} == {waiting, taken}
