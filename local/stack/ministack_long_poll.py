"""Run ministack with a long poll that ends when a message comes, like that of SQS.

While a ReceiveMessage waits, ministack itself checks a queue ten times a second. A message would wait 50 ms on average,
and this stack would be slower than the real one. ministack has a signal for all work that arrives in queues; here its
waiting listens to that signal. A message that becomes visible by the clock alone (a delay, a visibility timeout) is
still found within 100 ms.

Run as a separate program: `python -P ministack_long_poll.py`, with ministack's variables.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from types import ModuleType
from typing import override

from ministack.core import concurrency


class Arrival(threading.Event):
    """ministack's signal that work has arrived. It also ends the pauses of requests that wait for messages."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[asyncio.Future[None]] = set()

    @override
    def set(self) -> None:
        super().set()
        for waiter in tuple(self._waiting):
            waiter.get_loop().call_soon_threadsafe(_end, waiter)

    async def pause(self, seconds: float) -> None:
        """Sleep like asyncio.sleep, but end as soon as work arrives."""
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
    concurrency.esm_wake = arrival  # before the services are imported, because each of them copies the name
    from ministack import app  # noqa: PLC0415
    from ministack.services import sqs  # noqa: PLC0415

    patient = ModuleType("asyncio")
    patient.__dict__.update(asyncio.__dict__)
    patient.__dict__["sleep"] = arrival.pause
    sqs.asyncio = patient
    app.main()


if __name__ == "__main__":
    main()
