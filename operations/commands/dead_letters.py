"""Messages that were given up: what they are, and asking for the syncs among them again."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from operations.deployed import refusals
from operations.errors import NothingToDoError
from operations.wording import speech
from shared.domain.sync_messages import MalformedMessageError, parse, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from uuid import UUID

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

    from operations.deployed import Deployment
    from shared.domain.listings import SyncRequest

SYNCS, EVENTS = "SyncDeadLetters", "DeadLetters"
_REPLAYED_TO = "RepairRequestsUrl"  # of low priority, so that a flood holds up no live change
_AT_A_TIME = 10  # the most that SQS takes or gives at once
_HELD_SECONDS = 60  # whoever looks at a message hides it from others for so long, if not given back before
MOST_LISTED = 1000
_CODE = re.compile(r"[A-Za-z0-9_.:+/$-]{1,200}")


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up. Of a sync request the mentors; of an event the function and the scheduled time."""

    queue: str
    message_id: str
    sent_at: datetime
    tries: int | None
    """By the functions, before it was given up. Looks at it are not among them; None: it is not known."""
    mentor_ids: tuple[UUID, ...] = ()
    function: str | None = None
    scheduled_time: str | None = None
    error: str | None = None


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
            found += [_described(queue, message, names, most) for message in seen]
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
                if queue == SYNCS and _requests(found):
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
                readable = [(message, requests) for message in messages if (requests := _requests(message))]
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


def _requests(message: MessageTypeDef) -> tuple[SyncRequest, ...]:
    try:
        return parse(message["Body"])
    except MalformedMessageError:
        return ()


def _described(queue: str, message: MessageTypeDef, names: dict[str, str], most: int | None) -> DeadLetter:
    attributes = message.get("Attributes", {})
    sent_at = datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC)
    if queue == SYNCS:
        mentors = tuple(request.mentor_id for request in _requests(message))
        return DeadLetter(queue, message["MessageId"], sent_at, most, mentors)
    body = _object(message["Body"])
    # A failed invocation comes with the event in it; what could not be started is the event itself.
    event = _inner(body, "requestPayload") if "requestPayload" in body else body
    arn = _code(_inner(body, "requestContext").get("functionArn")) or _attribute(message, "TARGET_ARN") or ""
    name = arn.partition(":function:")[2].partition(":")[0]
    return DeadLetter(
        queue,
        message["MessageId"],
        sent_at,
        _tries(body, message),
        function=names.get(name, name) or None,
        scheduled_time=_time(event.get("scheduled_time")),
        error=_code(_inner(body, "responsePayload").get("errorType")) or _attribute(message, "ERROR_CODE"),
    )


def _tries(body: dict[str, Any], message: MessageTypeDef) -> int | None:
    """As Lambda says it of an invocation, and EventBridge Scheduler of one that it could not make."""
    said = _inner(body, "requestContext").get("approximateInvokeCount")
    if isinstance(said, int):
        return said
    retries = _attribute(message, "RETRY_ATTEMPTS") or ""
    return int(retries) + 1 if re.fullmatch(r"[0-9]{1,6}", retries) else None


def _attribute(message: MessageTypeDef, name: str) -> str | None:
    found = message.get("MessageAttributes", {}).get(name)
    return _code(found.get("StringValue")) if found else None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _inner(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _time(value: object) -> str | None:
    """As it stands in the event, to be pasted; None where it is no time."""
    text = _code(value)
    try:
        datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return text


def _code(value: object) -> str | None:
    """A code, a time or an ARN; anything else is somebody's sentence, and may name people (I11)."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
