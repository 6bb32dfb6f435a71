"""Requests that are safe to repeat, repeated a few times where that may help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import WebsiteClosedError, WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

_TRIES = 5
_FIRST_WAIT_SECONDS = 0.25
# A longer Retry-After is for the next run: nothing here is in a hurry, and the function is paid for by the second.
_LONGEST_WAIT_SECONDS = 30.0
# What the repeated request needs of the time that is left.
_LEAST_SECONDS = 5.0


def repeat[Result](
    ask: Callable[[], Result], *, time_left: Callable[[], float], pause: Callable[[float], object]
) -> Result:
    """What `ask` answers, asked again after a WebsiteUnavailableError, and not before a named time is over (I9).

    Raises what the last try raised. `pause` answers something true if the wait was broken off: then nothing follows.
    """
    wait = _FIRST_WAIT_SECONDS
    for tries_left in reversed(range(_TRIES)):
        try:
            return ask()
        except WebsiteUnavailableError as error:
            seconds = error.seconds if isinstance(error, WebsiteClosedError) else wait
            hopeless = seconds > _LONGEST_WAIT_SECONDS or seconds + _LEAST_SECONDS > time_left()
            if not tries_left or hopeless or pause(seconds):
                raise
        wait *= 2
    raise AssertionError("the last try has answered or raised")
