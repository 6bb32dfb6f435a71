"""Amazon SQS, which queues sync requests.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from functools import partial
from itertools import batched
from math import ceil
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from shared.adapters.aws.call import as_code, aws_call
from shared.domain.errors import QueueUnavailableError
from shared.domain.sync_messages import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

    from shared.domain.listings import SyncRequest

_ENTRIES = 10
"""The most entries that SendMessageBatch takes. Ten messages of a hundred mentors are 70 KB; 256 KB are allowed."""
_TRIES = 3
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_RETURN_SECONDS = 43_000
"""SQS allows twelve hours (43,200 seconds) from receipt; a message has been in hand for a part of them."""

# Two tries of up to 3 seconds each; together they never take longer than this, whatever the network does.
_LONGEST_SECONDS = 7.0


def sqs_client(region: str) -> SQSClient:
    """Return a client for the life of the container.

    botocore retries a failed request, including one on a connection that died while the container was frozen. A
    message that arrives twice does no harm (I7). AWS_ENDPOINT_URL points the client at another server.
    """
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at DEBUG it logs requests, at INFO each start
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=2)
    return boto3.client("sqs", region_name=region, config=config)


class SqsSyncQueue:
    """shared.ports.SyncQueue on a standard queue, which delivers in any order and sometimes twice."""

    def __init__(self, client: SQSClient, url: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._url = url
        self._pause = pause

    def send(self, requests: Iterable[SyncRequest]) -> None:
        """Queue a sync of these mentors: a hundred in a message, ten messages in a call.

        Raises QueueUnavailableError with a code unless the queue took all of them; it may have taken some.
        """
        for bodies in batched(write(requests), _ENTRIES, strict=False):
            self._send_all([{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)])

    def return_later(self, seconds: Mapping[str, float]) -> None:
        """Have messages delivered again after a time; `seconds` gives it by receipt handle.

        Never raises QueueUnavailableError: a message whose time could not be changed comes again when its visibility
        timeout ends.
        """
        for some in batched(seconds.items(), _ENTRIES, strict=False):
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {
                    "Id": str(number),
                    "ReceiptHandle": handle,
                    "VisibilityTimeout": min(max(ceil(after), 0), _LONGEST_RETURN_SECONDS),
                }
                for number, (handle, after) in enumerate(some)
            ]
            change = partial(self._client.change_message_visibility_batch, QueueUrl=self._url, Entries=entries)
            with suppress(QueueUnavailableError):
                aws_call("queue", _LONGEST_SECONDS, change, QueueUnavailableError)

    def _send_all(self, entries: list[SendMessageBatchRequestEntryTypeDef]) -> None:
        for attempt in range(1, _TRIES + 1):
            failed = self._send_once(entries)
            if not failed:
                return
            if attempt == _TRIES or any(failure["SenderFault"] for failure in failed.values()):
                raise QueueUnavailableError(as_code("queue", next(iter(failed.values()))["Code"]))
            entries = [entry for entry in entries if entry["Id"] in failed]
            self._pause(_FIRST_PAUSE_SECONDS * 2**attempt)

    def _send_once(self, entries: list[SendMessageBatchRequestEntryTypeDef]) -> dict[str, BatchResultErrorEntryTypeDef]:
        """Return the entries that were not taken, by id. The call as a whole succeeds even if none was."""

        def send() -> dict[str, BatchResultErrorEntryTypeDef]:
            reply = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = {failure["Id"]: failure for failure in reply.get("Failed", [])}
            said = {taken["Id"] for taken in reply.get("Successful", [])} | failed.keys()
            if said != {entry["Id"] for entry in entries}:
                raise ValueError("the reply does not name every entry")
            for failure in failed.values():
                _ = failure["Code"].isascii(), failure["SenderFault"]
            return failed

        return aws_call("queue", _LONGEST_SECONDS, send, QueueUnavailableError)


class SqsQueueDepths:
    """shared.ports.QueueDepths on SQS, whose figures are approximate: they may be a minute old."""

    def __init__(self, client: SQSClient, urls: Mapping[str, str]) -> None:
        """`urls`: the address of each queue by its name in template.yaml."""
        self._client = client
        self._urls = urls

    def read(self) -> Mapping[str, int]:
        """Return how many messages wait in each queue. Raises QueueUnavailableError."""

        def depth(url: str) -> int:
            reply = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            return int(reply["Attributes"]["ApproximateNumberOfMessages"])

        return {
            name: aws_call("queue", _LONGEST_SECONDS, partial(depth, url), QueueUnavailableError)
            for name, url in self._urls.items()
        }
