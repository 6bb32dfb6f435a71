"""A batch of messages on fakes: from the queue to the website and back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.domain.listings import Refused, SyncMessage, SyncRequest
from shared.use_cases.dynamics_sync import Lane, dynamics_sync
from tests.support.fakes.report import FakeReport
from tests.support.fakes.sync_queue import FakeSyncQueue
from tests.support.fakes.website import FakeWebsite
from tests.support.sync_worker import FakeSync

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class Function:
    """dynamics_sync with two queues, as Lambda drives it."""

    def __init__(self) -> None:
        self.sync = FakeSync()
        self.queue = FakeSyncQueue(self.sync.clock)
        self.repairs = FakeSyncQueue(self.sync.clock)
        self.repairing = FakeWebsite(self.sync.state)
        self.report = FakeReport()
        self.published: list[str] = []

    def ask(self, *mentors: UUID, version: int = 1) -> None:
        self.queue.send([SyncRequest(mentor, version) for mentor in mentors])

    def run(self, messages: Sequence[SyncMessage], queue: str = "SyncRequests") -> Sequence[str]:
        return dynamics_sync(
            queue,
            messages,
            live=Lane("SyncRequests", self.queue, self.sync.website),
            repairs=Lane("RepairRequests", self.repairs, self.repairing),
            listings=self.sync.listings,
            state=self.sync.state,
            publish_alerts=self.published.append,
            report=self.report,
            time_left=self.sync.clock.time_left,
            pause=self.sync.clock.pause,
        )

    def drive(self) -> int:
        """Deliver until the queue is empty. Return how many deliveries that took."""
        deliveries = 0
        while deliveries < 20:
            messages = self.queue.receive()
            failed = self.run(messages) if messages else ()
            for message in messages:
                if message.id not in failed:
                    self.queue.delete(message.id)
            deliveries += bool(messages)
            if not messages:
                break
            self.sync.clock.advance(max(self.queue.returned.values(), default=0.0))
            self.sync.clock.ends_at = self.sync.clock.now + 60
        return deliveries


@pytest.fixture
def function() -> Function:
    return Function()


def test_what_is_asked_for_is_shown_after_one_delivery(function: Function) -> None:
    mentors = [function.sync.mentor() for _ in range(3)]
    function.ask(*mentors)
    assert function.drive() == 1
    assert all(function.sync.website.shows(mentor) for mentor in mentors)
    assert function.published == []


def test_a_message_comes_again_until_the_website_takes_it(function: Function) -> None:
    """I7, I9: not before the time that the website named."""
    mentor = function.sync.mentor()
    function.ask(mentor)
    function.sync.website.throttle(300.0)
    assert function.drive() == 2
    assert function.queue.returned == {"0-1": 300.0}
    assert function.sync.website.shows(mentor)


def test_repairs_use_their_own_queue_and_website(function: Function) -> None:
    mentor = function.sync.mentor()
    function.run([SyncMessage("m", "h", 1, (SyncRequest(mentor, 1),))], "RepairRequests")
    assert function.repairing.shows(mentor)
    assert function.sync.website.pushed == []


@pytest.mark.parametrize("refused", ["row", "us"])
def test_alerts_are_published_in_the_run_that_sees_a_refusal(function: Function, refused: str) -> None:
    """I10, I13."""
    mentor = function.sync.mentor()
    if refused == "us":
        function.sync.website.refusal = "entra_7000222"
    else:
        function.sync.website.poisoned[mentor] = Refused("website_400")
    function.ask(mentor)
    failed = function.run(function.queue.receive())
    assert function.published == ["dynamics_sync"]
    assert len(failed) == (refused == "us")


def test_a_message_that_cannot_be_read_stops_no_other(function: Function) -> None:
    """I13: it comes again until a person sees it among the dead letters."""
    mentor = function.sync.mentor()
    good = SyncMessage("good", "h", 1, (SyncRequest(mentor, 1),))
    assert function.run([SyncMessage("bad", "b", 1, None), good]) == ("bad",)
    assert function.sync.website.shows(mentor)
    assert function.report.counts("dynamics_sync")["messages_unreadable"] == 1


def test_a_request_for_nobody_is_given_up_after_five(function: Function) -> None:
    """I7: its transaction may not have been committed yet, or was rolled back."""
    function.ask(uuid4())
    assert function.drive() == 5
