"""The default event bus of EventBridge, with the rules of a template whose targets are its functions.

Sources in the EventBridge User Guide: "Event structure reference" (the envelope), "Retrying event delivery" and "Using
dead-letter queues to process undelivered events" (https://docs.aws.amazon.com/eventbridge/latest/userguide/
eb-rule-event-delivery.html). A function is invoked asynchronously: the bus tries again only when Lambda does not take
the event, and what a function that fails costs is Lambda's matter (async_invocations.py).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from emulators.lambda_host.errors import HostClosedError, LambdaHostError, TooManyRequestsException
from emulators.lambda_host.template.event_patterns import EventPattern, read_pattern
from emulators.lambda_host.triggers.sqs_client import SqsClient, SqsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import Stack
    from emulators.lambda_host.template.resources import EventRule, RuleTarget
    from emulators.lambda_host.triggers.async_invocations import AsyncInvocations

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


@dataclass(frozen=True)
class BusEvent:
    """An event as its source states it. The bus adds the rest of the envelope."""

    source: str
    detail_type: str
    detail: Mapping[str, object]
    resources: Sequence[str] = ()
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class EventRules:
    """A context manager that delivers events to the functions of the enabled rules that they match.

    `clock_factor` shortens the pauses between attempts and the age of an event. Leave it before `taken` and the host.
    """

    def __init__(
        self, stack: Stack, host: LambdaHost, taken: AsyncInvocations, aws_url: str, *, clock_factor: float = 1.0
    ) -> None:
        self._account = stack.template.account
        self._rules: list[tuple[EventRule, EventPattern]] = [
            (rule, read_pattern(rule.pattern, rule.logical_id)) for rule in stack.template.event_rules if rule.enabled
        ]
        self._host = host
        self._taken = taken
        self._factor = clock_factor
        self._sqs = SqsClient(aws_url, self._account.region)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._closed = False
        self._to_refuse = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._host.run(self._stop()).result()

    def publish(self, event: BusEvent) -> str:
        """Take an event of any source, as a service of AWS puts it on the bus. Return the id that the bus gave it.

        An event that comes after the bus was closed is lost, as one that nobody delivers.
        """
        event_id = str(uuid.uuid4())
        try:
            self._host.run(self._match(self.envelope(event, event_id))).result()
        except HostClosedError:
            _LOG.warning("the event %s came after the end", event_id)
        return event_id

    def envelope(self, event: BusEvent, event_id: str) -> dict[str, Any]:
        """Return the whole event, as a target gets it."""
        return {
            "version": "0",
            "id": event_id,
            "detail-type": event.detail_type,
            "source": event.source,
            "account": self._account.account,
            "time": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._account.region,
            "resources": list(event.resources),
            "detail": event.detail,
        }

    def refuse_deliveries(self, n: int) -> None:
        """Have Lambda refuse the next n deliveries as throttled, as when the account's invocations are used up."""
        self._to_refuse += n

    async def _match(self, event: dict[str, Any]) -> None:
        if self._closed:
            return
        for rule, pattern in self._rules:
            if pattern.matches(event):
                for target in rule.targets:
                    task = asyncio.create_task(self._deliver(rule, target, event))
                    self._deliveries.add(task)
                    task.add_done_callback(self._deliveries.discard)

    async def _stop(self) -> None:
        self._closed = True
        for task in self._deliveries:
            task.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)
        self._sqs.close()

    async def _deliver(self, rule: EventRule, target: RuleTarget, event: dict[str, Any]) -> None:
        ends = time.monotonic() + target.maximum_event_age_seconds * self._factor
        retries = 0
        while True:
            try:
                await self._invoke(target.function, event)
            except HostClosedError:
                return None
            except TooManyRequestsException as error:
                pause = min(_FIRST_PAUSE * 2.0**retries, _LONGEST_PAUSE) * self._factor
                exhausted = (
                    "MaximumRetryAttempts"
                    if retries >= target.maximum_retry_attempts
                    else "MaximumEventAgeInSeconds"
                    if time.monotonic() + pause > ends
                    else None
                )
                if exhausted:
                    return await self._give_up(rule, target, event, _failure("THROTTLING", error, retries, exhausted))
                retries += 1
                await asyncio.sleep(pause)
            except LambdaHostError as error:  # no such function: "events directly to the target DLQ", without a retry
                return await self._give_up(rule, target, event, _failure("NO_RESOURCE", error, retries, None))
            else:
                return None

    async def _invoke(self, function: str, event: dict[str, Any]) -> None:
        if self._to_refuse:
            self._to_refuse -= 1
            raise TooManyRequestsException("Rate exceeded")
        await self._taken.accept(function, event)

    async def _give_up(
        self, rule: EventRule, target: RuleTarget, event: dict[str, Any], failure: dict[str, str]
    ) -> None:
        _LOG.error("%s: the event %s was given up: %s", rule.logical_id, event["id"], failure["ERROR_CODE"])
        if target.dead_letter_arn is None:
            return
        about = failure | {"RULE_ARN": rule.arn, "TARGET_ARN": target.arn}
        try:
            name = target.dead_letter_arn.rpartition(":")[2]
            url = (await self._sqs.call("GetQueueUrl", QueueName=name))["QueueUrl"]
            await self._sqs.call(
                "SendMessage",
                QueueUrl=url,
                MessageBody=json.dumps(event, ensure_ascii=False),
                MessageAttributes={
                    key: {"DataType": "String", "StringValue": value} for key, value in about.items() if value
                },
            )
        except (SqsError, OSError, EOFError) as error:
            _LOG.error("%s: an event was not put away: %s", target.dead_letter_arn, error)


def _failure(code: str, error: Exception, retries: int, exhausted: str | None) -> dict[str, str]:
    """Return what a dead letter says of its failure, in its message attributes."""
    return {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": str(error),
        "EXHAUSTED_RETRY_CONDITION": exhausted or "",
        "RETRY_ATTEMPTS": str(retries),
    }
