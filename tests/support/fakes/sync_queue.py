"""A queue in memory. tests/integration/conformance/test_sync_queue.py holds it to SqsSyncQueue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.errors import QueueUnavailableError
from shared.domain.listings import SyncMessage
from shared.domain.sync_messages import parse, write
from tests.support.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shared.domain.listings import SyncRequest

_VISIBILITY_SECONDS = 360.0


@dataclass(slots=True)
class _Message:
    number: int
    body: str
    visible_at: float = 0.0
    receives: int = 0

    @property
    def handle(self) -> str:
        """Of its last delivery; each has a handle of its own."""
        return f"{self.number}-{self.receives}"


class FakeSyncQueue:
    """shared.ports.SyncQueue, and the means to receive from it."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self._clock = clock or FakeClock()
        self._messages: list[_Message] = []
        self.requests: list[SyncRequest] = []
        """Every request that was sent."""
        self.returned: dict[str, float] = {}
        """Seconds by receipt handle, of every message that was returned."""
        self.away: str | None = None
        """The code with which the queue refuses what is sent."""

    def send(self, requests: Iterable[SyncRequest]) -> None:
        wanted = list(requests)
        if not wanted:
            return
        if self.away is not None:
            raise QueueUnavailableError(self.away)
        self.requests += wanted
        self._messages += [_Message(len(self._messages) + number, body) for number, body in enumerate(write(wanted))]

    def return_later(self, seconds: Mapping[str, float]) -> None:
        self.returned |= seconds
        for message in self._messages:
            if message.handle in seconds and self.away is None:
                message.visible_at = self._clock.now + seconds[message.handle]

    def receive(self) -> list[SyncMessage]:
        """Deliver every message that is visible; it comes again after six minutes, or when it was asked to."""
        visible = [message for message in self._messages if message.visible_at <= self._clock.now]
        for message in visible:
            message.receives += 1
            message.visible_at = self._clock.now + _VISIBILITY_SECONDS
        return [
            SyncMessage(str(message.number), message.handle, message.receives, parse(message.body))
            for message in visible
        ]

    def delete(self, message_id: str) -> None:
        """Take a message out of the queue, as Lambda does with what a function has not given back."""
        self._messages = [message for message in self._messages if str(message.number) != message_id]
