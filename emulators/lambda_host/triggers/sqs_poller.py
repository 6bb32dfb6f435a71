"""One SQS event source mapping at work.

Sources in the AWS Lambda Developer Guide: "Using Lambda with Amazon SQS" (polling, batching), "Configuring scaling
behavior for SQS event source mappings" (maximum concurrency) and "Handling errors for an SQS event source in Lambda".
A failed message stays in the queue: its visibility timeout brings it back, and the redrive policy moves it away.

Lambda polls a queue with five requests at a time. Here one is enough, since the local queue returns it as soon as a
message comes. A batch is only taken when it may run, so that messages wait in the queue and not here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.lambda_host.errors import HostClosedError, TooManyRequestsException
from emulators.lambda_host.runtime.runtime_api import MAXIMUM_EVENT_BYTES
from emulators.lambda_host.triggers.sqs_batches import ReceivedMessage, done, event, how_many_fit, read_message
from emulators.lambda_host.triggers.sqs_client import SqsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.resources import EventSourceMapping
    from emulators.lambda_host.triggers.sqs_client import SqsClient

_LOG = logging.getLogger(__name__)
_AT_ONCE = 10  # the most messages that one SQS request takes
_POLL_SECONDS = 1  # a waiting request cannot be cancelled, so a stop waits as long for it
_WINDOW_PAUSE_SECONDS = 0.05  # between polls in a batching window's last second: a request waits for whole seconds
_ERROR_PAUSE_SECONDS = 1.0
_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 0.05, 2.0
_FAILURES = (SqsError, OSError, EOFError)


@dataclass(frozen=True)
class PolledQueue:
    """`spare_seconds`: how long a received message may wait and still be hidden until the function's end."""

    url: str
    arn: str
    spare_seconds: int


class SqsPoller:
    """Takes messages from one queue to one function. Used from the host's loop only."""

    def __init__(self, mapping: EventSourceMapping, queue: PolledQueue, host: LambdaHost, sqs: SqsClient) -> None:
        self._mapping = mapping
        self._queue = queue
        self._host = host
        self._sqs = sqs
        # A function whose concurrency is 0 is polled all the same, and throttled.
        self._places = asyncio.Semaphore(mapping.maximum_concurrency or max(host.concurrency(mapping.function), 1))
        self._taken: list[ReceivedMessage] = []
        self._taken_at = 0.0  # time.monotonic() of the first of them
        self._polling: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to poll."""
        self._polling = asyncio.create_task(self._poll())

    async def stop(self, patience_seconds: float) -> None:
        """Poll no more; wait at most so long for the batches under way, then cancel them."""
        if self._polling:
            self._polling.cancel()
            with suppress(asyncio.CancelledError):
                await self._polling
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _poll(self) -> None:
        try:
            while True:
                await self._places.acquire()
                messages = await self._gather()
                task = asyncio.create_task(self._process(messages, self._taken_at))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        finally:
            await self._give_back()

    async def _gather(self) -> Sequence[ReceivedMessage]:
        """Return the next batch: as large as it may be, or as it is when the batching window ends."""
        most, size = self._mapping.batch_size, sum(len(message.record) for message in self._taken)
        while len(self._taken) < most and size < MAXIMUM_EVENT_BYTES:
            left = self._taken_at + self._mapping.window_seconds - time.monotonic()
            if self._taken and left <= 0:
                break
            wait = min(_POLL_SECONDS, int(left)) if self._taken else _POLL_SECONDS
            try:
                new = await self._receive(min(_AT_ONCE, most - len(self._taken)), wait)
            except _FAILURES as error:
                _LOG.warning("%s: the queue cannot be read: %s", self._mapping.logical_id, error)
                await asyncio.sleep(_ERROR_PAUSE_SECONDS)
                continue
            size += sum(len(message.record) for message in new)
            if not new and not wait:
                await asyncio.sleep(min(_WINDOW_PAUSE_SECONDS, left))
        count = how_many_fit(self._taken[:most], MAXIMUM_EVENT_BYTES)
        batch, self._taken = self._taken[:count], self._taken[count:]
        return batch

    async def _receive(self, most: int, wait: int) -> Sequence[ReceivedMessage]:
        request = asyncio.ensure_future(
            self._sqs.call(
                "ReceiveMessage",
                QueueUrl=self._queue.url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=wait,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        try:
            reply = await asyncio.shield(request)
        except asyncio.CancelledError:
            # The messages that an abandoned request takes from the queue would be lost for a while.
            await asyncio.wait([request])
            if not request.exception():
                self._take(request.result().get("Messages", []))
            raise
        return self._take(reply.get("Messages", []))

    def _take(self, received: Sequence[dict[str, object]]) -> Sequence[ReceivedMessage]:
        new = [read_message(message, self._queue.arn) for message in received]
        if new and not self._taken:
            self._taken_at = time.monotonic()
        self._taken += new
        return new

    async def _process(self, batch: Sequence[ReceivedMessage], taken_at: float) -> None:
        try:
            finished = await self._invoke(batch, taken_at + self._queue.spare_seconds)
        finally:
            self._places.release()
        for start in range(0, len(finished), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message.receipt_handle}
                for number, message in enumerate(finished[start : start + _AT_ONCE])
            ]
            try:
                reply = await self._sqs.call("DeleteMessageBatch", QueueUrl=self._queue.url, Entries=entries)
            except _FAILURES as error:
                _LOG.warning("%s: done, but not deleted: %s", self._mapping.logical_id, error)
                return
            for failed in reply.get("Failed", []):
                _LOG.warning("%s: done, but not deleted: %s", self._mapping.logical_id, failed.get("Code"))

    async def _invoke(self, batch: Sequence[ReceivedMessage], give_up: float) -> Sequence[ReceivedMessage]:
        """Invoke, again while the function is throttled and there is time. Return the messages that are done."""
        body, pause = event(batch), _FIRST_RETRY_SECONDS
        while True:
            try:
                invocation = await self._host.invocation(self._mapping.function, body)
            except TooManyRequestsException:
                if time.monotonic() + pause > give_up:
                    _LOG.warning("%s: the function is throttled; the messages wait", self._mapping.logical_id)
                    return []
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_RETRY_SECONDS)
            except HostClosedError:
                return []
            else:
                return done(batch, invocation, reports_failures=self._mapping.reports_batch_item_failures)

    async def _give_back(self) -> None:
        """Make the messages visible again that were taken and not begun."""
        for message in self._taken:
            try:
                await self._sqs.call(
                    "ChangeMessageVisibility",
                    QueueUrl=self._queue.url,
                    ReceiptHandle=message.receipt_handle,
                    VisibilityTimeout=0,
                )
            except _FAILURES as error:
                _LOG.warning("%s: a message was not given back: %s", self._mapping.logical_id, error)
