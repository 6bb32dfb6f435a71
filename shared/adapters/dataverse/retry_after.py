"""How long the website asks us to wait, and how a reading is repeated after it.

RFC 9110, 10.2.3; "Service protection API limits" of Dataverse.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from shared.domain.errors import WebsiteBackoffError, WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

# For a 429 that names no time: a tenth of the five minutes in which Dataverse counts.
UNNAMED_SECONDS = 30.0

# Longer is a fault of theirs or a clock gone wrong: Dataverse counts over five minutes, so even a wait that was
# extended again and again ends well before an hour. One request an hour harms nobody; a website that keeps showing
# an expired mentor for days, because of one wrong header, does.
LONGEST_SECONDS = 3600.0

_SHORTEST_SECONDS = 1.0

_TRIES = 5
_FIRST_WAIT_SECONDS = 0.25
# A longer Retry-After is for the next run: nothing here is in a hurry, and the function is paid for by the second.
_LONGEST_WAIT_SECONDS = 30.0
# What the repeated request needs of the time that is left.
_LEAST_SECONDS = 5.0

# No date takes more; a number may, and is read whatever its length.
_LONGEST_DATE = 64


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """The seconds in a Retry-After header, given as seconds or as an HTTP date; None if there is none.

    All of it, up to an hour. What cannot be read counts as a time that was not named. Raises nothing.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _until(value.strip(), now or datetime.now(UTC))
    if math.isnan(seconds):
        return UNNAMED_SECONDS
    return min(max(seconds, _SHORTEST_SECONDS), LONGEST_SECONDS)


def _until(value: str, now: datetime) -> float:
    if len(value) > _LONGEST_DATE:
        return math.nan
    try:
        at = parsedate_to_datetime(value)
        # "-0000" is a time in UTC of unknown origin, which Python takes for a local one.
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, LookupError, ArithmeticError):  # the zone, the year or the day is beyond all bounds
        return math.nan


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
            seconds = error.seconds if isinstance(error, WebsiteBackoffError) else wait
            hopeless = seconds > _LONGEST_WAIT_SECONDS or seconds + _LEAST_SECONDS > time_left()
            if not tries_left or hopeless or pause(seconds):
                raise
        wait *= 2
    raise AssertionError("the last try has answered or raised")
