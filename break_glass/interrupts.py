"""Stop on Ctrl-C: at first after what is under way, then at once."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_STEP = 0.2


class Interrupts:
    """Whether the person has asked to stop."""

    def __init__(self, on_stop: Callable[[], None]) -> None:
        """`on_stop` is called at the first Ctrl-C."""
        self._on_stop = on_stop
        self._asked = False

    def asked(self) -> bool:
        """Return whether Ctrl-C was pressed."""
        return self._asked

    def wait(self, seconds: float) -> None:
        """Wait, or until Ctrl-C."""
        ends_at = time.monotonic() + seconds
        while not self._asked and (left := ends_at - time.monotonic()) > 0:
            time.sleep(min(left, _STEP))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take Ctrl-C inside the block. A second one raises KeyboardInterrupt."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            del number, frame
            if self._asked:
                raise KeyboardInterrupt
            self._asked = True
            self._on_stop()

        before = signal.signal(signal.SIGINT, on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
