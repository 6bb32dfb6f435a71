"""List, replay and remove dead letters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from operations.commands.dead_letter_contents import EVENTS, SYNCS, DeadLetter, described, requests_in
from operations.deployed import refusals
from operations.errors import NothingToDoError
from operations.wording import speech
from shared.domain.sync_messages import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from operations.deployed import Deployment

_REPLAYED_TO = "RepairRequestsUrl"  # low priority, so that a flood delays no live change
_AT_A_TIME = 10  # the most that SQS sends or receives at once
_HELD_SECONDS = 60  # a message received here stays hidden for this long, unless it is given back
MOST_LISTED = 1000


@dataclass(frozen=True)
class DropRecord:
    """Identify a removed message, as certification.audit records it."""

    queue: str
    message_id: str


@dataclass(frozen=True)
class ReplayOutcome:
    """Count the messages that were requested again, are not sync requests, or were refused by the queue."""

    replayed: int
    unreadable: int
    refused: int


def read_dead_letters(deployment: Deployment) -> tuple[DeadLetter, ...]:
    """Return the messages of both queues, at most 1,000 of each, and leave them there. Raises StackNotFoundError."""
    names = {value: key.removesuffix("Name") for key, value in deployment.outputs.items() if key.endswith("Name")}
    found: list[DeadLetter] = []
    with refusals():
        for queue in (SYNCS, EVENTS):
            url = deployment.output(f"{queue}Url")
            seen: list[MessageTypeDef] = []
            try:
                for messages in _received(deployment.sqs, url):
                    seen += messages
                    if len(seen) >= MOST_LISTED:
                        break
            finally:
                _give_back(deployment.sqs, url, seen)
            most = _most_tries(deployment) if queue == SYNCS and seen else None
            found += [described(queue, message, names, most) for message in seen]
    return tuple(sorted(found, key=lambda letter: (letter.queue != SYNCS, letter.sent_at)))


def _most_tries(deployment: Deployment) -> int | None:
    """Return how often a sync request is tried before it becomes a dead letter, from its queue's settings.

    The message's own count does not help, because listing the message raises it too.
    """
    url = deployment.outputs.get("SyncRequestsUrl")
    if url is None:
        return None
    try:
        found = deployment.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        return int(json.loads(found["Attributes"]["RedrivePolicy"])["maxReceiveCount"])
    except (ClientError, KeyError, ValueError):
        return None


def drop(deployment: Deployment, message_id: str, record: Callable[[DropRecord], None]) -> DropRecord:
    """Remove a message that is not a sync request, by its id. `record` is called before the removal.

    Raises NothingToDoError if there is no such message or it is a sync request, and StackNotFoundError.
    """
    with refusals():
        for queue in (SYNCS, EVENTS):
            url = deployment.output(f"{queue}Url")
            seen: list[MessageTypeDef] = []
            found: MessageTypeDef | None = None
            try:
                for messages in _received(deployment.sqs, url):
                    seen += messages
                    found = next((message for message in messages if message["MessageId"] == message_id), None)
                    if found or len(seen) >= MOST_LISTED:
                        break
                if found is None:
                    continue
                if queue == SYNCS and requests_in(found):
                    raise NothingToDoError(
                        f"{message_id} is a sync request, so it was left: request it again with"
                        f" {speech.command('dlq replay')}"
                    )
                dropped = DropRecord(queue, message_id)
                record(dropped)
                deployment.sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
                seen.remove(found)
                return dropped
            finally:
                _give_back(deployment.sqs, url, seen)
    raise NothingToDoError(
        f"there is no message {message_id} in {SYNCS} or {EVENTS}: {speech.command('dlq list')} shows them"
    )


def replay(deployment: Deployment) -> ReplayOutcome:
    """Request every failed sync again. Raises StackNotFoundError.

    Each message is sent before it is deleted. An interruption in between requests a sync twice, which is safe (I7).
    """
    sqs, source, target = deployment.sqs, deployment.output(f"{SYNCS}Url"), deployment.output(_REPLAYED_TO)
    replayed = refused = 0
    left: list[MessageTypeDef] = []
    with refusals():
        try:
            for messages in _received(sqs, source):
                left += messages
                readable = [(message, requests) for message in messages if (requests := requests_in(message))]
                if not readable:
                    continue
                reply = sqs.send_message_batch(
                    QueueUrl=target,
                    Entries=[
                        {"Id": str(number), "MessageBody": write(requests)[0]}
                        for number, (_, requests) in enumerate(readable)
                    ],
                )
                taken = [readable[int(entry["Id"])][0] for entry in reply.get("Successful", [])]
                refused += len(readable) - len(taken)
                _delete(sqs, source, taken)
                replayed += len(taken)
                left = [message for message in left if message not in taken]
        finally:
            _give_back(sqs, source, left)
    return ReplayOutcome(replayed, len(left) - refused, refused)


def _received(sqs: SQSClient, url: str) -> Iterator[list[MessageTypeDef]]:
    """Yield messages in batches until the queue is empty. A redelivered message is yielded only once."""
    seen: set[str] = set()
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_AT_A_TIME,
        VisibilityTimeout=_HELD_SECONDS,
        WaitTimeSeconds=1,  # long polling asks all of the queue's servers
        MessageSystemAttributeNames=["SentTimestamp"],
        MessageAttributeNames=["All"],
    ).get("Messages", []):
        fresh = [message for message in messages if message["MessageId"] not in seen]
        seen |= {message["MessageId"] for message in fresh}
        if fresh:
            yield fresh


def _give_back(sqs: SQSClient, url: str, messages: Iterable[MessageTypeDef]) -> None:
    for some in batched(messages, _AT_A_TIME, strict=False):
        sqs.change_message_visibility_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, message in enumerate(some)
            ],
        )


def _delete(sqs: SQSClient, url: str, messages: Sequence[MessageTypeDef]) -> None:
    if messages:
        sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )
