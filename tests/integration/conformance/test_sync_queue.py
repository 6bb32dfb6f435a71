"""What shared.ports.SyncQueue promises, held by the fake and by SqsSyncQueue on moto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID, uuid4

import boto3
import pytest
from moto import mock_aws

from shared.adapters.aws.sqs import SqsSyncQueue, sqs_client
from shared.domain.errors import QueueUnavailableError
from shared.domain.listings import SyncMessage, SyncRequest
from shared.domain.sync_messages import MAX_MENTORS, parse
from tests.support.fakes.sync_queue import FakeSyncQueue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.ports import SyncQueue

REGION = "eu-north-1"


class Subject(Protocol):
    """A queue, and what stands at its ends."""

    @property
    def queue(self) -> SyncQueue: ...
    def receive(self) -> list[SyncMessage]: ...
    def remove(self) -> None:
        """Take the queue away."""


class Fake:
    """The fake."""

    def __init__(self) -> None:
        self.queue = FakeSyncQueue()

    def receive(self) -> list[SyncMessage]:
        return self.queue.receive()

    def remove(self) -> None:
        self.queue.away = "queue_gone"


class Real:
    """SqsSyncQueue on a queue of moto."""

    def __init__(self) -> None:
        self._sqs = boto3.client("sqs", region_name=REGION)
        self._url = self._sqs.create_queue(QueueName="requests", Attributes={"VisibilityTimeout": "360"})["QueueUrl"]
        self.queue = SqsSyncQueue(sqs_client(REGION), self._url)

    def receive(self) -> list[SyncMessage]:
        found: list[SyncMessage] = []
        while more := self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        ).get("Messages"):
            found += [
                SyncMessage(
                    message["MessageId"],
                    message["ReceiptHandle"],
                    int(message["Attributes"]["ApproximateReceiveCount"]),
                    parse(message["Body"]),
                )
                for message in more
            ]
        return found

    def remove(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._url)


@pytest.fixture(params=[Fake, Real])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    with mock_aws():
        yield request.param()


def requests(count: int) -> list[SyncRequest]:
    return [SyncRequest(uuid4(), number) for number in range(1, count + 1)]


def received(subject: Subject) -> list[tuple[SyncRequest, ...]]:
    return [message.requests or () for message in subject.receive()]


@pytest.mark.parametrize(("count", "messages"), [(0, 0), (1, 1), (100, 1), (101, 2), (2_050, 21)])
def test_every_request_arrives_a_hundred_in_a_message(subject: Subject, count: int, messages: int) -> None:
    """I7. More than ten messages are more than one call of SQS."""
    wanted = requests(count)
    subject.queue.send(iter(wanted))
    found = received(subject)
    assert len(found) == messages
    assert {request for some in found for request in some} == set(wanted)
    assert max((len(some) for some in found), default=0) <= MAX_MENTORS


def test_a_mentor_is_asked_for_once_with_the_highest_version(subject: Subject) -> None:
    mentor = UUID(int=1)
    subject.queue.send([SyncRequest(mentor, 3), SyncRequest(mentor, 9), SyncRequest(mentor, 4)])
    assert received(subject) == [(SyncRequest(mentor, 9),)]


def test_requests_for_the_same_mentor_in_two_calls_both_arrive(subject: Subject) -> None:
    """A queue forgets nothing and knows no mentor: the database says what is synced already (I7)."""
    for version in (1, 2):
        subject.queue.send([SyncRequest(UUID(int=1), version)])
    assert sorted(request.version for some in received(subject) for request in some) == [1, 2]


def test_a_delivered_message_does_not_come_again_at_once(subject: Subject) -> None:
    """A message that was delivered does not come again at once."""
    subject.queue.send(requests(1))
    assert len(subject.receive()) == 1
    assert subject.receive() == []


def test_a_message_that_is_returned_comes_again_after_its_time(subject: Subject) -> None:
    """Each delivery is counted."""
    subject.queue.send(requests(1))
    (first,) = subject.receive()
    subject.queue.return_later({first.receipt_handle: 900.0})
    assert subject.receive() == []
    subject.queue.return_later({first.receipt_handle: 0.0})
    (again,) = subject.receive()
    assert (again.id, again.requests) == (first.id, first.requests)
    assert (first.receives, again.receives) == (1, 2)


def test_a_message_may_be_returned_for_any_time(subject: Subject) -> None:
    """Negative and very long times are bounded."""
    subject.queue.send(requests(101))
    first, second = subject.receive()
    subject.queue.return_later({first.receipt_handle: -5.0, second.receipt_handle: 1e9})
    assert [message.id for message in subject.receive()] == [first.id]


def test_what_cannot_be_returned_is_left_to_the_queue(subject: Subject) -> None:
    """Nothing is raised; the visibility timeout brings it back."""
    subject.queue.send(requests(1))
    (message,) = subject.receive()
    subject.queue.return_later({f"no-such-handle-{number}": 0.0 for number in range(12)})
    assert subject.receive() == []
    subject.queue.return_later({"no-such-handle": 5.0, message.receipt_handle: 0.0})
    assert [again.id for again in subject.receive()] == [message.id]


def test_a_queue_that_is_away_takes_nothing_and_says_so(subject: Subject) -> None:
    """The error is a code (I11). Returning raises nothing; sending nothing asks nothing."""
    subject.remove()
    with pytest.raises(QueueUnavailableError, match=r"^queue_[\w.]+$"):
        subject.queue.send(requests(1))
    subject.queue.send([])
    subject.queue.return_later({"a-handle": 1.0})
