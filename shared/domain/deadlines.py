"""The deadline of an invocation: how long it may still wait for the outside world (I18)."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a function needs after its last wait to write down how it went, and to return.
_SECONDS_TO_END = 1.0

# One for the process: a container runs one invocation at a time, and that invocation's threads share its time.
_ends_at = math.inf


@contextmanager
def function_ends_in(seconds: float) -> Iterator[None]:
    """Bound every wait inside the block: none lasts until the function is stopped."""
    global _ends_at  # noqa: PLW0603 - see above
    before, _ends_at = _ends_at, time.monotonic() + seconds - _SECONDS_TO_END
    try:
        yield
    finally:
        _ends_at = before


def at_most(seconds: float) -> float:
    """Return `seconds`, or what is left of the function's time if that is less; never below 0."""
    return max(min(seconds, _ends_at - time.monotonic()), 0.0)


def all_but(reserve: float) -> float:
    """Return what is left of the function's time without `reserve` seconds; half of it where that is more.

    It is never 0: in its last second a function must still record what it began.
    """
    left = at_most(math.inf)
    return max(left - reserve, left / 2, _SECONDS_TO_END / 2)
