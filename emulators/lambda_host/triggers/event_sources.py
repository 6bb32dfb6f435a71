"""A template's SQS event source mappings: take messages from the queues, invoke, delete the finished ones.

Sources in the AWS Lambda Developer Guide: "Using Lambda with Amazon SQS" and "Creating and configuring an Amazon SQS
event source mapping".
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from emulators.lambda_host.errors import LambdaHostError
from emulators.lambda_host.triggers.sqs_client import SqsClient, SqsError
from emulators.lambda_host.triggers.sqs_poller import PolledQueue, SqsPoller

if TYPE_CHECKING:
    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import Stack
    from emulators.lambda_host.template.resources import EventSourceMapping


class EventSourceError(LambdaHostError):
    """A mapping that Lambda refuses, or whose queue is not there."""


class EventSources:
    """A context manager: while it is open, the enabled mappings of the stack are polled.

    Leaving it takes no more messages, waits for the batches under way as long as `patience_seconds`, and stops those
    that go on; their messages come back after the queue's visibility timeout. Leave it before the host is closed.
    `aws_url` is the endpoint of SQS. Entering raises EventSourceError.
    """

    def __init__(self, stack: Stack, host: LambdaHost, aws_url: str, *, patience_seconds: float = 2.0) -> None:
        self._mappings: tuple[EventSourceMapping, ...] = stack.template.event_source_mappings
        self._timeouts = {function.logical_id: function.timeout_seconds for function in stack.functions}
        self._host = host
        self._sqs = SqsClient(aws_url, stack.template.account.region)
        self._pollers: list[SqsPoller] = []
        self._patience_seconds = patience_seconds

    def __enter__(self) -> Self:
        try:
            self._host.run(self._start()).result()
        except EventSourceError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._host.run(self._stop()).result()

    async def _start(self) -> None:
        # All are checked before the first is polled; Lambda refuses a bad mapping that is disabled, too.
        found = [(mapping, await self._queue(mapping)) for mapping in self._mappings]
        self._pollers = [
            SqsPoller(mapping, queue, self._host, self._sqs) for mapping, queue in found if mapping.enabled
        ]
        for poller in self._pollers:
            poller.start()

    async def _stop(self) -> None:
        await asyncio.gather(*(poller.stop(self._patience_seconds) for poller in self._pollers))
        self._sqs.close()

    async def _queue(self, mapping: EventSourceMapping) -> PolledQueue:
        try:
            name = mapping.source_arn.rpartition(":")[2]
            url = (await self._sqs.call("GetQueueUrl", QueueName=name))["QueueUrl"]
            reply = await self._sqs.call("GetQueueAttributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        except (SqsError, OSError, EOFError) as error:
            raise EventSourceError(f"{mapping.logical_id}: {mapping.source_arn}: {error}") from None
        visibility, timeout = int(reply["Attributes"]["VisibilityTimeout"]), self._timeouts[mapping.function]
        if visibility < timeout:
            raise EventSourceError(
                f"{mapping.logical_id}: Queue visibility timeout: {visibility} seconds is less than "
                f"Function timeout: {timeout} seconds"
            )
        return PolledQueue(url, mapping.source_arn, spare_seconds=visibility - timeout)
