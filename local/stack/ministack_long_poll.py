"""Runs ministack with a long poll that ends when a message comes, as that of SQS does.

By itself ministack looks at a queue ten times a second while a ReceiveMessage waits, so a message would lie there for
50 ms on average, and this stack would be slower than the real one. It has a signal for all work that arrives in queues;
here its waiting listens to that. What becomes visible by the clock alone (a delay, a visibility timeout) is still seen
within 100 ms.

Run as a program of its own: `python -P prompt_aws.py`, with ministack's variables.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import ModuleType
from typing import override

from ministack.core import concurrency


class Arrival(threading.Event):
    """ministack's signal that work arrived, which also ends the pauses of those who wait for messages."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[asyncio.Future[None]] = set()

    @override
    def set(self) -> None:
        super().set()
        for waiter in tuple(self._waiting):
            waiter.get_loop().call_soon_threadsafe(_end, waiter)

    async def pause(self, seconds: float) -> None:
        """Like asyncio.sleep, but over as soon as work arrives."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(waiter, seconds)
        finally:
            self._waiting.discard(waiter)


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def main() -> None:
    """Serve until stopped."""
    arrival = Arrival()
    concurrency.esm_wake = arrival  # before the services are imported: each takes the name for itself
    from ministack import app  # noqa: PLC0415
    from ministack.services import sqs  # noqa: PLC0415

    patient = ModuleType("asyncio")
    patient.__dict__.update(asyncio.__dict__)
    patient.__dict__["sleep"] = arrival.pause
    sqs.asyncio = patient
    app.main()


if __name__ == "__main__":
    main()
