"""Asynchronous invocations: taken at once, run later, tried again, and reported when they are given up.

Sources in the AWS Lambda Developer Guide: "Invoking a Lambda function asynchronously", "Configuring error handling
settings for asynchronous invocation", "Capturing records of Lambda asynchronous invocations" (the example record).
Destinations are queues here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from emulators.lambda_host.errors import HostClosedError, LambdaHostError, TooManyRequestsException
from emulators.lambda_host.template.resources import EventInvokeConfig
from emulators.lambda_host.triggers.sqs_client import SqsClient, SqsError

if TYPE_CHECKING:
    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.runtime.invocation import Invocation
    from emulators.lambda_host.template.provision import Stack

_LOG = logging.getLogger(__name__)
_PAUSES_AFTER_ERRORS = (60.0, 120.0)  # one minute between the first two attempts, two before the third
_FIRST_PAUSE_WHEN_THROTTLED, _LONGEST_PAUSE_WHEN_THROTTLED = 1.0, 300.0


@dataclass
class _Event:
    """An event on its way. `ends` is the time.monotonic() at which it is too old; `last` the latest result."""

    config: EventInvokeConfig
    payload: object
    request_id: str
    ends: float
    runs: int = 0
    throttled: int = 0
    last: Invocation | None = None


class AsyncInvocations:
    """A context manager that takes events for functions; leaving it forgets those that are not done.

    `clock_factor` shortens every wait and age: 0.01 makes 0.6 s of a minute. `at_once` events run at the same time and
    the others wait their turn: Lambda's queue is emptied by a thousand, and one machine has not that many. Raises
    LambdaHostError when a destination is no queue. Leave it before the host is closed.
    """

    def __init__(
        self, stack: Stack, host: LambdaHost, aws_url: str, *, clock_factor: float = 1.0, at_once: int = 4
    ) -> None:
        configs: tuple[EventInvokeConfig, ...] = stack.template.event_invoke_configs
        for config in configs:
            for arn in (config.on_failure_arn, config.on_success_arn):
                if arn and arn.split(":")[2] != "sqs":
                    raise LambdaHostError(f"{config.logical_id}: only queues are destinations here, not {arn}")
        self._configs = {config.function: config for config in configs}
        self._arns = {function.logical_id: function.arn for function in stack.functions}
        self._host = host
        self._factor = clock_factor
        self._turns = asyncio.Semaphore(at_once)
        self._sqs = SqsClient(aws_url, stack.template.account.region)
        self._events: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._host.run(self._stop()).result()

    def invoke(self, function_logical_id: str, event: object) -> str:
        """Take the event, like Lambda's Invoke with Event. Return the id of all its attempts."""
        return self._host.run(self.accept(function_logical_id, event)).result()

    async def accept(self, function: str, event: object) -> str:
        """Do the same from the host's own loop."""
        if function not in self._arns:
            raise LambdaHostError(f"There is no function {function}")
        request_id = str(uuid.uuid4())
        config = self._configs.get(function) or EventInvokeConfig("", function, 2, 6 * 60 * 60, None, None)
        ends = time.monotonic() + config.maximum_event_age_seconds * self._factor
        task = asyncio.create_task(self._run(_Event(config, event, request_id, ends)))
        self._events.add(task)
        task.add_done_callback(self._events.discard)
        return request_id

    async def _stop(self) -> None:
        for task in self._events:
            task.cancel()
        await asyncio.gather(*self._events, return_exceptions=True)
        self._sqs.close()

    async def _run(self, event: _Event) -> None:
        try:
            while isinstance(outcome := await self._attempt(event), float):
                if time.monotonic() + outcome > event.ends:
                    outcome = "EventAgeExceeded"
                    break
                await asyncio.sleep(outcome)
        except HostClosedError:
            return
        succeeded = outcome == "Success"
        if not succeeded:
            _LOG.error("%s: the event %s was given up: %s", event.config.function, event.request_id, outcome)
        destination = event.config.on_success_arn if succeeded else event.config.on_failure_arn
        if destination:
            arn = f"{self._arns[event.config.function]}:{event.config.qualifier}"
            await self._deliver(destination, _record(event, arn, outcome))

    async def _attempt(self, event: _Event) -> str | float:
        """Run the function once. Return its end, in the words of the record, or the seconds until the next attempt."""
        body = json.dumps(event.payload, ensure_ascii=False).encode()
        try:
            async with self._turns:
                event.last = await self._host.invocation(event.config.function, body, request_id=event.request_id)
        except TooManyRequestsException:
            if not self._host.concurrency(event.config.function):
                return "ZeroReservedConcurrency"  # it would never run
            event.throttled += 1
            longer = _FIRST_PAUSE_WHEN_THROTTLED * 2.0 ** (event.throttled - 1)
            return min(longer, _LONGEST_PAUSE_WHEN_THROTTLED) * self._factor
        event.runs += 1
        if not event.last.function_error:
            return "Success"
        if event.runs > event.config.maximum_retry_attempts:
            return "RetriesExhausted"
        return _PAUSES_AFTER_ERRORS[event.runs - 1] * self._factor

    async def _deliver(self, queue_arn: str, record: dict[str, Any]) -> None:
        try:
            url = (await self._sqs.call("GetQueueUrl", QueueName=queue_arn.rpartition(":")[2]))["QueueUrl"]
            text = json.dumps(record, ensure_ascii=False)
            await self._sqs.call("SendMessage", QueueUrl=url, MessageBody=text)
        except (SqsError, OSError, EOFError) as error:
            _LOG.error("%s: a record was not delivered: %s", queue_arn, error)


def _record(event: _Event, function_arn: str, condition: str) -> dict[str, Any]:
    """Return the record that the destination gets."""
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": event.runs,
        },
        "requestPayload": event.payload,
    }
    if event.last:
        record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
        if event.last.function_error:
            record["responseContext"]["functionError"] = event.last.function_error
        record["responsePayload"] = event.last.payload
    return record
