"""The event bus of the local stack: what PutEvents or a service puts on it reaches the functions of template.yaml."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulators.lambda_host.triggers.async_invocations import AsyncInvocations
from emulators.lambda_host.triggers.event_rules import EventRules
from emulators.lambda_host.triggers.events_api import EventsApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import Stack


@dataclass(frozen=True)
class EventBus:
    """The rules of the bus, its endpoint, and what takes events for functions, as Lambda does."""

    rules: EventRules
    url: str
    taken: AsyncInvocations


@contextmanager
def event_bus(stack: Stack, host: LambdaHost, aws_url: str) -> Iterator[EventBus]:
    """Yield the bus, and close it in order. Events that are under way then are lost."""
    with (
        AsyncInvocations(stack, host, aws_url) as taken,
        EventRules(stack, host, taken, aws_url) as rules,
        EventsApi(rules) as api,
    ):
        yield EventBus(rules, api.url, taken)
