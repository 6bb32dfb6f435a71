"""The time that the website asks us to wait, and the repetition of a reading after it.

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

# For a 429 that names no time: a tenth of the five minutes over which Dataverse counts requests.
UNNAMED_SECONDS = 30.0

# A longer time is a fault of Dataverse or of a clock. Dataverse counts over five minutes, so even a wait that was
# extended again and again ends well before an hour. One request an hour does no harm; a website that shows an expired
# mentor for days, because of one wrong header, does.
LONGEST_SECONDS = 3600.0

_SHORTEST_SECONDS = 1.0

_TRIES = 5
_FIRST_WAIT_SECONDS = 0.25
# A longer Retry-After is left to the next run: no reading is urgent, and a function is paid for by the second.
_LONGEST_WAIT_SECONDS = 30.0
# The time that the repeated request itself needs.
_LEAST_SECONDS = 5.0

# No date is longer. A number may be, and is read whatever its length.
_LONGEST_DATE = 64


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds in a Retry-After header, given as seconds or as an HTTP date; None if there is none.

    The time is cut at an hour. A header that cannot be read counts as one that names no time. Never raises an error.
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
        # Python returns a time without a zone for "-0000", which means UTC from an unknown zone.
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, TypeError, LookupError, ArithmeticError):  # zone, year or day is out of range
        return math.nan


def repeat[Result](
    ask: Callable[[], Result], *, time_left: Callable[[], float], pause: Callable[[float], object]
) -> Result:
    """Return what `ask` returns. Call it again after a WebsiteUnavailableError, never before a named time is over (I9).

    Raises what the last try raised. `pause` returns a true value if the wait was broken off; then there is no other
    try.
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
    raise AssertionError("the last try has returned or raised")
