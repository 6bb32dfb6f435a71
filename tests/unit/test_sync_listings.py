"""The sync on fakes: what is pushed, what is tried again, and what is left for later (I5 to I10, I13, I18)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from shared.domain.listings import Action, ListingTable, NotNow, Refused, RefusedKind, Result
from shared.use_cases.sync_listings import LEASE
from tests.support.fakes.listings import TABLE
from tests.support.sync_worker import FakeSync

SECOND = ListingTable("hlf_likepersons", "hlf_mentorid")
ROW_REFUSED = Refused("website_400", RefusedKind.BAD_REQUEST)


@pytest.fixture
def worker() -> FakeSync:
    return FakeSync(TABLE, SECOND)


def pushes(worker: FakeSync) -> int:
    return len(worker.website.pushed)


# --- undisturbed


def test_a_listing_is_published_once(worker: FakeSync) -> None:
    """I5, I7: a message that comes again causes no request."""
    mentor = worker.mentor()
    assert worker.result(mentor) == "published"
    assert worker.website.shows(mentor)
    assert worker.result(mentor) == "already"
    assert (pushes(worker), worker.clock.pauses) == (1, [])


def test_whoever_withdraws_is_hidden_in_the_same_row(worker: FakeSync) -> None:
    """I5."""
    mentor = worker.listed()
    worker.withdraw(mentor)
    assert worker.result(mentor) == "hidden"
    assert not worker.website.shows(mentor)
    worker.rename(mentor)
    assert worker.result(mentor) == "published"
    assert len(worker.website.tables[TABLE.name]) == 1


def test_a_deleted_row_is_hidden_enough(worker: FakeSync) -> None:
    """I8: and none is made."""
    mentor = worker.listed()
    worker.website.tables[TABLE.name].clear()
    worker.withdraw(mentor)
    assert worker.result(mentor) == "hidden"
    assert worker.website.tables[TABLE.name] == {}


def test_nothing_is_asked_for_whoever_was_never_listed(worker: FakeSync) -> None:
    """I8."""
    mentor, unknown = worker.mentor(listed=False), uuid4()
    worker.withdraw(mentor)
    assert worker.sync(mentor, unknown).results == {mentor: Result.NOTHING_TO_SHOW, unknown: Result.UNKNOWN}
    assert (pushes(worker), worker.website.reads) == (0, 0)


def test_a_batch_is_one_push_and_hides_first(worker: FakeSync) -> None:
    leaving = worker.listed()
    worker.withdraw(leaving)
    coming = [worker.mentor() for _ in range(3)]
    worker.sync(*coming, leaving)
    (changes,) = worker.website.pushed
    assert [change.action for change in changes] == [Action.HIDE, *[Action.PUBLISH] * 3]


def test_counts_have_every_result_and_the_stop(worker: FakeSync) -> None:
    """I12: zeros too."""
    counts = worker.sync(worker.mentor()).counts()
    assert set(counts) == {f"listings_{result}" for result in Result} | {"sync_stopped"}
    assert {name for name, n in counts.items() if n} == {"listings_published"}


# --- changes meanwhile


def test_what_changes_while_it_is_pushed_is_pushed_again(worker: FakeSync) -> None:
    """I6, I7: before this worker ends, and on the row as it left it."""
    mentor = worker.mentor()
    worker.website.before_push.append(lambda: worker.withdraw(mentor))
    assert worker.result(mentor) == "hidden"
    assert not worker.website.shows(mentor)
    assert pushes(worker) == 2


def test_what_never_stops_changing_is_given_back(worker: FakeSync) -> None:
    """I7: after six attempts; the message comes again."""
    mentor = worker.mentor()
    worker.website.before_push += [lambda: worker.rename(mentor)] * 20
    assert worker.result(mentor) == "given_back"
    assert pushes(worker) == 6


def test_a_locked_listing_is_waited_for_a_little_while(worker: FakeSync) -> None:
    """I16: growing pauses, and then the message comes again."""
    mentor, other = worker.mentor(), worker.mentor()
    with worker.listings.held(mentor):
        result = worker.sync(mentor, other)
    assert result.results == {mentor: Result.GIVEN_BACK, other: Result.PUBLISHED}
    assert worker.clock.pauses == pytest.approx([0.1 * 2**n for n in range(6)])


def test_a_listing_locked_while_it_is_settled_is_settled_later(worker: FakeSync) -> None:
    """I7: it counts as given back until it has been written down."""
    mentor = worker.mentor()
    held = worker.listings.held(mentor)
    worker.website.before_push.append(held.__enter__)
    assert worker.result(mentor) == "given_back"
    held.__exit__(None, None, None)
    worker.clock.advance(181)
    worker.clock.ends_at += 300
    assert worker.result(mentor) == "published"


def test_a_listing_in_anothers_hands_is_busy(worker: FakeSync) -> None:
    """I6."""
    mentor = worker.mentor()
    results: list[str] = []
    worker.website.before_push.append(lambda: results.append(worker.result(mentor)))
    assert worker.result(mentor) == "published"
    assert results == ["busy"]


def test_a_braked_listing_is_left_as_it_is(worker: FakeSync) -> None:
    """I5: the sweep asks again."""
    mentor = worker.listed()
    worker.withdraw(mentor)
    worker.listings.braked.add(mentor)
    assert worker.result(mentor) == "braked"
    assert pushes(worker) == 0


# --- refusals of one row


def test_a_poison_row_is_rejected_and_stops_no_other(worker: FakeSync) -> None:
    """I13: with its reason, until it changes."""
    mentors = [worker.mentor() for _ in range(3)]
    worker.website.poisoned[mentors[1]] = ROW_REFUSED
    result = worker.sync(*mentors)
    assert list(result.results.values()) == [Result.PUBLISHED, Result.REJECTED, Result.PUBLISHED]
    assert result.reasons == {"website_400"}
    assert worker.result(mentors[1]) == "still_rejected"
    worker.website.poisoned.clear()
    worker.rename(mentors[1])
    assert worker.result(mentors[1]) == "published"


def test_a_forbidden_row_is_rejected_while_its_table_is_open(worker: FakeSync) -> None:
    """I13: the 403 is about the row."""
    mentor = worker.mentor()
    worker.website.poisoned[mentor] = Refused("website_403", RefusedKind.FORBIDDEN)
    assert worker.result(mentor) == "rejected"
    assert worker.state.stopped() is None


def test_a_privilege_that_was_taken_away_rejects_nobody(worker: FakeSync) -> None:
    """I13: it is about us, and another organisation's table goes on."""
    here, there = worker.mentor(), worker.mentor(table=SECOND)
    worker.website.forbidden.add(TABLE.name)
    result = worker.sync(here, there)
    assert result.results == {here: Result.GIVEN_BACK, there: Result.PUBLISHED}
    assert (result.retry_after, worker.state.stopped()) == (60.0, None)
    worker.website.forbidden.clear()
    assert worker.result(here) == "published"


