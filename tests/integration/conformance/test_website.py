"""What shared.ports.Website promises, held by the fake and by DataverseWebsite on the emulator, over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

import pytest

from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.website import DataverseWebsite
from shared.domain.errors import (
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteMisconfiguredError,
    WebsiteRefusedError,
)
from shared.domain.listings import (
    NO_ROW,
    Accepted,
    Action,
    Change,
    ListingTable,
    NotNow,
    OutcomeUnknown,
    Outdated,
    PushOutcome,
    Refused,
    RefusedKind,
    RowState,
)
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.listings import HIDE, SHOW, TABLE
from tests.support.fakes.sync_state import FakeSyncState
from tests.support.fakes.website import FakeWebsite
from tests.support.syncs import SECOND_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from emulators.dataverse.process import LocalDataverse
    from shared.ports import Website
    from tests.support.syncs import EmulatedWebsite

SECOND = ListingTable(SECOND_TABLE, TABLE.key)
NOWHERE = ListingTable("hlf_nowhere", TABLE.key)
NO_COLUMN = "hlf_unheard_of"


class Subject(Protocol):
    """A website, its rows, and the means to disturb it."""

    @property
    def website(self) -> Website: ...
    @property
    def backoff(self) -> FakeSyncState: ...
    @property
    def clock(self) -> FakeClock: ...
    def row(self, mentor_id: UUID) -> Mapping[str, Any] | None: ...
    def delete(self, mentor_id: UUID) -> None: ...
    def rename(self, mentor_id: UUID) -> None:
        """Change a row manually."""

    def requests(self) -> int:
        """How many requests have gone out."""

    def lose_reply(self, *, done: bool) -> None: ...
    def throttle(self) -> None: ...
    def poison(self, mentor_id: UUID) -> None: ...
    def refuse(self) -> None:
        """Let nothing in from now on."""

    def authorise(self) -> None: ...
    def forbid_writing(self) -> None: ...
    def forbid_reading(self) -> None: ...


class Fake:
    """The fake."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.backoff = FakeSyncState(self.clock)
        self.website = FakeWebsite(self.backoff, TABLE, SECOND)
        self.website.missing_columns.add(NO_COLUMN)

    def row(self, mentor_id: UUID) -> Mapping[str, Any] | None:
        row = self.website.row(mentor_id)
        return None if row is None else row.columns

    def delete(self, mentor_id: UUID) -> None:
        del self.website.tables[TABLE.name][mentor_id]

    def rename(self, mentor_id: UUID) -> None:
        row = self.website.tables[TABLE.name][mentor_id]
        row.columns["hlf_name"], row.version = "Another", 'W/"another"'

    def requests(self) -> int:
        return len(self.website.pushed) + self.website.reads

    def lose_reply(self, *, done: bool) -> None:
        self.website.lose_reply(done=done)

    def throttle(self) -> None:
        self.website.throttle(30)

    def poison(self, mentor_id: UUID) -> None:
        self.website.poisoned[mentor_id] = Refused("website_400", RefusedKind.BAD_REQUEST)

    def refuse(self) -> None:
        self.website.refusal = "website_403_user"

    def authorise(self) -> None:
        self.website.refusal = None

    def forbid_writing(self) -> None:
        self.website.forbidden.add(TABLE.name)

    def forbid_reading(self) -> None:
        self.website.unreadable.add(TABLE.name)


class Real:
    """DataverseWebsite on the emulator."""

    def __init__(self, emulator: LocalDataverse, site: EmulatedWebsite) -> None:
        self.clock = FakeClock()
        self.backoff = FakeSyncState(self.clock)
        self._site = site
        secret = {
            "tenant_id": emulator.tenant_id,
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
        }
        self._service = Service(emulator.url, emulator.url, lambda _: secret)
        self.website = DataverseWebsite(
            self._service, self.backoff, time_left=self.clock.time_left, batch_size=100, parallel=4
        )

    def close(self) -> None:
        self._service.close()

    def row(self, mentor_id: UUID) -> Mapping[str, Any] | None:
        return self._site.row(str(mentor_id))

    def delete(self, mentor_id: UUID) -> None:
        self._site.delete(str(mentor_id))

    def rename(self, mentor_id: UUID) -> None:
        self._site.edit(str(mentor_id), {"hlf_name": "Another"})

    def requests(self) -> int:
        return self._site.pushes()

    def lose_reply(self, *, done: bool) -> None:
        (self._site.reset_after if done else self._site.reset_before)(1, path="batch")

    def throttle(self) -> None:
        self._site.limits(enabled=True)
        self._site.throttle(30)

    def poison(self, mentor_id: UUID) -> None:
        self._site.poison(str(mentor_id))

    def refuse(self) -> None:
        self._site.remove_application_user()

    def authorise(self) -> None:
        self._site.restore_application_user()

    def forbid_writing(self) -> None:
        self._site.remove_privilege("write")

    def forbid_reading(self) -> None:
        self._site.remove_privilege("read")


