"""Calendar days and times of day, per organisation. A certification ends on a DATE in the organisation's time zone."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from shared.domain.errors import PermanentError

_DAYTIME = (time(8), time(20))
_MONDAY = 0


class UnknownTimeZoneError(PermanentError):
    """When an organisation's time zone is not a name of the IANA time zone database."""


def local_time(at: datetime, timezone: str) -> datetime:
    """The moment `at` (aware) on the clocks of `timezone`. Raises UnknownTimeZoneError."""
    if at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    try:
        return at.astimezone(_zone(timezone.strip()))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name is a folder of the database
        raise UnknownTimeZoneError("unknown_timezone") from None


@lru_cache
def _zone(name: str) -> ZoneInfo:
    """PostgreSQL takes the name in any case, Python only as it is written."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        known = {zone.casefold(): zone for zone in available_timezones()}
        return ZoneInfo(known.get(name.casefold(), name))


def as_of(scheduled_at: datetime, timezone: str) -> date:
    """The calendar date a run evaluates: that of its *scheduled* time, so a late retry evaluates the same day."""
    return local_time(scheduled_at, timezone).date()


def is_daytime(at: datetime, timezone: str) -> bool:
    """Whether people may be mailed now: 08:00 up to 20:00 on their clocks."""
    return _DAYTIME[0] <= local_time(at, timezone).time() < _DAYTIME[1]


def is_full_scan_day(day: date) -> bool:
    """Return whether the nightly check of `day` reads every mentor, not only those whose data changed.

    Once a week, so that a change that reached the tables past the triggers (a restore, a bulk copy) is found.
    """
    return day.weekday() == _MONDAY
