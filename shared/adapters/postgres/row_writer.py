"""The writing of the website's rows beside their reading: one statement at a time, and few pages that wait for it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

# One page is written while the next is parsed. More would only take memory.
_MOST_UNDER_WAY = 2


class RowWriter:
    """Carries out writes in the order in which they came, in a thread of its own.

    The connection belongs to that thread from `write` until `finish` has returned.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "rows")
        self._under_way: deque[Future[None]] = deque()
        self._error: BaseException | None = None

    def write(self, work: Callable[[], None]) -> None:
        """Have `work` done; wait first if too much is under way already. Raises the first error of any write."""
        self._wait_until_under_way(_MOST_UNDER_WAY - 1)
        self._under_way.append(self._thread.submit(work))

    def finish(self) -> None:
        """Return when everything is done. Raises the first error of any write, and leaves out what came after it."""
        self._wait_until_under_way(0)

    def abandon(self) -> None:
        """Leave out what has not begun, and wait for what has."""
        under_way, self._under_way = self._under_way, deque()
        for one in under_way:
            one.cancel()
        for one in under_way:
            if not one.cancelled():
                one.exception()

    def close(self) -> None:
        """Abandon the rest and end the thread."""
        self.abandon()
        self._thread.shutdown()

    def _wait_until_under_way(self, most: int) -> None:
        """Wait for the oldest. An error is kept, because without that page everything after it is wrong."""
        try:
            while self._error is None and len(self._under_way) > most:
                self._under_way.popleft().result()
        except BaseException as error:
            self._error = error
            self.abandon()
            raise
        if self._error is not None:
            raise self._error
