"""Messages that were given up: what they are, and asking for the syncs among them again."""

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

_REPLAYED_TO = "RepairRequestsUrl"  # of low priority, so that a flood holds up no live change
_AT_A_TIME = 10  # the most that SQS takes or gives at once
_HELD_SECONDS = 60  # whoever looks at a message hides it from others for so long, if not given back before
MOST_LISTED = 1000


@dataclass(frozen=True)
class DropRecord:
    """A message that was removed: what is kept of it in certification.audit."""

    queue: str
    message_id: str


@dataclass(frozen=True)
class ReplayOutcome:
    """How many messages were asked for again; were left because they are no sync request; were not taken."""

    replayed: int
    unreadable: int
    refused: int


def read_dead_letters(deployment: Deployment) -> tuple[DeadLetter, ...]:
    """Both queues, at most 1,000 messages of each; all of them are there afterwards. Raises StackNotFoundError."""
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
    """How often a sync request was tried before it came here: the setting of the queue that it comes from.

    The count of the message itself goes on with every look at it.
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
    """Remove a message that is no sync request, by its id. `record`: called first, to write down who does it and why.

    Raises NothingToDoError where there is none, or where it is a sync request, and StackNotFoundError.
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
                        f"{message_id} is a sync request, so it was left: ask for it again with"
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
    """Ask again for every sync that was given up. Raises StackNotFoundError.

    Each is sent before it is deleted: what is interrupted between is asked for twice, which does no harm (I7).
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
    """A few at a time until nothing comes, each once: who is held for long comes again."""
    seen: set[str] = set()
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_AT_A_TIME,
        VisibilityTimeout=_HELD_SECONDS,
        WaitTimeSeconds=1,  # asks all of the queue's servers, not a few of them
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