def test_one_closed_table_of_two_stops_nothing(worker: FakeSync) -> None:
    """I13: also where the batch had nobody of the other."""
    worker.website.forbidden.add(TABLE.name)
    assert worker.result(worker.mentor()) == "given_back"
    assert worker.state.stopped() is None


def test_tables_that_are_all_closed_stop_the_sync(worker: FakeSync) -> None:
    """I10."""
    worker.website.forbidden |= {TABLE.name, SECOND.name}
    mentor = worker.mentor()
    result = worker.sync(mentor)
    assert (result.stopped, result.results[mentor]) == (True, Result.GIVEN_BACK)
    assert worker.state.stopped() is not None


@pytest.mark.parametrize("same", [True, False])
def test_one_400_for_everything_may_be_about_the_request(worker: FakeSync, same: bool) -> None:
    """I13: where an empty write is accepted it is about the rows; different codes always are."""
    mentors = [worker.mentor() for _ in range(3)]
    reasons = ["website_400"] * 3 if same else ["a", "b", "c"]
    for mentor, reason in zip(mentors, reasons, strict=True):
        worker.website.poisoned[mentor] = Refused(reason, RefusedKind.BAD_REQUEST)
    assert set(worker.sync(*mentors).results.values()) == {Result.REJECTED}


# --- refusals of everything


def test_a_website_that_refuses_us_stops_all_sending(worker: FakeSync) -> None:
    """I10, I18: no claim is left behind, and no other worker asks."""
    mentor, other = worker.mentor(), worker.mentor()
    worker.website.refusal = "entra_7000222"
    result = worker.sync(mentor)
    assert (result.stopped, result.retry_after, result.reasons) == (True, 60.0, frozenset({"entra_7000222"}))
    worker.website.refusal = None
    assert worker.result(other) == "given_back"
    assert pushes(worker) == 0
    assert {request.mentor_id for request in worker.listings.unsynced(None, 9)} == {mentor, other}


def test_after_a_minute_one_worker_tries_and_resumes(worker: FakeSync) -> None:
    """I10: the check comes before any listing is claimed."""
    worker.state.stop("entra_7000222")
    mentor = worker.mentor()
    worker.clock.advance(61)
    worker.clock.ends_at += 61
    worker.website.refusal = "entra_7000222"
    assert worker.sync(mentor).stopped
    worker.website.refusal = None
    worker.clock.advance(61)
    worker.clock.ends_at += 61
    assert worker.result(mentor) == "published"
    assert worker.state.stopped() is None


# --- faults that pass


def test_what_passes_is_tried_again_after_growing_pauses(worker: FakeSync) -> None:
    mentor = worker.mentor()
    worker.website.poisoned[mentor] = NotNow("website_503")
    worker.website.before_push += [lambda: None, lambda: None, worker.website.poisoned.clear]
    assert worker.result(mentor) == "published"
    assert worker.clock.pauses == pytest.approx([0.1, 0.2])


def test_what_lasts_is_given_back_while_there_is_time(worker: FakeSync) -> None:
    """I18: ten seconds are kept to end in, and no claim is left behind."""
    mentor = worker.mentor()
    worker.website.poisoned[mentor] = NotNow("website_503")
    assert worker.result(mentor) == "given_back"
    assert worker.clock.time_left() > 10
    assert len(worker.listings.unsynced(None, 9)) == 1


def test_no_pause_is_begun_that_the_function_cannot_end(worker: FakeSync) -> None:
    """I18."""
    mentor = worker.mentor()
    worker.clock.ends_at = 10.05
    worker.website.poisoned[mentor] = NotNow("website_503")
    assert worker.result(mentor) == "given_back"
    assert (worker.clock.pauses, pushes(worker)) == ([], 1)


@pytest.mark.parametrize(("seconds", "waited"), [(5.0, True), (8.0, True), (9.0, False), (3600.0, False)])
def test_a_short_window_is_waited_for_and_a_long_one_is_not(worker: FakeSync, seconds: float, waited: bool) -> None:
    """I9: nothing is sent inside it."""
    mentor = worker.mentor()
    worker.website.throttle(seconds)
    result = worker.sync(mentor)
    assert result.results[mentor] is (Result.PUBLISHED if waited else Result.GIVEN_BACK)
    assert pushes(worker) == int(waited)
    if not waited:
        assert result.retry_after == seconds


def test_a_window_of_another_worker_holds_here(worker: FakeSync) -> None:
    """I9."""
    worker.state.block_for(300, "website_429")
    mentor = worker.mentor()
    result = worker.sync(mentor)
    assert (result.results[mentor], result.retry_after, pushes(worker)) == (Result.GIVEN_BACK, 300.0, 0)


