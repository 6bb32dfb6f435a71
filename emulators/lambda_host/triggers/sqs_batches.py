"""From SQS messages to a function's event, and from its result to the messages that are done.

Sources in the AWS Lambda Developer Guide: "Using Lambda with Amazon SQS" (the event) and "Handling errors for an SQS
event source in Lambda" (the meaning of each result).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from emulators.lambda_host.runtime.invocation import Invocation

_HEAD, _BETWEEN, _TAIL = b'{"Records": [', b", ", b"]}"


@dataclass(frozen=True)
class ReceivedMessage:
    """A received message. `record` is its part of the event, as JSON."""

    id: str
    receipt_handle: str
    record: bytes


def read_message(received: Mapping[str, Any], queue_arn: str) -> ReceivedMessage:
    """Read a message of ReceiveMessage's response, requested with all of its attributes."""
    record = {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": received.get("Attributes", {}),
        "messageAttributes": {name: _attribute(value) for name, value in received.get("MessageAttributes", {}).items()},
        "md5OfBody": received["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in received:
        record["md5OfMessageAttributes"] = received["MD5OfMessageAttributes"]
    return ReceivedMessage(
        record["messageId"], record["receiptHandle"], json.dumps(record, ensure_ascii=False).encode()
    )


def event(messages: Sequence[ReceivedMessage]) -> bytes:
    """Return the event of one invocation, as JSON."""
    return _HEAD + _BETWEEN.join(message.record for message in messages) + _TAIL


def how_many_fit(messages: Sequence[ReceivedMessage], limit: int) -> int:
    """Return how many of the messages, from the first, make an event of at most `limit` bytes; one always fits."""
    size = len(_HEAD) + len(_TAIL) - len(_BETWEEN)
    for count, message in enumerate(messages):
        size += len(_BETWEEN) + len(message.record)
        if size > limit and count:
            return count
    return len(messages)


def done(
    messages: Sequence[ReceivedMessage], invocation: Invocation, *, reports_failures: bool
) -> list[ReceivedMessage]:
    """Return the messages to delete.

    None of them when the function failed, or reports its failures in a form that Lambda does not accept.
    """
    if invocation.function_error:
        return []
    if not reports_failures:
        return list(messages)
    failed = _failed_ids(invocation.payload)
    if failed is None or failed - {message.id for message in messages}:
        return []
    return [message for message in messages if message.id not in failed]


def _failed_ids(result: object) -> set[str] | None:
    """Return which items failed; None for an unreadable result. No result, or no list, means that none failed."""
    if result is None:
        return set()
    failures = (result.get("batchItemFailures") or []) if isinstance(result, dict) else result
    if not isinstance(result, dict) or not isinstance(failures, list):
        return None
    ids = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    return {str(one) for one in ids} if all(isinstance(one, str) for one in ids) else None


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    for theirs, ours in (("StringValue", "stringValue"), ("BinaryValue", "binaryValue")):
        if theirs in value:
            record[ours] = value[theirs]
    return record
