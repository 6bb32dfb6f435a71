"""The choice of an environment: an idle one, or a new one if now is the time to start it.

Lambda starts as many environments at once as there are invocations, each on a machine of its own. On one machine, ten
that start together take ten times as long each, and are ready only after one could have done the work of all. So a
function starts one environment at a time, unless that one takes long; and of fifty invocations that come at once most
are served by the environments that the first few have started.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from emulators.lambda_host.runtime.workers import Worker

_AT_ONCE: Final = os.process_cpu_count() or 1
# The longest wait for another start: that one may be of a function that never gets ready.
_PATIENCE_SECONDS: Final = 1.0
# More starts than this at a time slow each other down until none is ready within Lambda's ten seconds.
_MOST_AT_ONCE: Final = 2 * _AT_ONCE
_LONGEST_SECONDS: Final = 15.0
# The first work of an environment costs as much as a start. Most environments have done it after this time.
_FIRST_WORK_SECONDS: Final = 0.7
_QUICK_SECONDS: Final = 0.1


@dataclass
class _Start:
    """A start under way. `end`: when it no longer counts, once it has its first work."""

    function: str
    end: asyncio.TimerHandle | None = None


class Environments:
    """The idle environments by function, and how many are starting. Used from the host's loop only."""

    def __init__(self) -> None:
        self._idle: defaultdict[str, list[Worker]] = defaultdict(list)
        self._starting: dict[Worker, _Start] = {}
        self._waiting: list[asyncio.Future[None]] = []

    async def take(self, function: str) -> Worker | None:
        """Return the environment of `function` used last, which is the warmest. None: a new one may be started."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            idle = self._idle[function]
            while idle:
                worker = idle.pop()
                if worker.alive:
                    return worker
                await worker.stop()
            waited = loop.time() - began
            if self._may_start(function, waited):
                return None
            change = loop.create_future()
            self._waiting.append(change)
            until = _PATIENCE_SECONDS if waited < _PATIENCE_SECONDS else _LONGEST_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(change, max(0.0, until - waited))

    def give_back(self, function: str, worker: Worker) -> None:
        """Keep the environment as idle."""
        self._idle[function].append(worker)
        self._wake()
        if worker in self._starting:  # its first work is done, and it may now be quick with the waiting rest
            self._count_down(worker, _QUICK_SECONDS)

    def begins(self, function: str, worker: Worker) -> None:
        """Count a start that begins; `started` has to follow, whatever its outcome."""
        self._starting[worker] = _Start(function)

    def started(self, worker: Worker) -> None:
        """Count a start that is over: the environment has its first work."""
        self._count_down(worker, _FIRST_WORK_SECONDS)

    def ended(self, worker: Worker) -> None:
        """Forget an environment that is no more."""
        self._make_room(worker)

    async def stop(self) -> None:
        """End the idle environments."""
        await asyncio.gather(*(worker.stop() for idle in self._idle.values() for worker in idle))

    def _may_start(self, function: str, waited: float) -> bool:
        if waited >= _PATIENCE_SECONDS:
            return len(self._starting) < _MOST_AT_ONCE or waited >= _LONGEST_SECONDS
        starting = self._starting.values()
        return len(starting) < _AT_ONCE and all(start.function != function for start in starting)

    def _count_down(self, worker: Worker, seconds: float) -> None:
        start = self._starting[worker]
        if start.end:
            start.end.cancel()
        start.end = asyncio.get_running_loop().call_later(seconds, self._make_room, worker)

    def _make_room(self, worker: Worker) -> None:
        start = self._starting.pop(worker, None)
        if start and start.end:
            start.end.cancel()
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)
