"""The writing of the website's rows beside their reading: one statement at a time, and few pages that wait for it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

# One page is written while the next is parsed. More would only take memory.
_MOST_WAITING = 2


class RowWriter:
    """Carries out writes in the order in which they came, in a thread of its own.

    The connection belongs to that thread from `write` until `finish` has returned.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "rows")
        self._waiting: deque[Future[None]] = deque()

    def write(self, work: Callable[[], None]) -> None:
        """Have `work` done; wait first if too much of it waits already. Raises the error of an earlier write."""
        while len(self._waiting) >= _MOST_WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(work))

    def finish(self) -> None:
        """Return when everything is done. Raises the first error; what came after it is left out."""
        try:
            while self._waiting:
                self._waiting.popleft().result()
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Leave out what has not begun, and wait for what has."""
        waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if not one.cancel():
                one.exception()

    def close(self) -> None:
        """Abandon the rest and end the thread."""
        self.abandon()
        self._thread.shutdown()