@pytest.fixture(params=["fake", "real"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    if request.param == "fake":
        yield Fake()
        return
    real = Real(request.getfixturevalue("emulator_process"), request.getfixturevalue("site"))
    yield real
    real.close()


def publish(mentor_id: UUID | None = None, *, version: int = 1, name: str = "Kari Sæther", **other: Any) -> Change:
    body = json.dumps({"hlf_name": name, **SHOW}, ensure_ascii=False)
    change = Change(mentor_id or uuid4(), version, Action.PUBLISH, TABLE.name, TABLE.key, body)
    return replace(change, **other)


def hide(mentor_id: UUID | None = None, *, version: int = 2, **other: Any) -> Change:
    body = json.dumps(dict(HIDE))
    change = Change(mentor_id or uuid4(), version, Action.HIDE, TABLE.name, TABLE.key, body, body)
    return replace(change, **other)


def pushed(subject: Subject, change: Change) -> PushOutcome:
    (outcome,) = subject.website.push([change])
    return outcome


def accepted(subject: Subject, change: Change) -> str | None:
    """Push a change that is accepted. Return the version that it left."""
    outcome = pushed(subject, change)
    assert isinstance(outcome, Accepted)
    return outcome.row_version


def read(subject: Subject, change: Change) -> RowState | None:
    (state,) = subject.website.read([change])
    return state


def is_shown(subject: Subject, change: Change) -> bool:
    row = subject.row(change.mentor_id)
    return row is not None and row["statecode"] == 0


# --- writing


def test_a_listing_is_published_changed_hidden_and_republished(subject: Subject) -> None:
    """I5: in one row, each time with a version of its own."""
    first = publish()
    changes = [first, publish(first.mentor_id, name="Karin"), hide(first.mentor_id), first]
    versions = []
    for change in changes:
        versions.append(accepted(subject, change))
        state = read(subject, change)
        assert state == RowState(exists=True, version=versions[-1], as_sent=True)
        assert is_shown(subject, change) is (change.action is Action.PUBLISH)
    assert None not in versions
    assert len(set(versions)) == 4


def test_hiding_what_is_not_there_is_success_and_makes_no_row(subject: Subject) -> None:
    """I8: nobody sees it. A 404 to a hide counts as success, whatever version it names."""
    listed = publish()
    version = accepted(subject, listed)
    subject.delete(listed.mentor_id)
    late = [hide(), hide(listed.mentor_id), hide(listed.mentor_id, row_version=version)]
    for change in late:
        assert isinstance(pushed(subject, change), Accepted)
        assert subject.row(change.mentor_id) is None
        assert read(subject, change) == RowState(exists=False, version=None, as_sent=True)


def test_a_write_does_nothing_to_another_version_of_the_row(subject: Subject) -> None:
    """I6: neither a late hide nor a late publish."""
    listed = publish()
    first = accepted(subject, listed)
    accepted(subject, publish(listed.mentor_id, row_version=first, name="Karin"))
    for late in (hide(listed.mentor_id, row_version=first), publish(listed.mentor_id, row_version=first)):
        assert isinstance(pushed(subject, late), Outdated)
    assert is_shown(subject, listed)
    assert (subject.row(listed.mentor_id) or {})["hlf_name"] == "Karin"


def test_a_row_is_made_only_where_there_is_none(subject: Subject) -> None:
    """I6, I8."""
    listed = publish(row_version=NO_ROW)
    version = accepted(subject, listed)
    assert isinstance(pushed(subject, listed), Outdated)
    subject.delete(listed.mentor_id)
    assert isinstance(pushed(subject, replace(listed, row_version=version)), Outdated)
    assert subject.row(listed.mentor_id) is None
    accepted(subject, listed)


def test_a_manual_edit_is_another_version(subject: Subject) -> None:
    """I6."""
    listed = publish()
    version = accepted(subject, listed)
    subject.rename(listed.mentor_id)
    assert isinstance(pushed(subject, replace(listed, row_version=version)), Outdated)
    state = read(subject, listed)
    assert state is not None
    assert (state.exists, state.as_sent) == (True, False)
    assert state.version not in {None, version}


def test_of_two_changes_of_one_listing_only_the_newer_is_sent(subject: Subject) -> None:
    """I6: they could meet on their way. The other was certainly not done."""
    listed = publish(version=1)
    for order in ([listed, hide(listed.mentor_id)], [hide(listed.mentor_id), listed]):
        outcomes = dict(zip((change.action for change in order), subject.website.push(order), strict=True))
        assert isinstance(outcomes[Action.HIDE], Accepted)
        assert isinstance(outcomes[Action.PUBLISH], NotNow)
        assert subject.row(listed.mentor_id) is None


def test_nothing_to_push_asks_nothing(subject: Subject) -> None:
    assert list(subject.website.push([])) == []
    assert subject.requests() == 0


# --- refusals


def test_one_change_never_stops_others_and_outcomes_are_ordered(subject: Subject) -> None:
    """I13."""
    changes = [publish() for _ in range(6)]
    subject.poison(changes[1].mentor_id)
    changes[2] = replace(changes[2], table=NOWHERE.name)
    changes[3] = replace(changes[3], body=json.dumps({NO_COLUMN: 1, **SHOW}))
    changes[4] = replace(changes[4], body="[]")
    outcomes = subject.website.push(changes)
    kinds = [outcome.kind if isinstance(outcome, Refused) else type(outcome) for outcome in outcomes]
    bad = RefusedKind.BAD_REQUEST
    assert kinds == [Accepted, bad, RefusedKind.NO_SUCH_TABLE, bad, bad, Accepted]
    assert [subject.row(change.mentor_id) is not None for change in changes] == [True, *[False] * 4, True]


def test_hiding_in_a_table_that_is_not_there_is_no_success(subject: Subject) -> None:
    """I5: "no such table" is not "no such row", for the listing may well be somewhere."""
    change = hide(table=NOWHERE.name)
    outcome = pushed(subject, change)
    assert isinstance(outcome, Refused)
    assert outcome.kind is RefusedKind.NO_SUCH_TABLE
    assert read(subject, change) is None


def test_hiding_never_fails_because_of_a_column_to_be_emptied(subject: Subject) -> None:
    """I5: it is hidden, and said to be hidden only."""
    listed = publish()
    accepted(subject, listed)
    emptying = hide(listed.mentor_id, body=json.dumps({NO_COLUMN: None, **HIDE}))
    outcome = pushed(subject, emptying)
    assert isinstance(outcome, Accepted)
    assert outcome.emptied is False
    assert not is_shown(subject, listed)


def test_a_privilege_that_was_taken_away_is_refused_row_by_row(subject: Subject) -> None:
    """Whether it is about the row or about us, writable() tells."""
    listed = publish()
    accepted(subject, listed)
    assert list(subject.website.writable([TABLE])) == [Accepted()]
    subject.forbid_writing()
    for outcome in (pushed(subject, listed), *subject.website.writable([TABLE])):
        assert isinstance(outcome, Refused)
        assert outcome.kind is RefusedKind.FORBIDDEN


def test_finding_out_what_is_writable_writes_nothing(subject: Subject) -> None:
    writable, nowhere = subject.website.writable([SECOND, NOWHERE])
    assert writable == Accepted()
    assert isinstance(nowhere, Refused)
    assert nowhere.kind is RefusedKind.NO_SUCH_TABLE


def test_a_website_that_refuses_us_raises_and_has_done_nothing(subject: Subject) -> None:
    """I10: with what became of each change, in order."""
    changes = [publish() for _ in range(3)]
    subject.refuse()
    with pytest.raises(WebsiteRefusedError) as refused:
        subject.website.push(changes)
    assert [type(outcome) for outcome in refused.value.outcomes] == [NotNow] * 3
    with pytest.raises(WebsiteRefusedError):
        subject.website.writable([TABLE])
    assert list(subject.website.read(changes)) == [None] * 3
    subject.authorise()
    assert list(subject.website.push(changes)) == [Accepted()] * 3


# --- lost replies


@pytest.mark.parametrize("done", [True, False])
def test_a_request_without_a_reply_is_of_unknown_outcome(subject: Subject, done: bool) -> None:
    """I6: reading tells whether it was done."""
    listed = publish(row_version=NO_ROW)
    subject.lose_reply(done=done)
    assert isinstance(pushed(subject, listed), OutcomeUnknown)
    state = read(subject, listed)
    assert state is not None
    assert (state.exists, state.as_sent) == (done, done)


def test_a_lost_request_is_harmless_if_it_names_a_version(subject: Subject) -> None:
    """I6: it does nothing once the row has another."""
    listed = publish()
    version = accepted(subject, listed)
    for change, harmless in ((replace(listed, row_version=version), True), (listed, False)):
        subject.lose_reply(done=False)
        outcome = pushed(subject, change)
        assert isinstance(outcome, OutcomeUnknown)
        assert outcome.harmless is harmless


def test_a_late_request_cannot_undo_a_version_it_does_not_know(subject: Subject) -> None:
    """A request that comes late can undo no version that it does not know.

    I6: as when a lost request to publish is carried out after the mentor was hidden.
    """
    listed = publish()
    version = accepted(subject, listed)
    lost = publish(listed.mentor_id, row_version=version, name="Karin")
    subject.lose_reply(done=False)
    assert isinstance(pushed(subject, lost), OutcomeUnknown)
    accepted(subject, hide(listed.mentor_id, row_version=version))
    assert isinstance(pushed(subject, lost), Outdated)
    assert not is_shown(subject, listed)


# --- reading


def test_what_cannot_be_read_is_none(subject: Subject) -> None:
    """Neither there nor not there."""
    listed = publish()
    accepted(subject, listed)
    subject.forbid_reading()
    assert read(subject, listed) is None


def test_a_row_that_is_not_there_is_as_sent_to_a_hide_alone(subject: Subject) -> None:
    assert read(subject, publish()) == RowState(exists=False, version=None, as_sent=False)
    assert read(subject, hide()) == RowState(exists=False, version=None, as_sent=True)


def test_rows_are_read_in_the_order_of_their_changes(subject: Subject) -> None:
    there, gone = publish(), publish()
    accepted(subject, there)
    states = subject.website.read([gone, there, gone])
    assert [state is not None and state.exists for state in states] == [False, True, False]


# --- waiting


def test_a_time_to_wait_is_recorded_before_anything_else(subject: Subject) -> None:
    """A time to wait is recorded for every worker before anything else is done.

    I9: what was throttled was not done, and nothing is asked until the window ends.
    """
    listed = publish()
    subject.throttle()
    outcome = pushed(subject, listed)
    assert isinstance(outcome, NotNow)
    assert 25 < (outcome.retry_after or 0) <= 31
    assert 25 < subject.backoff.seconds_left() <= 31
    assert subject.row(listed.mentor_id) is None
    before = subject.requests()
    inside = pushed(subject, listed)
    assert isinstance(inside, NotNow)
    assert inside.retry_after == subject.backoff.seconds_left()
    assert read(subject, listed) is None
    assert [type(outcome) for outcome in subject.website.writable([TABLE])] == [NotNow]
    with pytest.raises(WebsiteBackoffError) as wait:
        subject.website.check([TABLE])
    assert wait.value.seconds == subject.backoff.seconds_left()
    assert subject.requests() == before


def test_a_window_that_another_worker_was_given_holds_here_too(subject: Subject) -> None:
    """I9."""
    subject.backoff.block_for(30, "dataverse_429")
    listed = publish()
    assert isinstance(pushed(subject, listed), NotNow)
    assert subject.requests() == 0
    subject.clock.advance(31)
    accepted(subject, listed)


# --- checking


def test_a_check_finds_closed_tables_while_one_is_open(subject: Subject) -> None:
    """A check finds the tables that are closed to us as long as one is open.

    I13: one organisation's table is not the others'.
    """
    assert subject.website.check([]) == {}
    assert subject.website.check([TABLE, SECOND]) == {}
    assert set(subject.website.check([TABLE, NOWHERE])) == {NOWHERE.name}
    with pytest.raises(WebsiteMisconfiguredError):
        subject.website.check([NOWHERE])


@pytest.mark.parametrize("what", ["writing", "reading"])
def test_a_check_finds_a_privilege_that_was_taken_away(subject: Subject, what: str) -> None:
    """I10."""
    (subject.forbid_writing if what == "writing" else subject.forbid_reading)()
    assert set(subject.website.check([TABLE, SECOND])) == {TABLE.name}
    with pytest.raises(WebsiteAuthError):
        subject.website.check([TABLE])


def test_a_check_of_a_website_that_lets_nothing_in_raises(subject: Subject) -> None:
    """I10: and again as soon as it authorises us, all is well."""
    subject.refuse()
    with pytest.raises(WebsiteAuthError):
        subject.website.check([TABLE])
    subject.authorise()
    assert subject.website.check([TABLE]) == {}
    assert isinstance(pushed(subject, publish()), Accepted)