# --- lost replies


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_after_a_lost_reply_the_row_is_read(worker: FakeSync, done: bool, listed: bool) -> None:
    """I6: what was done is not sent again, what was not is, on the version that was read."""
    mentor = worker.listed() if listed else worker.mentor()
    worker.rename(mentor)
    worker.website.lose_reply(done=done)
    assert worker.result(mentor) == "published"
    assert pushes(worker) == (1 if done else 2)
    assert worker.listings.unsynced(None, 9) == ()


def test_a_row_that_cannot_be_read_is_given_back(worker: FakeSync) -> None:
    """I6: nothing is decided about it."""
    mentor = worker.mentor()
    worker.website.unreadable.add(TABLE.name)
    for _ in range(40):
        worker.website.lose_reply(done=False)
    assert worker.result(mentor) == "given_back"


def test_a_lost_publish_does_not_undo_a_later_withdrawal(worker: FakeSync) -> None:
    """I6: the request that comes late names a version that the row has no more."""
    mentor = worker.listed()
    worker.rename(mentor)
    worker.website.lose_reply(done=False)
    worker.website.before_push.append(lambda: worker.withdraw(mentor))
    worker.sync(mentor)
    late = worker.website.pushed[0]
    worker.sync(mentor)
    worker.website.push(late)
    assert not worker.website.shows(mentor)


def test_without_versions_a_withdrawal_is_sent_once_more_later(worker: FakeSync) -> None:
    """I6: three minutes after a lost request that no version makes harmless."""
    worker.website.keeps_versions = False
    mentor = worker.listed()
    worker.rename(mentor)
    worker.website.lose_reply(done=False)
    worker.website.unreadable.add(TABLE.name)
    worker.clock.ends_at = worker.clock.now + 10.05
    assert worker.result(mentor) == "given_back"
    worker.website.unreadable.clear()
    worker.withdraw(mentor)
    result = worker.sync(mentor)
    assert (result.results[mentor], result.retry_after) == (Result.GIVEN_BACK, 180.0)
    assert not worker.website.shows(mentor)
    worker.website.push(worker.website.pushed[0])  # the lost request comes after all
    assert worker.website.shows(mentor)
    worker.clock.advance(181)
    worker.clock.ends_at += 300
    assert worker.result(mentor) == "hidden"
    assert not worker.website.shows(mentor)


@pytest.mark.parametrize("there", [True, False])
def test_a_row_of_unknown_version_is_read_before_it_is_hidden(worker: FakeSync, there: bool) -> None:
    """I6: a dead worker may have made it; a hide that comes late must not hide somebody who is back."""
    mentor = worker.mentor()
    (publishing,) = worker.listings.claim([mentor], uuid4(), LEASE).changes
    if there:
        worker.website.push([publishing])
    worker.clock.advance(181)
    worker.clock.ends_at += 181
    worker.withdraw(mentor)
    worker.website.pushed.clear()
    assert worker.result(mentor) == "hidden"
    assert worker.website.reads == 1
    assert [change.row_version is not None for (change,) in worker.website.pushed] == [True] * there
    assert not worker.website.shows(mentor)


def test_a_manual_edit_is_read_and_written_over(worker: FakeSync) -> None:
    """I6: the row has another version than the last write left."""
    mentor = worker.listed()
    row = worker.website.tables[TABLE.name][mentor]
    row.version, row.columns["hlf_name"] = "edited", "Another"
    worker.rename(mentor)
    assert worker.result(mentor) == "published"
    assert row.columns != worker.website.tables[TABLE.name][mentor].columns
    assert worker.website.tables[TABLE.name][mentor].columns["hlf_name"] == "Karin"


# --- errors that nobody expects


def broken() -> None:
    raise ZeroDivisionError


def test_whatever_is_raised_no_claim_is_left_behind(worker: FakeSync) -> None:
    """I18: settled as of unknown outcome, for nobody knows how far its requests came."""
    mentor = worker.mentor()
    worker.website.before_push.append(broken)
    with pytest.raises(ZeroDivisionError):
        worker.sync(mentor)
    assert [request.mentor_id for request in worker.listings.unsynced(None, 9)] == [mentor]
    assert worker.result(mentor) == "published"
